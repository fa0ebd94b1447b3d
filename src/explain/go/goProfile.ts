/**
 * What Go's runtime knows of its own memory, read from outside: the profile of allocations that it keeps by itself, one in 512 KiB
 * (`runtime.mbuckets`), and its goroutines (`runtime.allgs`).
 * https://go.dev/src/runtime/mprof.go
 */
import { wordIn } from '../heapWindows.ts';
import type { TargetMemory } from '../targetMemory.ts';

const mostBuckets = 100_000;
const bucketHeaderBytes = 48;
const countsBytes = 32;
/** Since Go 1.27 without bytes: all allocations of one place that are counted together are of one size. */
const [countsOnlySince, countsOnlyBytes, sizeAt] = [27, 16, 4];
/** What is counted of a collection is made known by the next but one: until then it waits in one of three. */
const waiting = 3;
/** 32 until Go 1.22, 128 since, and as much as the program asks for. */
const deepestStack = 1024;
const mostGoroutines = 200_000;

export interface GoCounts {
  allocations: number;
  frees: number;
  allocatedBytes: number;
  freedBytes: number;
}

/** All allocations that were sampled at one place. */
export interface GoBucket {
  /** The same as long as the process runs. */
  address: number;
  /** Return addresses, the innermost first. */
  stack: number[];
  /** Up to a collection of garbage: what was no longer used then is freed. */
  collected: GoCounts;
  /** Up to now: what is no longer used since then is not freed yet. */
  now: GoCounts;
}

/** `rate`: where it is. Bytes allocated between two samples; 0 where the program was linked without the profile, which then is empty. */
export function profileRate(memory: TargetMemory, rate: number): number {
  return wordsAt(memory, rate, 8)?.[0] ?? 0;
}

/** `minor`: the 19 of Go 1.19. */
export function readBuckets(memory: TargetMemory, first: number, minor: number): GoBucket[] {
  const isCountsOnly = minor >= countsOnlySince;
  const buckets: GoBucket[] = [];
  const seen = new Set<number>();
  let address = wordsAt(memory, first, 8)?.[0] ?? 0;
  while (address > 0 && !seen.has(address) && seen.size < mostBuckets) {
    seen.add(address);
    const header = wordsAt(memory, address, bucketHeaderBytes);
    const depth = header?.[5] ?? Number.NaN;
    if (header === null || !(depth <= deepestStack)) break;
    const words = wordsAt(memory, address + bucketHeaderBytes, depth * 8 + (1 + waiting) * (isCountsOnly ? countsOnlyBytes : countsBytes));
    if (words === null) break;
    const counts = isCountsOnly ? countsOfSize(words.slice(depth), header[sizeAt] ?? 0) : countsIn(words.slice(depth));
    buckets.push({ address, stack: words.slice(0, depth), ...counts });
    // Linked by age; the first word links those of one place in a table.
    address = header[1] ?? 0;
  }
  return buckets;
}

function countsIn(words: readonly number[]): Pick<GoBucket, 'collected' | 'now'> {
  const sums = (records: number) => {
    const sum = (field: number) =>
      Array.from({ length: records }, (_, at) => words[at * 4 + field] ?? 0).reduce((all, each) => all + each, 0);
    return { allocations: sum(0), frees: sum(1), allocatedBytes: sum(2), freedBytes: sum(3) };
  };
  return { collected: sums(1), now: sums(1 + waiting) };
}

function countsOfSize(words: readonly number[], size: number): Pick<GoBucket, 'collected' | 'now'> {
  const withBytes = words.flatMap((_, at) =>
    at % 2 === 0 ? [words[at] ?? 0, words[at + 1] ?? 0, (words[at] ?? 0) * size, (words[at + 1] ?? 0) * size] : [],
  );
  return countsIn(withBytes);
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

export function readGoroutines(memory: TargetMemory, list: number, isEntry: (address: number) => boolean): Goroutine[] {
  const [table = 0, count = 0] = wordsAt(memory, list, 16) ?? [];
  const addresses = wordsAt(memory, table, Math.min(count, mostGoroutines) * 8) ?? [];
  const layout = layoutOf(memory, addresses, isEntry);
  if (layout === null) return [];
  // Of many thousands, each into the same bytes.
  const record = Buffer.alloc(goroutineBytes);
  return addresses.flatMap((address) => {
    if (!(address > 0) || memory.read(address, record) < record.length) return [];
    const status = record.readUInt32LE(layout.status);
    // While the collector scans one, a bit above is set.
    if (status % 4096 === deadStatus || status % 4096 === 0) return [];
    return [{ address, created: wordIn(record, layout.created), start: wordIn(record, layout.start) }];
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
  return Array.from({ length: length / 8 }, (_, index) => wordIn(bytes, index * 8));
}
