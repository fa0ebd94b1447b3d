/** The last resort: it is gone, and what it had not saved with it. */
import type { PlannedStep } from '../../model/action.ts';
import { formatBytes } from '../../model/units.ts';
import { carriesStanch } from '../carriesStanch.ts';
import { endedOneByOne } from '../managers/ended.ts';
import { notPossible, type Planner, planOf } from './plan.ts';

export const kill: Planner = (target, { graceMs, hasSystemd }) => {
  if (carriesStanch(target.processes)) {
    throw notPossible('a workload that may be ended', 'one that the server or stanch itself runs by', 'Choose another.');
  }
  const whole = hasSystemd && target.unit !== null && target.sharesUnitWith.length === 0;
  const steps: PlannedStep[] =
    whole && target.unit !== null
      ? [{ step: { do: 'unit', verb: 'stop', unit: target.unit }, text: `stop ${target.unit}: it stays stopped` }]
      : endedOneByOne(target, 'SIGTERM', graceMs);
  return planOf(target, {
    kind: 'kill',
    reason: `That gives back about ${formatBytes(target.privateBytes)}, and ${target.subject.name} is gone.`,
    steps,
    risk: whole
      ? `Nothing starts it again but: systemctl start ${target.unit}`
      : 'What it had not saved is lost; whoever keeps it running may start it again.',
    undoable: false,
    expectedBytes: target.privateBytes,
  });
};
