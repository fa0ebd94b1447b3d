/**
 * Words outside of the heap that may be pointers into it: variables, stacks, what else may be written. Read before the heap, so that what they
 * refer to is in it: the newest block of a list is the way to all others.
 */
import type { Region, TargetMemory } from '../targetMemory.ts';
import type { HeapPart } from './glibcHeap.ts';
import { TargetWindow } from './targetWindow.ts';

const mostWords = 4_000_000;
const mostBytes = 2 ** 31;

export class RootWords {
  #from = new Float64Array(1 << 12);
  #values = new Float64Array(1 << 12);
  #count = 0;
  /** The first so many are variables of files, which have names. */
  named = 0;
  isPartial = false;

  constructor(memory: TargetMemory, regions: readonly Region[], parts: readonly HeapPart[]) {
    const [named, others] = rootRegions(regions);
    const [low, high] = [parts[0]?.start ?? 0, parts.reduce((most, { end }) => Math.max(most, end), 0)];
    for (const region of named) this.#read(memory, region, parts, low, high);
    this.named = this.#count;
    for (const region of others) this.#read(memory, region, parts, low, high);
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

  #read(memory: TargetMemory, region: Region, parts: readonly HeapPart[], low: number, high: number): void {
    const window = new TargetWindow(memory, region.end);
    let readBytes = 0;
    for (const [start, end] of outside(memory.present(region.start, region.end), region, parts)) {
      readBytes += end - start;
      if (readBytes > mostBytes) {
        this.isPartial = true;
        return;
      }
      for (let at = start; at + 8 <= end && window.holds(at, 8); at += 8) {
        const word = window.at(at);
        const top = window.words[word + 1] ?? 0;
        if (top === 0 || top >= 0x8000) continue;
        const value = top * 2 ** 32 + (window.words[word] ?? 0);
        if (value >= low && value < high) this.#add(at, value);
      }
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

/** The heap itself is no root. */
function* outside(ranges: readonly [number, number][], region: Region, parts: readonly HeapPart[]): Generator<[number, number]> {
  const within = parts.filter(({ start, end }) => end > region.start && start < region.end);
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

/** Variables of files first; then stacks and whatever else may be written. */
function rootRegions(regions: readonly Region[]): [Region[], Region[]] {
  const named: Region[] = [];
  const others: Region[] = [];
  let before: Region | undefined;
  for (const region of regions) {
    const isFile = region.path.startsWith('/') && !region.path.startsWith('/dev/') && !region.path.startsWith('/memfd:');
    const isBehindFile = region.path === '' && before?.path.startsWith('/') === true && before.end === region.start;
    before = region;
    if (!region.writable || region.path.startsWith('[v') || (region.path.startsWith('/') && !isFile)) continue;
    (isFile || isBehindFile ? named : others).push(region);
  }
  return [named, others];
}
