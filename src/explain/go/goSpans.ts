/**
 * Go's heap as it lies in memory: spans of pages, each with objects of one size, and which of these are in use (`runtime.mheap_.allspans`). Nothing
 * of it has a fixed place: the list is found by what it leads to, and where a record has what, by what lies there.
 * https://go.dev/src/runtime/mheap.go
 */
import type { TargetMemory } from '../targetMemory.ts';
import { TargetWindow } from '../targetWindow.ts';
import type { GoProgram } from './goProgram.ts';
import { listAt, listsAmong, wordIn } from './goWords.ts';

const pageBytes = 8_192;
const recordBytes = 160;
const startWord = 3;
const pagesWord = 4;
/** Go 1.18 to 1.26. */
const known = { from: 18, to: 26 };
const tried = 400;
const inUse = 1;
const mostBitBytes = pageBytes / 8;

export interface GoSpan {
  start: number;
  bytes: number;
  /** Twice the class of its size, and one more where nothing in it is a pointer. */
  spanClass: number;
  elementBytes: number;
  /** Places for objects; those before `free`, and those whose bit is set, are in use. */
  count: number;
  free: number;
  /** Of what the latest collection found in use; empty where there is none. */
  bits: Uint8Array;
}

/** In words of a record, where it is found out; the rest lies at fixed distances from it. */
interface SpanLayout {
  /** `elemsize`, with `limit` behind it and the class and the state in the word before it. */
  elementAt: number;
  bitsAt: number;
  /** `freeindex` and `nelems` are of 2 bytes each, in one word. */
  isShort: boolean;
}

export interface GoHeap {
  spans: GoSpan[];
  /** Becomes 2 more with each collection. */
  collection: number;
}

export class GoSpans {
  readonly #memory: TargetMemory;
  readonly #list: number;
  readonly #layout: SpanLayout;

  private constructor(memory: TargetMemory, list: number, layout: SpanLayout) {
    this.#memory = memory;
    this.#list = list;
    this.#layout = layout;
  }

  /** Null where the heap of this Go is not known, or lies there otherwise than it is. */
  static find(memory: TargetMemory, { minor, variables }: Pick<GoProgram, 'minor' | 'variables'>): GoSpans | null {
    if (minor < known.from || minor > known.to) return null;
    for (const list of listsAmong(memory, variables, recordBytes, beginsLikeSpan)) {
      const layout = layoutOf(memory, list, minor);
      if (layout !== null) return new GoSpans(memory, list, layout);
    }
    return null;
  }

