/**
 * The memory limit that binds a process: the smallest one from its cgroup up to the root, for v1 and v2.
 * Limits are shared by many processes and change rarely: each cgroup is read once in a while and kept.
 */
import { posix } from 'node:path';
import { type CgroupVersion, readCgroupLimit } from '../kernel/cgroupMemory.ts';
import type { PidCgroup } from '../kernel/pidCgroup.ts';
import { readText } from '../kernel/read.ts';
import { absent, isValue, type Reading } from '../model/reading.ts';

/** Scans between two reads of the same limit. */
const refreshScans = 6;
const maxDepth = 32;

/** The limit of one cgroup, for all processes in it. Who uses it writes the scan into `usedAtScan`. */
export interface CgroupLimit {
  bytes: Reading<number>;
  readAtScan: number;
  usedAtScan: number;
}

export class CgroupLimits {
  readonly #root: string;
  readonly #rootVersion: CgroupVersion;
  readonly #known = new Map<string, CgroupLimit>();

  constructor(root: string) {
    this.#root = root;
    this.#rootVersion = isValue(readText(posix.join(root, 'cgroup.controllers'), 4096)) ? 'v2' : 'v1';
  }

  /** The limit that holds for a process; null when it is in no hierarchy whose limits can be seen. */
  limitOf(cgroup: PidCgroup, scan: number): CgroupLimit | null {
    const path = this.#rootVersion === 'v2' ? cgroup.unified : cgroup.memory;
    // `/..` is a cgroup above the root of this namespace: its files can't be seen from here.
    if (path === null || path.split('/').includes('..')) return null;
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const limit: CgroupLimit = { bytes: this.#smallestLimit(path), readAtScan: scan, usedAtScan: scan };
    this.#known.set(path, limit);
    return limit;
  }

  /** Reads again what is due, and drops cgroups that no process is in any more. */
  refresh(scan: number): void {
    for (const [path, limit] of this.#known) {
      if (scan - limit.usedAtScan > refreshScans) this.#known.delete(path);
      else if (scan - limit.readAtScan >= refreshScans) {
        limit.bytes = this.#smallestLimit(path);
        limit.readAtScan = scan;
      }
    }
  }

  #smallestLimit(path: string): Reading<number> {
    const base = this.#rootVersion === 'v2' ? this.#root : posix.join(this.#root, 'memory');
    let smallest = Number.POSITIVE_INFINITY;
    let level = path;
    for (let depth = 0; depth < maxDepth; depth += 1) {
      const limit = readCgroupLimit(posix.join(base, level), this.#rootVersion);
      if (isValue(limit)) smallest = Math.min(smallest, limit);
      if (level === '/' || level === '') break;
      level = posix.dirname(level);
    }
    return Number.isFinite(smallest) ? smallest : absent;
  }
}
