import type { Sample } from '../../model/gauge.ts';
import type { SubjectVerdict } from '../../model/verdict.ts';
import type { Truth } from './case.ts';

/** What is measured: samples in, in order; verdict at any time as of the last sample. */
export interface BenchDetector {
  push(sample: Sample): void;
  verdict(): SubjectVerdict;
  /** Changes whenever the verdict may have; the runner asks for the verdict only then. */
  readonly revision: number;
}

/** What somebody who configures a detector for a series knows of it, before the first sample. */
export interface SeriesSetting {
  resource: Truth['resource'];
  spanMs: number;
  /** Usual time between two samples. */
  intervalMs: number;
}

export interface DetectorEntry {
  name: string;
  create: (setting: SeriesSetting) => BenchDetector;
}
