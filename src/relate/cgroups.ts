/**
 * The cgroups that hold most, with what they are made of, how often they met their limits, and how long they wait; and how many were
 * removed and still hold memory. Only cgroups without others below, or with a limit: what is above them is their sum.
 */
import { opendirSync } from 'node:fs';
import { type CgroupMemory, type CgroupVersion, readCgroupLimit, readCgroupMemory, readCgroupUsage } from '../kernel/cgroupMemory.ts';
import { type CgroupMemoryEvents, readCgroupMemoryEvents } from '../kernel/cgroupMemoryEvents.ts';
import { readCgroupStat } from '../kernel/cgroupStat.ts';
import { type Pressure, readCgroupPressure } from '../kernel/pressure.ts';
import { readMemoryCgroupCount } from '../kernel/procCgroups.ts';
import { missingFor, readText } from '../kernel/read.ts';
import { absent, isValue, type Reading } from '../model/reading.ts';
import { shownText } from '../sample/shownText.ts';

export interface CgroupReading extends CgroupMemory, CgroupMemoryEvents {
  /** Below the root of the hierarchy, as shown. */
  path: string;
  limitBytes: Reading<number>;
  pressure: Reading<Pressure>;
}

export interface CgroupsReading {
  version: CgroupVersion;
  largest: CgroupReading[];
  dying: Reading<number>;
  /** Every cgroup was looked at. */
  complete: boolean;
}

const maxCgroups = 8192;
const maxDepth = 32;
const namedCgroups = 12;
const maxPathLength = 200;

/** null: no memory controller is mounted here. */
export function readCgroups({
  procRoot,
  cgroupRoot,
  isLate,
}: {
  procRoot: string;
  cgroupRoot: string;
  isLate: () => boolean;
}): CgroupsReading | null {
  const version = isValue(readText(`${cgroupRoot}/cgroup.controllers`, 4096)) ? 'v2' : 'v1';
  const root = version === 'v2' ? cgroupRoot : `${cgroupRoot}/memory`;
  const walk = new CgroupWalk(root, version, isLate);
  const complete = walk.enter('', 0);
  if (walk.seen === 0) return null;
  walk.found.sort((a, b) => b.usageBytes - a.usageBytes);
  return {
    version,
    largest: walk.found.slice(0, namedCgroups).map(({ path }) => describe(root, path, version)),
    dying: dyingOf(procRoot, root, version, complete ? walk.seen : null),
    complete,
  };
}

class CgroupWalk {
  readonly found: { path: string; usageBytes: number }[] = [];
  seen = 0;
  readonly #root: string;
  readonly #version: CgroupVersion;
  readonly #isLate: () => boolean;

  constructor(root: string, version: CgroupVersion, isLate: () => boolean) {
    this.#root = root;
    this.#version = version;
    this.#isLate = isLate;
  }

  /** False when it was cut short. */
  enter(path: string, depth: number): boolean {
    if (depth > maxDepth || this.seen >= maxCgroups || this.#isLate()) return false;
    const children = childrenOf(`${this.#root}${path}`);
    if (!isValue(children)) return true;
    this.seen += 1;
    const directory = `${this.#root}${path}`;
    const usage = path === '' ? absent : readCgroupUsage(directory, this.#version);
    if (isValue(usage) && (children.length === 0 || isValue(readCgroupLimit(directory, this.#version)))) {
      this.found.push({ path, usageBytes: usage });
    }
    return children.map((name) => this.enter(`${path}/${name}`, depth + 1)).every((complete) => complete);
  }
}

function childrenOf(directory: string): Reading<string[]> {
  try {
    const entries = opendirSync(directory, { encoding: 'latin1' });
    try {
      const names: string[] = [];
      for (let entry = entries.readSync(); entry !== null && names.length < maxCgroups; entry = entries.readSync()) {
        if (entry.isDirectory()) names.push(entry.name);
      }
      return names;
    } finally {
      entries.closeSync();
    }
  } catch (error) {
    return missingFor(error);
  }
}

function describe(root: string, path: string, version: CgroupVersion): CgroupReading {
  const directory = `${root}${path}`;
  return {
    path: shownText(path, maxPathLength),
    limitBytes: readCgroupLimit(directory, version),
    ...readCgroupMemory(directory, version),
    ...readCgroupMemoryEvents(directory, version),
    pressure: version === 'v2' ? readCgroupPressure(directory) : absent,
  };
}

/** v1 tells living and dying together: those that are not found are dying. */
function dyingOf(procRoot: string, root: string, version: CgroupVersion, seen: number | null): Reading<number> {
  if (version === 'v2') {
    const stat = readCgroupStat(root);
    return isValue(stat) ? stat.dying : stat;
  }
  const count = readMemoryCgroupCount(procRoot);
  if (!isValue(count)) return count;
  return seen === null ? absent : Math.max(0, count - seen);
}
