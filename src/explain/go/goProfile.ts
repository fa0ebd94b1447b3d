/**
 * What Go's runtime knows of its own memory, read from outside: the profile of allocations that it keeps by itself, one in 512 KiB
 * (`runtime.mbuckets`), and its goroutines (`runtime.allgs`).
 * https://go.dev/src/runtime/mprof.go
 */
import type { TargetMemory } from '../targetMemory.ts';

const mostBuckets = 100_000;
const bucketHeaderBytes = 48;
const recordBytes = 32;
const deepestStack = 64;
const mostGoroutines = 200_000;

/** All allocations that were sampled at one place. */
export interface GoBucket {
  /** The same as long as the process runs. */
  address: number;
  /** Return addresses, the innermost first. */
  stack: number[];
  allocations: number;
  frees: number;
  allocatedBytes: number;
  freedBytes: number;
}

export interface GoSymbols {
  buckets: number;
  rate: number;
  goroutines: number;
}

/** Bytes allocated between two samples; 0 where the program was linked without the profile, which then is empty. */
export function profileRate(memory: TargetMemory, symbols: GoSymbols): number {
  return wordsAt(memory, symbols.rate, 8)?.[0] ?? 0;
}

export function readBuckets(memory: TargetMemory, symbols: GoSymbols): GoBucket[] {
  const buckets: GoBucket[] = [];
  const seen = new Set<number>();
  let address = wordsAt(memory, symbols.buckets, 8)?.[0] ?? 0;
  while (address > 0 && !seen.has(address) && seen.size < mostBuckets) {
    seen.add(address);
    const words =
      wordsAt(memory, address, bucketHeaderBytes + deepestStack * 8 + recordBytes) ??
      wordsAt(memory, address, bucketHeaderBytes + recordBytes);
    const depth = words?.[5] ?? Number.NaN;
    if (words === null || !(depth <= deepestStack) || words.length < 6 + depth + 4) break;
    const [allocations = 0, frees = 0, allocatedBytes = 0, freedBytes = 0] = words.slice(6 + depth);
    buckets.push({ address, stack: words.slice(6, 6 + depth), allocations, frees, allocatedBytes, freedBytes });
    // Linked by age; the first word links those of one place in a table.
    address = words[1] ?? 0;
  }
  return buckets;
}

/** Where the record of a goroutine has what, found by what lies there: it is different in each version of Go. */
interface GoroutineLayout {
  created: number;
  start: number;
  status: number;
}

export interface Goroutine {
  address: number;
  /** Where the go statement is, and the function that it started. */
  created: number;
  start: number;
}

const goroutineBytes = 512;
const deadStatus = 6;

export function readGoroutines(memory: TargetMemory, symbols: GoSymbols, isEntry: (address: number) => boolean): Goroutine[] {
  const [table = 0, count = 0] = wordsAt(memory, symbols.goroutines, 16) ?? [];
  const addresses = wordsAt(memory, table, Math.min(count, mostGoroutines) * 8) ?? [];
  const layout = layoutOf(memory, addresses, isEntry);
  if (layout === null) return [];
  return addresses.flatMap((address) => {
    const words = wordsAt(memory, address, goroutineBytes);
    const status = (words?.[layout.status / 8] ?? 0) % 2 ** 32;
    // While the collector scans one, a bit above is set.
    if (words === null || status % 4096 === deadStatus || status % 4096 === 0) return [];
    return [{ address, created: words[layout.created / 8] ?? 0, start: words[layout.start / 8] ?? 0 }];
  });
}

/** `gopc`, `ancestors`, `startpc` follow one another; `atomicstatus` comes before the number, which is another one for each. */
function layoutOf(memory: TargetMemory, addresses: readonly number[], isEntry: (address: number) => boolean): GoroutineLayout | null {
  const records = addresses.slice(0, 40).flatMap((address) => {
    const words = wordsAt(memory, address, goroutineBytes);
    return words === null ? [] : [words];
  });
  const counts = Array.from(
    { length: goroutineBytes / 8 - 2 },
    (_, at) => records.filter((words) => isEntry(words[at + 2] ?? 0) && (words[at] ?? 0) > 0 && words[at + 1] === 0).length,
  );
  const at = counts.indexOf(Math.max(...counts, 1));
  const numbers = Array.from({ length: 40 }, (_, word) => word).find((word) => {
    const seen = records.map((words) => words[word] ?? 0);
    return (
      word > 0 &&
      seen.every((number) => number < 2 ** 40 && Number.isInteger(number)) &&
      isRising(seen) &&
      records.every((words) => (words[word - 1] ?? 0) % 2 ** 32 < 2 ** 16)
    );
  });
  return at < 0 || numbers === undefined ? null : { created: at * 8, start: at * 8 + 16, status: numbers * 8 - 8 };
}

/** Numbers of goroutines are given in order, though a dead one's place is taken again. */
function isRising(numbers: readonly number[]): boolean {
  return numbers[0] === 1 && new Set(numbers).size === numbers.length && (numbers[1] ?? 2) > 1;
}

function wordsAt(memory: TargetMemory, address: number, length: number): number[] | null {
  if (!(address > 0) || length <= 0) return null;
  const bytes = Buffer.alloc(length);
  if (memory.read(address, bytes) < length) return null;
  return Array.from({ length: length / 8 }, (_, index) => bytes.readUInt32LE(index * 8) + bytes.readUInt32LE(index * 8 + 4) * 2 ** 32);
}
