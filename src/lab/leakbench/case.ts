import type { Sample } from '../../model/gauge.ts';
import type { Resource, VerdictClass } from '../../model/verdict.ts';

/** `ambiguous` cases are shown, never scored: nobody could tell them from a leak (or from health) over the given span. */
export type Label = 'leak' | 'healthy' | 'ambiguous';

/** What is known of a series beforehand and measured against. Times in ms since the epoch. */
export interface Truth {
  id: string;
  /** Pattern or data set; recall and false alarms are told for each. */
  family: string;
  group: string;
  seed: number;
  label: Label;
  resource: Resource;
  /** Other resources which really grow as well: a verdict on them is no false alarm. */
  alsoLeaks: Resource[];
  /** Classes that describe it rightly; empty when none is asked for. */
  expectedClasses: VerdictClass[];
  /** When the leak starts; the first sample when it leaks from the beginning. Of leaks only. */
  onsetMs: number | null;
  /** When the wall is hit, visible to the detector or not; null when it is too far away to tell. Of leaks only. */
  exhaustionMs: number | null;
  /** Whether the samples carry the wall (a limit or the headroom of the host). */
  wallVisible: boolean;
  /** Expected growth, bytes or pieces an hour: only where it does not change after the onset. */
  trueSlopePerHour: number | null;
}

export interface BenchCase extends Truth {
  samples: Sample[];
}

/** Tuning and test seeds are told apart by a hash: the same rule for everybody, and no run of neighbouring seeds is all of one kind. */
export type SeedSet = 'tune' | 'test' | 'all';
