/** All advice on one workload: measurements in, recommendations with their arithmetic out. Pure. */
import type { Advice, Recommendation, RuntimeName } from '../model/advice.ts';
import { formatBytes, formatDuration } from '../model/units.ts';
import type { Measurements } from './measurements.ts';
import { leastHistoryMs, memoryLimit, memoryLimits } from './memoryLimit.ts';
import { openFilesLimit } from './openFilesLimit.ts';
import { apache } from './recyclers/apache.ts';
import { gunicorn } from './recyclers/gunicorn.ts';
import { phpFpm } from './recyclers/phpFpm.ts';
import { pm2 } from './recyclers/pm2.ts';
import { systemdService } from './recyclers/systemdService.ts';
import { uwsgi } from './recyclers/uwsgi.ts';
import { go } from './runtimes/go.ts';
import { jvm } from './runtimes/jvm.ts';
import { malloc } from './runtimes/malloc.ts';
import { node } from './runtimes/node.ts';
import { php } from './runtimes/php.ts';
import { tasksMax } from './tasksMax.ts';

type Adviser = (measured: Measurements) => Recommendation | null | Recommendation[];

/** In the order they are shown in: what keeps the server up first. */
const general: readonly Adviser[] = [memoryLimit, phpFpm, apache, gunicorn, uwsgi, pm2, systemdService];
const last: readonly Adviser[] = [openFilesLimit, tasksMax];
const runtimes: Record<RuntimeName, readonly Adviser[]> = {
  node: [node],
  jvm: [jvm, malloc],
  go: [go],
  php: [php],
  python: [malloc],
  native: [malloc],
};

export function advise(measured: Measurements): Advice {
  const { subject, unit, runtime } = measured;
  // What has no limit and does not leak needs no settings of its runtime either.
  const isBounded = unit !== null || measured.basis.leaks.memory !== null;
  const advisers = [...general, ...(runtime === null || !isBounded ? [] : runtimes[runtime]), ...last];
  return {
    subjectId: subject.id,
    subjectName: subject.name,
    unit: unit?.name ?? null,
    runtime,
    measured: measuredSentence(measured),
    recommendations: advisers.flatMap((adviser) => adviser(measured) ?? []),
    basis: measured.basis,
    unknown: unknownOf(measured),
  };
}

function measuredSentence(measured: Measurements): string {
  const { privateBytes, processes, basis } = measured;
  const leak = measured.basis.leaks.memory;
  const judged = leak !== null ? `${basis.verdict}, ${formatBytes(leak.perHour)}/h` : (basis.class ?? 'not judged yet');
  const count = processes.count === 1 ? 'one process' : `${processes.count} processes`;
  return `${formatBytes(privateBytes)} in ${count}; ${judged}; ${formatDuration(basis.historyMs)} of history`;
}

function unknownOf(measured: Measurements): string[] {
  const { unit, basis, processes, runtime, heap } = measured;
  const { historyMs, requestsPerHour } = basis;
  const unknown: string[] = [];
  const isYoung = historyMs < leastHistoryMs;
  if (isYoung) unknown.push(`Only ${formatDuration(historyMs)} of history: too little for limits. Ask again after a busy day.`);
  if (unit === null) unknown.push('It does not run in one systemd service of its own: limits of systemd cannot be set for it.');
  if (basis.leaks.memory !== null && memoryLimits(measured) === null) {
    unknown.push('It leaked from the start of what is known, so what it needs without the leak is not known. Ask again after a restart.');
  }
  if (measured.basis.leaks.memory !== null && requestsPerHour === null && processes.count > 1) {
    unknown.push('Requests an hour: stanch does not count them. From the access log: stanch advise NAME --requests-per-hour N');
  }
  if (runtime === null) unknown.push('Its runtime: this account may not look. Run the daemon as root.');
  else if (heap === null) unknown.push('Its arenas: this account may not read its memory map. Run the daemon as root.');
  return unknown;
}
