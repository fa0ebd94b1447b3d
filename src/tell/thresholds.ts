/**
 * What is too full whatever the verdicts say. Crossed at the threshold, over only when it has been well below it for a while: what goes up
 * and down around it is one incident, not one with each garbage collection. Pure but for what stands.
 */

import { privateMemory } from '../model/gauge.ts';
import type { Concern, Severity } from '../model/incident.ts';
import { isValue, type Reading } from '../model/reading.ts';
import type { ThresholdSettings } from '../model/settings.ts';
import { formatBytes, formatPercent } from '../model/units.ts';
import type { Scan } from '../sample/scan.ts';

/** Over when it has fallen below this part of the threshold. */
const overBelow = 0.95;
const overAfterMs = 300_000;
const criticalRatio = 0.97;
const maxConcerns = 100;

interface Standing {
  concern: Concern & { key: keyof typeof settingOf };
  /** When it was last seen near the threshold or above. */
  seenMs: number;
}

export class Thresholds {
  #standing = new Map<string, Standing>();

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
    const fullest = new Map<string, { subjectName: string; fds: number; fdLimit: number }>();
    for (const { subject, sample } of processes) {
      const { fds, fdLimit } = sample;
      if (fdsRatio === null || !isValue(fds) || !isValue(fdLimit) || fds < fdLimit * fdsRatio * overBelow) continue;
      const subjectId = subject.workloadId ?? subject.id;
      const before = fullest.get(subjectId);
      if (before !== undefined && before.fds / before.fdLimit >= fds / fdLimit) continue;
      const subjectName = workloads.find((workload) => workload.subject.id === subjectId)?.subject.name ?? subject.name;
      fullest.set(subjectId, { subjectName, fds, fdLimit });
    }
    for (const [subjectId, { subjectName, fds, fdLimit }] of fullest) {
      const text = () => `a process has ${fds} of at most ${fdLimit} files open`;
      watch({ subjectId, subjectName, key: 'threshold-fds', ratio: fds / fdLimit, limit: fdsRatio, text });
    }
    this.#keepLately(before, settings, workloads, timeMs);
    return Array.from(this.#standing.values(), ({ concern }) => concern).slice(0, maxConcerns);
  }

  /** What was seen near its threshold lately still stands, unless it is gone or nobody asks for it any more. */
  #keepLately(before: ReadonlyMap<string, Standing>, settings: ThresholdSettings, workloads: Scan['workloads'], timeMs: number): void {
    for (const [id, standing] of before) {
      const { key, subjectId } = standing.concern;
      const isThere = subjectId === null || workloads.some(({ subject }) => subject.id === subjectId);
      if (this.#standing.has(id) || !isThere || timeMs - standing.seenMs >= overAfterMs || settings[settingOf[key]] === null) continue;
      this.#standing.set(id, standing);
    }
  }

  #watch(
    before: ReadonlyMap<string, Standing>,
    { subjectId, subjectName, key, ratio, limit, text, most = 'critical' }: Measure,
    timeMs: number,
  ): void {
    const id = `${key} ${subjectId}`;
    const sinceMs = before.get(id)?.concern.sinceMs;
    if (limit === null || !(ratio >= (sinceMs === undefined ? limit : limit * overBelow))) return;
    const severity: Severity = ratio >= criticalRatio ? most : 'warning';
    const concern = { key, subjectId, subjectName, severity, sinceMs: sinceMs ?? timeMs, text: text(ratio) };
    this.#standing.set(id, { concern, seenMs: timeMs });
  }
}

const settingOf = {
  'threshold-memory': 'memoryRatio',
  'threshold-swap': 'swapRatio',
  'threshold-fds': 'fdsRatio',
  'threshold-workload': 'workloadBytes',
} as const satisfies Record<string, keyof ThresholdSettings>;

interface Measure {
  key: keyof typeof settingOf;
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
