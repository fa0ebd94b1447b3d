import type { Sample } from '../model/gauge.ts';
import type { SubjectVerdict } from '../model/verdict.ts';

/**
 * The detector for one subject: samples in, verdict out; bounded memory, no clock, no I/O.
 * Live, replay and scan all run through it, so that the same samples give the same verdicts at the same times.
 */
export interface SubjectWatch {
  /** Samples in time order; an earlier one than the last is dropped. */
  push(sample: Sample): void;
  /** As of the last sample. */
  verdict(): SubjectVerdict;
  /** Goes up whenever `verdict` may have changed, so that a caller can skip what it has seen. */
  readonly revision: number;
  /** State to be given to `restoreSubjectWatch`. */
  snapshot(): Uint8Array;
}

export declare function createSubjectWatch(subjectName: string): SubjectWatch;
export declare function restoreSubjectWatch(subjectName: string, snapshot: Uint8Array): SubjectWatch;
