import type { Finding } from '../model/finding.ts';
import type { Gauge, Sample } from '../model/gauge.ts';
import type { Subject } from '../model/subject.ts';

/** One gauge of one subject over time, in buckets: parallel arrays, NaN where nothing was read. */
export interface Points {
  /** Start of each bucket, ms since the epoch. */
  timeMs: Float64Array;
  /** The floor: smallest value in the bucket. It survives down-sampling. */
  min: Float64Array;
  mean: Float64Array;
  max: Float64Array;
  last: Float64Array;
  /** Width of a bucket; 0 when each point is one sample. */
  bucketMs: number;
}

export interface StoreHealth {
  /** `memory` when the disk is full or the folder can't be written: sampling goes on, history is not kept. */
  mode: 'disk' | 'memory';
  /** Starts with its code of the catalogue; null on disk. */
  reason: string | null;
  /** Size of the folder, as of the last look. */
  bytes: number;
  /** Corrupt files that were set aside, by name. */
  setAside: string[];
}

/**
 * The embedded store: samples with down-sampling, findings, and the state of the detector's windows, in one folder.
 * Synchronous, for a single writer. `append` is one tick of the scan and is on disk when it returns (no fsync):
 * kill -9 loses at most what was not yet appended.
 */
export interface SeriesStore {
  putSubject(subject: Subject, seenMs: number): void;
  subjects(): { subject: Subject; firstSeenMs: number; lastSeenMs: number }[];
  /** All samples of one tick. */
  append(timeMs: number, rows: Iterable<{ subjectId: string; sample: Sample }>): void;
  /** Reads from the finest tier that covers the range, both ends included, with at most `maxPoints` points in time order. */
  read(subjectId: string, gauge: Gauge, fromMs: number, toMs: number, maxPoints: number): Points;
  /** Full samples after `fromMs`, in the order they were appended, as far as the fine tier reaches: to catch windows up after a restart. */
  replay(fromMs: number): Iterable<{ subjectId: string; sample: Sample }>;
  /** Opaque state of one subject's windows as of `timeMs`. */
  putState(subjectId: string, timeMs: number, bytes: Uint8Array): void;
  states(): Iterable<{ subjectId: string; timeMs: number; bytes: Uint8Array }>;
  putFinding(finding: Finding): void;
  /** Last seen first; bounded in number and age. */
  findings(query: { sinceMs?: number; limit?: number }): Finding[];
  /** Applies retention and moves samples to coarser tiers, in slices of bounded length. Returns true while there is more to do. */
  maintain(nowMs: number): boolean;
  health(): StoreHealth;
  close(): void;
}
