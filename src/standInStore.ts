/** In memory, until the store on disk is there. */
import { existsSync, mkdirSync } from 'node:fs';
import type { Finding } from './model/finding.ts';
import type { Gauge, Sample } from './model/gauge.ts';
import { valueOrNaN } from './model/reading.ts';
import type { Subject } from './model/subject.ts';
import type { Points, SeriesStore } from './series/store.ts';

export function openStore({ dir }: { dir: string; retention: unknown }): SeriesStore {
  if (!existsSync(dir)) mkdirSync(dir, { recursive: true, mode: 0o700 });
  const subjects = new Map<string, { subject: Subject; firstSeenMs: number; lastSeenMs: number }>();
  const samples = new Map<string, Sample[]>();
  const findings = new Map<string, Finding>();
  return {
    putSubject: (subject, seenMs) => {
      subjects.set(subject.id, { subject, firstSeenMs: subjects.get(subject.id)?.firstSeenMs ?? seenMs, lastSeenMs: seenMs });
    },
    subjects: () => [...subjects.values()],
    append: (_timeMs, rows) => {
      for (const { subjectId, sample } of rows) {
        const list = samples.get(subjectId) ?? [];
        samples.set(subjectId, list);
        list.push({ ...sample });
        if (list.length > 500) list.shift();
      }
    },
    read: (subjectId: string, gauge: Gauge, fromMs: number, toMs: number, maxPoints: number): Points => {
      const list = (samples.get(subjectId) ?? []).filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs).slice(-maxPoints);
      const values = Float64Array.from(list, (sample) => valueOrNaN(sample[gauge]));
      return { timeMs: Float64Array.from(list, ({ timeMs }) => timeMs), min: values, mean: values, max: values, last: values, bucketMs: 0 };
    },
    replay: () => [],
    putState: () => undefined,
    states: () => [],
    putFinding: (finding) => findings.set(finding.id, finding),
    findings: ({ sinceMs = 0, limit = 100 }) =>
      [...findings.values()]
        .filter(({ lastSeenMs }) => lastSeenMs >= sinceMs)
        .sort((a, b) => b.lastSeenMs - a.lastSeenMs)
        .slice(0, limit),
    maintain: () => false,
    health: () => ({ mode: 'disk', reason: null, bytes: 0, setAside: [] }),
    close: () => undefined,
  };
}
