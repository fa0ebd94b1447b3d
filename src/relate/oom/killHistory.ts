/** What the store knows of the time before a kill: for each workload what it had and what it came to. */
import type { Subject } from '../../model/subject.ts';
import type { Points, SeriesStore } from '../../series/store.ts';
import type { WorkloadBefore } from './postMortem.ts';

/** Growth is looked at over this long before the kill. */
const lookBackMs = 24 * 3_600_000;
/** A workload that was not seen in this time before the kill had ended before. */
const stillThereMs = 15 * 60_000;
const points = 300;
const maxWorkloads = 1000;

export interface HistorySource {
  store: Pick<SeriesStore, 'read' | 'subjects' | 'states' | 'putState'>;
  isLeaking(subjectId: string): boolean;
}

/** Yields after each workload, so that nothing waits for it. Returns all that were there at the kill. */
export function* readWorkloadsBefore(atMs: number, source: HistorySource): Generator<void, WorkloadBefore[], void> {
  const found: WorkloadBefore[] = [];
  const known = source.store
    .subjects()
    .filter(
      ({ subject, firstSeenMs, lastSeenMs }) => subject.kind === 'workload' && firstSeenMs <= atMs && lastSeenMs >= atMs - stillThereMs,
    );
  for (const { subject } of known.slice(0, maxWorkloads)) {
    const before = workloadBefore(subject, atMs, source);
    if (before !== null) found.push(before);
    yield;
  }
  return found;
}

function workloadBefore(subject: Subject, atMs: number, { store, isLeaking }: HistorySource): WorkloadBefore | null {
  const read = (gauge: 'anonBytes' | 'swapBytes' | 'processes') => store.read(subject.id, gauge, atMs - lookBackMs, atMs, points);
  const anon = read('anonBytes');
  const seen = Array.from(anon.timeMs.keys()).filter((index) => Number.isFinite(anon.last[index]));
  const [first, last] = [seen[0], seen.at(-1)];
  if (first === undefined || last === undefined) return null;
  const [fromMs = 0, toMs = 0] = [anon.timeMs[first], anon.timeMs[last]];
  if (atMs - toMs > stillThereMs) return null;
  const swap = read('swapBytes');
  return {
    subjectId: subject.id,
    name: subject.name,
    unit: subject.origin === 'systemd-unit' ? subject.name : null,
    startBytes: (anon.min[first] ?? 0) + valueAt(swap, 'min', fromMs),
    endBytes: (anon.last[last] ?? 0) + valueAt(swap, 'last', toMs),
    overMs: toMs - fromMs,
    processes: read('processes').last.findLast(Number.isFinite) ?? null,
    isLeaking: isLeaking(subject.id),
  };
}

/** The point nearest to a moment; swap that was not read is none. */
function valueAt(series: Points, column: 'min' | 'last', atMs: number): number {
  let nearest = 0;
  let distanceMs = Number.POSITIVE_INFINITY;
  for (const [index, timeMs] of series.timeMs.entries()) {
    const value = series[column][index] ?? Number.NaN;
    if (!Number.isFinite(value) || Math.abs(timeMs - atMs) >= distanceMs) continue;
    nearest = value;
    distanceMs = Math.abs(timeMs - atMs);
  }
  return nearest;
}
