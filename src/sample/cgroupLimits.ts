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

interface KnownLimit {
  bytes: Reading<number>;
  readAtScan: number;
  usedAtScan: number;
}

export class CgroupLimits {
  readonly #root: string;
  readonly #rootVersion: CgroupVersion;
  readonly #known = new Map<string, KnownLimit>();

  constructor(root: string) {
    this.#root = root;
    this.#rootVersion = isValue(readText(posix.join(root, 'cgroup.controllers'), 4096)) ? 'v2' : 'v1';
  }

  /** Which cgroup's memory limits hold for the process; null when no hierarchy with memory limits is known. */
  directoryOf(cgroup: PidCgroup): string | null {
    const path = this.#rootVersion === 'v2' ? cgroup.unified : cgroup.memory;
    // `/..` is a cgroup above the root of this namespace: its files can't be seen from here.
    if (path === null || path.split('/').includes('..')) return null;
    return path;
  }

  limitOf(path: string, scan: number): Reading<number> {
    const known = this.#known.get(path);
    if (known !== undefined && scan - known.readAtScan < refreshScans) {
      known.usedAtScan = scan;
      return known.bytes;
    }
    const bytes = this.#smallestLimit(path);
    this.#known.set(path, { bytes, readAtScan: scan, usedAtScan: scan });
    return bytes;
  }

  /** Drops cgroups that no process has asked for of late. */
  forgetUnused(scan: number): void {
    for (const [path, known] of this.#known) {
      if (scan - known.usedAtScan > refreshScans) this.#known.delete(path);
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
