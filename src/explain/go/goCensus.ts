/** How many objects of each size there are in Go's heap, and a sample of them by address. */
import { BlockSample } from '../native/blockSample.ts';
import type { TargetMemory } from '../targetMemory.ts';
import type { Look } from '../threeLooks.ts';
import { type GoHeap, type GoSpan, isInUse, isMarked } from './goSpans.ts';

const sampleObjects = 12_000;
const markBytes = 32;
const largeKinds = 136;
const pageBytes = 8_192;
/** Of the pages of a large object; so many kinds for each time that these double. */
const kindsOfDoubling = 4;

export interface GoCensus {
  /** Of what is in use, and of what the latest collection found in use. */
  now: Look;
  collected: Look;
  collection: number;
}

/** By class of size, and whether there are pointers in it. */
export function kindOf({ spanClass, bytes }: Pick<GoSpan, 'spanClass' | 'bytes'>): number {
  if (spanClass > 1) return spanClass;
  return largeKinds + 2 * Math.round(kindsOfDoubling * Math.log2(bytes / pageBytes)) + spanClass;
}

export function isLarge(kind: number): boolean {
  return kind >= largeKinds;
}

/** Nothing in it is a pointer. */
export function isPlain(kind: number): boolean {
  return kind % 2 === 1;
}

/** A power of two: one in so many is in the sample. */
export function sampleEvery({ spans }: GoHeap): number {
  const objects = spans.reduce((sum, { count }) => sum + count, 0);
  return 2 ** Math.max(0, Math.ceil(Math.log2(objects / sampleObjects)));
}

export function takeCensus(memory: TargetMemory, { spans, collection }: GoHeap, every: number): GoCensus {
  const now = { counts: [] as number[], bytes: [] as number[] };
  const collected = { counts: [] as number[], bytes: [] as number[] };
  const sample = new BlockSample(every);
  for (const span of spans) {
    const kind = kindOf(span);
    const [used, marked] = countsOf(span);
    add(now, kind, used, used * span.elementBytes);
    add(collected, kind, marked, marked * span.elementBytes);
    for (let index = 0; index < span.count; index += 1) {
      const address = span.start + index * span.elementBytes;
      if ((isLarge(kind) || sample.wants(address)) && isInUse(span, index)) sample.add(address, kind, markOf(memory, address, span));
    }
  }
  const taken = sample.without(new Set());
  return { now: { ...now, sample: taken }, collected: { ...collected, sample: taken }, collection };
}

function countsOf(span: GoSpan): [number, number] {
  let [used, marked] = [0, 0];
  for (let index = 0; index < span.count; index += 1) {
    const isFound = isMarked(span.bits, index);
    if (isFound) marked += 1;
    if (isFound || isInUse(span, index)) used += 1;
  }
  return [used, marked];
}

function add({ counts, bytes }: { counts: number[]; bytes: number[] }, kind: number, count: number, more: number): void {
  counts[kind] = (counts[kind] ?? 0) + count;
  bytes[kind] = (bytes[kind] ?? 0) + more;
}

const begin = new Uint32Array(markBytes / 4);
const beginBytes = new Uint8Array(begin.buffer);

/** Pointers into the heap don't count: what links an object to others changes while it stays. */
function markOf(memory: TargetMemory, address: number, { elementBytes }: GoSpan): number {
  const length = Math.min(markBytes, elementBytes);
  begin.fill(0);
  memory.read(address, beginBytes.subarray(0, length));
  const heapHigh = Math.floor(address / 2 ** 32);
  let mark = 0x811c_9dc5;
  for (let word = 0; word < length / 4; word += 2) {
    if (begin[word + 1] === heapHigh) continue;
    for (const half of [begin[word] ?? 0, begin[word + 1] ?? 0]) mark = Math.imul(mark ^ half, 0x0100_0193);
    mark ^= mark >>> 15;
  }
  return mark >>> 0;
}
