/** What is too full whatever the verdicts say. Crossed at the threshold, over only well below it. Pure but for what stands. */

import { privateMemory } from '../model/gauge.ts';
import type { Concern, Severity } from '../model/incident.ts';
import { isValue, type Reading } from '../model/reading.ts';
import type { ThresholdSettings } from '../model/settings.ts';
import { formatBytes, formatPercent } from '../model/units.ts';
import type { Scan } from '../sample/scan.ts';

/** Over when it has fallen below this part of the threshold. */
const overBelow = 0.95;
const criticalRatio = 0.97;
const maxConcerns = 100;

export class Thresholds {
  #standing = new Map<string, Concern>();

  look({ host, workloads, processes, timeMs }: Scan, settings: ThresholdSettings): Concern[] {
    const before = this.#standing;
    this.#standing = new Map();
    const watch = (measure: Measure) => this.#watch(before, measure, timeMs);
    const ofHost = { subjectId: null, subjectName: 'the server' };
    const fullText = (what: string) => (ratio: number) => `${what} ${formatPercent(ratio)} full`;
    watch({
      ...ofHost,
      key: 'threshold-memory',
      ratio: used(host.memAvailableBytes, host.memTotalBytes),
      limit: settings.memoryRatio,
      text: fullText('memory is'),
    });
    watch({
      ...ofHost,
      key: 'threshold-swap',
      ratio: used(host.swapFreeBytes, host.swapTotalBytes),
      limit: settings.swapRatio,
      text: fullText('swap is'),
    });
    // Nearly none comes near: no more than a comparison is spent on the others, in each scan.
    const { workloadBytes, fdsRatio } = settings;
    for (const { subject, sample } of workloads) {
      const bytes = privateMemory(sample);
      if (workloadBytes === null || !(bytes >= workloadBytes * overBelow)) continue;
      watch({
        subjectId: subject.id,
        subjectName: subject.name,
        key: 'threshold-workload',
        ratio: bytes / workloadBytes,
        limit: 1,
        text: () => `it holds ${formatBytes(bytes)}`,
        most: 'warning',
      });
    }
    for (const { subject, sample } of processes) {
      const { fds, fdLimit } = sample;
      if (fdsRatio === null || !isValue(fds) || !isValue(fdLimit) || fds < fdLimit * fdsRatio * overBelow) continue;
      const subjectId = subject.workloadId ?? subject.id;
      watch({
        subjectId,
        subjectName: workloads.find((workload) => workload.subject.id === subjectId)?.subject.name ?? subject.name,
        key: 'threshold-fds',
        ratio: fds / fdLimit,
        limit: fdsRatio,
        text: () => `a process has ${fds} of at most ${fdLimit} files open`,
      });
    }
    return [...this.#standing.values()].slice(0, maxConcerns);
  }

  #watch(
    before: Map<string, Concern>,
    { subjectId, subjectName, key, ratio, limit, text, most = 'critical' }: Measure,
    timeMs: number,
  ): void {
    const id = `${key} ${subjectId}`;
    const standing = before.get(id);
    if (limit === null || !(ratio >= (standing === undefined ? limit : limit * overBelow))) return;
    const severity: Severity = ratio >= criticalRatio ? most : 'warning';
    const known = this.#standing.get(id);
    if (known !== undefined && known.severity === 'critical') return;
    this.#standing.set(id, { key, subjectId, subjectName, severity, sinceMs: standing?.sinceMs ?? timeMs, text: text(ratio) });
  }
}

interface Measure {
  key: string;
  subjectId: string | null;
  subjectName: string;
  /** NaN: not known. */
  ratio: number;
  limit: number | null;
  text: (ratio: number) => string;
  most?: Severity;
}

function used(free: Reading<number>, total: Reading<number>): number {
  return isValue(free) && isValue(total) && total > 0 ? 1 - free / total : Number.NaN;
}