  /** In the order of addresses. */
  read(): GoHeap {
    const records = recordsOf(this.#memory, this.#list);
    const spans: { span: GoSpan; bitsAddress: number }[] = [];
    let collection = 0;
    forEachRecord(this.#memory, records, (words, at) => {
      const read = spanIn(words, at, this.#layout);
      if (read === null) return;
      // Odd ones are of spans that somebody allocates from.
      if (read.collection % 2 === 0) collection = Math.max(collection, read.collection);
      spans.push(read);
    });
    this.#readBits(spans);
    return { spans: withoutOverlaps(spans.map(({ span }) => span)), collection };
  }

  #readBits(spans: { span: GoSpan; bitsAddress: number }[]): void {
    const sorted = spans.filter(({ bitsAddress }) => bitsAddress > 0).sort((a, b) => a.bitsAddress - b.bitsAddress);
    const window = new TargetWindow(this.#memory, (sorted.at(-1)?.bitsAddress ?? 0) + mostBitBytes);
    const bytes = new Uint8Array(window.words.buffer);
    for (const { span, bitsAddress } of sorted) {
      const length = Math.ceil(span.count / 8);
      if (length > mostBitBytes || !window.holds(bitsAddress, length)) continue;
      span.bits = bytes.slice(bitsAddress - window.start, bitsAddress - window.start + length);
    }
  }
}

export function isInUse({ count, free, bits }: GoSpan, index: number): boolean {
  return index < free ? index < count : index < count && isMarked(bits, index);
}

/** Whether the latest collection found it in use. */
export function isMarked(bits: Uint8Array, index: number): boolean {
  return (((bits[index >>> 3] ?? 0) >>> (index & 7)) & 1) !== 0;
}

function beginsLikeSpan(halves: Uint32Array): boolean {
  return isRun(wordIn(halves, startWord * 2), wordIn(halves, pagesWord * 2));
}

function isRun(start: number, pages: number): boolean {
  return start >= pageBytes && start % pageBytes === 0 && start < 2 ** 47 && pages >= 1 && pages < 2 ** 24;
}

function recordsOf(memory: TargetMemory, list: number): number[] {
  return listAt(memory, list).sort((a, b) => a - b);
}

/** `records`: in order. */
function forEachRecord(memory: TargetMemory, records: readonly number[], use: (words: Uint32Array, at: number) => void): void {
  const window = new TargetWindow(memory, (records.at(-1) ?? 0) + recordBytes);
  for (const record of records) {
    if (record >= pageBytes && record % 8 === 0 && record < 2 ** 47 && window.holds(record, recordBytes))
      use(window.words, window.at(record));
  }
}

/** Where nearly all of the records that are in use are what they should be. */
function layoutOf(memory: TargetMemory, list: number, minor: number): SpanLayout | null {
  const records = recordsOf(memory, list);
  for (let elementAt = 11; elementAt <= 17; elementAt += 1) {
    const layout = { elementAt, bitsAt: elementAt - (minor >= 21 ? 5 : 4), isShort: minor >= 22 };
    let [seen, fits] = [0, 0];
    forEachRecord(memory, spreadOver(records), (words, at) => {
      const read = spanIn(words, at, layout);
      if (wordIn(words, at + startWord * 2) > 0 && stateIn(words, at, layout) === inUse) seen += 1;
      if (read !== null && beginsRight(words, at, read, layout)) fits += 1;
    });
    if (fits >= 8 && fits >= seen * 0.95) return layout;
  }
  return null;
}

function spreadOver(records: readonly number[]): number[] {
  const step = Math.max(1, Math.floor(records.length / tried));
  return records.filter((_, index) => index % step === 0);
}

/** `limit` is where its objects end, as many are said to be in use as may be, and what tells which is there. */
function beginsRight(
  words: Uint32Array,
  at: number,
  { span, bitsAddress }: { span: GoSpan; bitsAddress: number },
  layout: SpanLayout,
): boolean {
  const limit = wordIn(words, at + (layout.elementAt + 1) * 2);
  const used = (words[at + (layout.elementAt - 1) * 2] ?? 0) & 0xffff;
  return limit > span.start && limit <= span.start + span.bytes && used <= span.count && bitsAddress > pageBytes && bitsAddress % 8 === 0;
}

function stateIn(words: Uint32Array, at: number, { elementAt }: SpanLayout): number {
  return ((words[at + (elementAt - 1) * 2] ?? 0) >>> 24) & 255;
}

/** Null of one that is not in use for objects. */
function spanIn(words: Uint32Array, at: number, layout: SpanLayout): { span: GoSpan; bitsAddress: number; collection: number } | null {
  const word = (index: number) => wordIn(words, at + index * 2);
  const [start, pages, elementBytes] = [word(startWord), word(pagesWord), word(layout.elementAt)];
  const spanClass = ((words[at + (layout.elementAt - 1) * 2] ?? 0) >>> 16) & 255;
  if (stateIn(words, at, layout) !== inUse || !isRun(start, pages) || elementBytes < 8 || elementBytes > pages * pageBytes) return null;
  const short = words[at + 12] ?? 0;
  const [free, count] = layout.isShort ? [short & 0xffff, short >>> 16] : [word(6), word(7)];
  const bytes = pages * pageBytes;
  if (count < 1 || free > count || count * elementBytes > bytes || (spanClass >>> 1 === 0 && count !== 1)) return null;
  const bitsAddress = word(layout.bitsAt);
  const collection = words[at + (layout.elementAt - 2) * 2] ?? 0;
  return {
    span: { start, bytes, spanClass, elementBytes, count, free, bits: noBits },
    bitsAddress: bitsAddress < 2 ** 47 ? bitsAddress : 0,
    collection,
  };
}

const noBits = new Uint8Array(0);

/** They are read while the program goes on. */
function withoutOverlaps(spans: GoSpan[]): GoSpan[] {
  let end = 0;
  return spans
    .sort((a, b) => a.start - b.start)
    .filter((span) => {
      const isBehind = span.start >= end;
      if (isBehind) end = span.start + span.bytes;
      return isBehind;
    });
}
