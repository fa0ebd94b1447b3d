/** Everything that advice is worked out from. Pure: what was measured, and what is configured now. */
import type { AdviceBasis, RuntimeName } from '../model/advice.ts';
import type { Subject } from '../model/subject.ts';
import type { UnitConfig } from './unitFiles.ts';

export interface PoolSettings {
  /** What configures the workers: a file with its content. */
  path: string;
  text: string;
  /** By name of the directive as written. */
  values: ReadonlyMap<string, string>;
}

export interface MeasuredUnit {
  name: string;
  config: UnitConfig;
  /** In the v2 hierarchy; null: not known. */
  cgroup: string | null;
  /** Limits as the kernel holds them, by the names of systemd. */
  live: ReadonlyMap<string, string>;
}

export interface Measurements {
  subject: Subject;
  basis: AdviceBasis;
  privateBytes: number;
  /** The largest process, and how many there are. */
  processes: { count: number; largestBytes: number; smallestBytes: number; fdLimit: number | null };
  host: {
    memTotalBytes: number | null;
    swapTotalBytes: number | null;
    /** Private memory of everything else. */
    othersBytes: number;
    cpuCount: number;
  };
  unit: MeasuredUnit | null;
  /** Other workloads in the same unit. */
  sharesUnitWith: string[];
  runtime: RuntimeName | null;
  /** Arguments of the largest process, without its own name. */
  argv: readonly string[];
  /** Only the variables that settings of a runtime are in. */
  environment: ReadonlyMap<string, string>;
  /** Of the largest process; null: not to be read. */
  heap: { arenas: number; threads: number; allocator: 'glibc' | 'jemalloc' | 'tcmalloc' | 'other' } | null;
  jemallocPath: string | null;
  pool: PoolSettings | null;
  /** Content of a file that advice would replace; null: there is none. */
  existing: (path: string) => string | null;
}

export const MiB = 1024 ** 2;

/** Up to whole 16 MiB: nobody means a limit to the byte. */
export function roundUpBytes(bytes: number): number {
  return Math.ceil(bytes / (16 * MiB)) * 16 * MiB;
}

/** As systemd and PHP write it. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MiB)}M`;
}
