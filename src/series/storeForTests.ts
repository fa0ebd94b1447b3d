import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Finding } from '../model/finding.ts';
import { emptySample, type Sample } from '../model/gauge.ts';
import type { Subject } from '../model/subject.ts';
import type { SeriesStore } from './store.ts';

export const startMs: number = Date.parse('2026-03-01T00:00:00Z');
export const day: number = 24 * 60 * 60_000;
export const hour: number = 60 * 60_000;
export const minute = 60_000;
export const keepAll = { maxAgeMs: 180 * day, maxBytes: 1024 * 1024 * 1024 };

/** A folder that is gone after the test. */
export function folderFor(test: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-store-'));
  test.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function sampleAt(timeMs: number, readings: Partial<Sample> = {}): Sample {
  return {
    ...emptySample(timeMs),
    anonBytes: 100 * 4096,
    swapBytes: 0,
    fileBytes: 50 * 4096,
    fds: 12,
    threads: 4,
    processes: 1,
    cpuSeconds: 1.25,
    startTimeMs: startMs,
    fdLimit: 1024,
    ...readings,
  };
}

export function workload(id: string): Subject {
  return { id, kind: 'workload', name: `${id}.service`, origin: 'systemd-unit', user: 'www-data', account: 'alice', domain: 'example.com' };
}

export function processOf(id: string, workloadId = 'w-all'): Subject {
  return { id, kind: 'process', name: `node ${id}`, workloadId };
}

/** Appends `count` ticks of one subject; `readings` says what differs from the usual sample. */
export function appendTicks(
  store: SeriesStore,
  subject: Subject,
  ticks: { fromMs: number; count: number; intervalMs: number },
  readings: (index: number) => Partial<Sample> = () => ({}),
): void {
  store.putSubject(subject, ticks.fromMs);
  for (let index = 0; index < ticks.count; index += 1) {
    const timeMs = ticks.fromMs + index * ticks.intervalMs;
    store.append(timeMs, [{ subjectId: subject.id, sample: sampleAt(timeMs, readings(index)) }]);
    store.maintain(timeMs);
  }
}

/** Does all that `maintain` has to do. */
export function settle(store: SeriesStore, nowMs: number): void {
  for (let slice = 0; slice < 100_000 && store.maintain(nowMs); slice += 1);
}

export function findingOf(id: string, lastSeenMs: number): Finding {
  return {
    id,
    subjectId: 'w-1',
    subjectName: 'one.service',
    state: 'confirmed',
    stateSinceMs: lastSeenMs,
    firstSeenMs: lastSeenMs - hour,
    lastSeenMs,
    verdict: {
      resource: 'memory',
      verdict: 'leak',
      class: 'leak',
      probability: 0.99,
      onset: null,
      detectedAt: null,
      slope: { perHour: 1, low: 0.5, high: 2, unit: 'bytes' },
      exhaustion: null,
      urgency: { level: 'watch', text: 'months' },
      reasons: [{ rule: 'floor-rises', for: 'leak', text: 'floor rises by 1 B/h' }],
    },
  };
}
