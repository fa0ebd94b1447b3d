/** `/api/v1/status`: what leaks, what is suspected, how the host stands, what stanch costs; and the tick of the live stream. */
import { valueOrNull } from '../model/reading.ts';
import type { SubjectVerdict, VerdictWord } from '../model/verdict.ts';
import { conditionPart } from './condition.ts';
import { hostPart } from './host.ts';
import { recentKills } from './kills.ts';
import { hostingOf } from './rows.ts';
import type { StatusDocument, TickDocument } from './schema.ts';
import type { LiveSource } from './source.ts';
import { listedVerdict, summarise, workloadsByConcern } from './verdictView.ts';

/** `limit`: how many of the workloads are in it. */
export function statusDocument(source: LiveSource, limit: number): StatusDocument {
  const scan = source.scan();
  const concerns = workloadsByConcern(source);
  const subjects = concerns.map(({ verdict }) => verdict);
  const cost = source.ownCost();
  const pace = source.pace();
  const { budget, intervalMs: wantedIntervalMs } = source.settings();
  const health = source.store.health();
  return {
    schema: 'stanch.status/1',
    time: new Date(scan.timeMs).toISOString(),
    version: source.version,
    intervalMs: pace.intervalMs,
    summary: summarise(subjects, scan.timeMs),
    host: hostPart(source),
    ...countsOf(subjects),
    subjects: concerns.slice(0, limit).map(({ workload, verdict }) => ({ ...listedVerdict(verdict), ...hostingOf(workload.subject) })),
    condition: conditionPart(source),
    kills: recentKills(source),
    notices: source.notices().map(({ code, text, sinceMs }) => ({ code, text, since: new Date(sinceMs).toISOString() })),
    self: {
      cpuRatio: valueOrNull(cost.cpuRatio),
      rssBytes: cost.rssBytes,
      readsPerSecond: valueOrNull(cost.readsPerSecond),
      budget: { ...budget, wantedIntervalMs, looksCloser: pace.looksCloser },
      fds: valueOrNull(cost.fds),
      scanMs: source.scanMs(),
      processSource: source.processSource(),
      processCount: scan.processes.length,
      workloadCount: scan.workloads.length,
      storeBytes: health.bytes,
      storeMode: health.mode,
    },
  };
}

export function tickDocument(source: LiveSource): TickDocument {
  const scan = source.scan();
  const subjects = workloadsByConcern(source).map(({ verdict }) => verdict);
  const { leakCount, suspectCount } = countsOf(subjects);
  return {
    schema: 'stanch.tick/1',
    time: new Date(scan.timeMs).toISOString(),
    summary: summarise(subjects, scan.timeMs),
    leakCount,
    suspectCount,
    processCount: scan.processes.length,
    memAvailableBytes: valueOrNull(scan.host.memAvailableBytes),
    swapFreeBytes: valueOrNull(scan.host.swapFreeBytes),
    verdictRevision: source.verdictRevision(),
  };
}

function countsOf(verdicts: readonly SubjectVerdict[]): Pick<StatusDocument, 'leakCount' | 'suspectCount' | 'undecidedCount'> {
  const count = (word: VerdictWord) => verdicts.filter(({ verdict }) => verdict === word).length;
  return { leakCount: count('leak'), suspectCount: count('suspect'), undecidedCount: count('undecided') };
}
