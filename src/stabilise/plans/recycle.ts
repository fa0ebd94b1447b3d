/** One worker after the other, the largest first, while the others go on serving. */
import { hears, readPidSignals } from '../../kernel/pidSignals.ts';
import type { PlannedStep } from '../../model/action.ts';
import { isValue } from '../../model/reading.ts';
import { formatBytes } from '../../model/units.ts';
import { recycling } from '../managers/recycling.ts';
import { notPossible, type Planner, planOf } from './plan.ts';

const mostAtOnce = 64;

/** Asked, it would go on, and be killed after the grace with all that it serves. What is not known counts as no. */
function isDeaf(pid: number, signal: NodeJS.Signals): boolean {
  const signals = readPidSignals(pid);
  return isValue(signals) && !hears(signals, signal);
}

export const recycle: Planner = (target, { graceMs }) => {
  const kind = recycling(target);
  if (kind === null) {
    throw notPossible(
      `${target.subject.name} to have workers that a master starts anew`,
      'none of those that are known: PHP-FPM, Apache, gunicorn, uWSGI',
      'stanch do restart gives back all of its memory at once.',
    );
  }
  const workers = kind.workers.slice(0, mostAtOnce);
  if (workers.some(({ id }) => isDeaf(id.pid, kind.signal))) {
    throw notPossible(
      `workers that end after what they are at when they get ${kind.signal}`,
      'that they do not listen to it, as those of Apache with threads',
      'stanch do restart replaces all of them, as gently as their master can.',
    );
  }
  const steps = workers.map(
    ({ id, privateBytes }): PlannedStep => ({
      step: { do: 'end', process: id, signal: kind.signal, graceMs },
      text: `${kind.signal} to worker ${id.pid} (${formatBytes(privateBytes)}): ${kind.meaning}`,
    }),
  );
  const expectedBytes = workers.reduce((sum, { privateBytes }) => sum + privateBytes, 0);
  return planOf(target, {
    kind: 'recycle',
    reason: `${workers.length} workers are replaced one after the other: about ${formatBytes(expectedBytes)} come back.`,
    steps,
    risk: `A request that takes longer than ${graceMs / 1000} s is cut off.`,
    undoable: false,
    expectedBytes,
  });
};
