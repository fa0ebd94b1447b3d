/**
 * Words outside of the heap that may be pointers into it: variables, stacks, what else may be written. Read before the heap, so that what they
 * refer to is in it: the newest block of a list is the way to all others. What malloc notes for itself is left out, and the part of the main
 * stack that is not in use: both have addresses of blocks that somebody else has by now.
 */
import { readText } from '../../kernel/read.ts';
import { isValue } from '../../model/reading.ts';
import type { Region, TargetMemory } from '../targetMemory.ts';
import { TargetWindow } from '../targetWindow.ts';
import { long } from './glibcArenas.ts';
import type { HeapPart } from './glibcHeap.ts';

/** By the calling convention of x86-64. */
const redZoneBytes = 128;
/** Of a variable that is another one each time. */
const mostAsks = 4;
const mostWords = 4_000_000;
const mostBytes = 2 ** 31;

interface Range {
  start: number;
  end: number;
}

export class RootWords {
  #from = new Float64Array(1 << 12);
  #values = new Float64Array(1 << 12);
  #count = 0;
  /** Variables of the program come first, then those of libraries, then stacks and the rest: where each of these ends. */
  readonly ends: number[] = [];
  isPartial = false;

  /** `ofMalloc`: where it has its own notes. */
  constructor(memory: TargetMemory, regions: readonly Region[], parts: readonly HeapPart[], ofMalloc: readonly Range[]) {
    const [low, high] = [parts[0]?.start ?? 0, parts.reduce((most, { limit }) => Math.max(most, limit), 0)];
    const heap = parts.map(({ start, limit }) => ({ start, end: limit }));
    const left = [...heap, ...ofMalloc, ...unusedStack(memory.pid, regions)].sort((a, b) => a.start - b.start);
    for (const group of rootRegions(regions)) {
      for (const region of group) this.#read(memory, region, left, low, high);
      this.ends.push(this.#count);
    }
  }

  get count(): number {
    return this.#count;
  }

  from(root: number): number {
    return this.#from[root] ?? 0;
  }

  value(root: number): number {
    return this.#values[root] ?? 0;
  }

  #read(memory: TargetMemory, region: Region, left: readonly Range[], low: number, high: number): void {
    const window = new TargetWindow(memory, region.end);
    let readBytes = 0;
    for (const [start, end] of outside(memory.present(region.start, region.end), region, left)) {
      readBytes += end - start;
      if (readBytes > mostBytes) {
        this.isPartial = true;
        return;
      }
      for (let at = start; at + 8 <= end && window.holds(at, 8); at = this.#readWindow(window, at, end, low, high));
    }
  }

  /** What of it lies in the window; where that ends. */
  #readWindow({ words, start, end: windowEnd }: TargetWindow, from: number, end: number, low: number, high: number): number {
    const first = (from - start) >>> 2;
    const count = Math.floor((Math.min(windowEnd, end) - from) / 8);
    // Most words are no addresses, and their upper halves say so.
    const [leastTop, mostTop] = [Math.floor(low / 2 ** 32), Math.min(0x7fff, Math.floor(high / 2 ** 32))];
    for (let step = 0, word = first; step < count; step += 1, word += 2) {
      const top = words[word + 1] ?? 0;
      if (top < leastTop || top > mostTop) continue;
      const value = top * 2 ** 32 + (words[word] ?? 0);
      // A heap below 4 GiB is where numbers look like addresses.
      if (value >= low && value < high && (top > 0 || value % 8 === 0)) this.#add(from + step * 8, value);
    }
    return from + count * 8;
  }

  /**
   * Variables that meanwhile refer to another block are asked whether it is one of the same kind, as the newest of a list is: what was in
   * a slot of a cache is somebody else's by now, and is no way to what lies there. It counts where the variable is the same after that was read.
   */
  dropStale(memory: TargetMemory, isAlike: (before: number, now: number) => boolean): void {
    for (let root = 0; root < (this.ends[1] ?? 0); root += 1) {
      if (isStale(memory, this.#from[root] ?? 0, this.#values[root] ?? 0, isAlike)) this.#values[root] = 0;
    }
  }

  #add(from: number, value: number): void {
    if (this.#count === mostWords) {
      this.isPartial = true;
      return;
    }
    if (this.#count === this.#from.length) {
      const [froms, values] = [new Float64Array(this.#count * 2), new Float64Array(this.#count * 2)];
      froms.set(this.#from);
      values.set(this.#values);
      [this.#from, this.#values] = [froms, values];
    }
    this.#from[this.#count] = from;
    this.#values[this.#count] = value;
    this.#count += 1;
  }
}

/** `isAlike`: of two addresses whether blocks of one kind begin there. */
export function isStale(memory: TargetMemory, from: number, before: number, isAlike: (before: number, now: number) => boolean): boolean {
  let now = wordAt(memory, from);
  for (let time = 0; time < mostAsks && now !== null && now !== before; time += 1) {
    const asked = now;
    const isAlso = isAlike(before, asked);
    now = wordAt(memory, from);
    if (now === asked) return !isAlso;
  }
  return false;
}

function wordAt(memory: TargetMemory, address: number): number | null {
  const word = Buffer.alloc(8);
  return memory.read(address, word) < word.length ? null : long(word, 0);
}

/** `left`: what is no root. */
function* outside(ranges: readonly [number, number][], region: Region, left: readonly Range[]): Generator<[number, number]> {
  const within = left.filter(({ start, end }) => end > region.start && start < region.end);
  for (const [start, end] of ranges) {
    let at = start;
    for (const part of within) {
      if (part.end <= at || part.start >= end) continue;
      if (part.start > at) yield [at, part.start];
      at = Math.min(end, Math.ceil(part.end / 8) * 8);
    }
    if (at < end) yield [at, end];
  }
}

/** Of the program, of libraries, and whatever else may be written. */
function rootRegions(regions: readonly Region[]): [Region[], Region[], Region[]] {
  const groups: [Region[], Region[], Region[]] = [[], [], []];
  // The kernel puts the program before everything else.
  const program = regions.find(({ path }) => path.startsWith('/'))?.path;
  let before: Region | undefined;
  for (const region of regions) {
    const isFile = region.path.startsWith('/') && !region.path.startsWith('/dev/') && !region.path.startsWith('/memfd:');
    const isBehindFile = region.path === '' && before?.path.startsWith('/') === true && before.end === region.start;
    const file = isFile ? region.path : isBehindFile ? before?.path : undefined;
    before = region;
    if (!region.writable || region.path.startsWith('[v') || (region.path.startsWith('/') && !isFile)) continue;
    groups[file === undefined ? 2 : file === program ? 0 : 1].push(region);
  }
  return groups;
}

/**
 * Below the stack pointer of the main thread, which the kernel only tells of a thread that waits.
 * https://man7.org/linux/man-pages/man5/proc_pid_syscall.5.html
 */
function unusedStack(pid: number, regions: readonly Region[]): Range[] {
  const stack = regions.find(({ path }) => path === '[stack]');
  const text = stack === undefined ? null : readText(`/proc/${pid}/syscall`, 4096);
  if (stack === undefined || text === null || !isValue(text)) return [];
  const pointer = Number.parseInt(text.trim().split(' ').at(-2) ?? '', 16);
  const isInStack = pointer > stack.start && pointer < stack.end;
  // Functions may use so much below it.
  return isInStack ? [{ start: stack.start, end: pointer - (pointer % 8) - redZoneBytes }] : [];
}
