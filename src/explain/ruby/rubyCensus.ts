/** One look at the heap of a Ruby program: how many objects of each class there are, what they take, and of each some at random. */
import { heapPages, largestPageBytes, type RubyPage, visitSlots } from './rubyHeap.ts';
import { RubyRanges } from './rubyRanges.ts';
import { isAddress, type RubyValues, rubyFlag, rubyType, wordIn } from './rubyValues.ts';

const picksOfKind = 240;
const mostClasses = 100_000;

export interface RubyKind {
  /** Address of the class. */
  klass: number;
  count: number;
  bytes: number;
  picks: number[];
}

export interface RubyCensus {
  kinds: Map<number, RubyKind>;
  pages: RubyPage[];
  /** Addresses of classes and modules. */
  classes: number[];
  ranges: RubyRanges;
  /** What all objects have beside their slots. */
  outsideBytes: number;
}

export function takeRubyCensus(values: RubyValues): RubyCensus {
  const pages = heapPages(values);
  const kinds = new Map<number, RubyKind>();
  const buffer = Buffer.alloc(largestPageBytes);
  const classes: number[] = [];
  const ranges = new RubyRanges();
  let outsideBytes = 0;
  let state = 0x9e37_79b9;
  for (const page of pages) {
    visitSlots(values, page, buffer, (address, flags, klass, bytes, at) => {
      ranges.visit(values, address, flags, bytes, at);
      if (isClass(flags & 31) && classes.length < mostClasses) classes.push(address);
      if (!isAddress(klass) || !isOfProgram(flags & 31)) return;
      let kind = kinds.get(klass);
      if (kind === undefined) {
        kind = { klass, count: 0, bytes: 0, picks: [] };
        kinds.set(klass, kind);
      }
      kind.count += 1;
      const outside = outsideBytesOf(flags, bytes, at);
      kind.bytes += page.slotBytes + outside;
      outsideBytes += outside;
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const place = kind.count <= picksOfKind ? kind.count - 1 : state % kind.count;
      if (place < picksOfKind) kind.picks[place] = address;
    });
  }
  return { kinds, pages, classes, ranges, outsideBytes };
}

function isClass(type: number): boolean {
  return type === rubyType.class || type === rubyType.module;
}

/** Not what Ruby itself makes of code. */
function isOfProgram(type: number): boolean {
  return type === rubyType.object || type === rubyType.symbol || (type >= rubyType.string && type <= 0x0f);
}

/** What an object has beside its slot. */
function outsideBytesOf(flags: number, bytes: Buffer, at: number): number {
  const type = flags & 31;
  const isEmbedded = (flags & rubyFlag.embedded) !== 0;
  if (type === rubyType.string && isEmbedded) return Math.min(wordIn(bytes, at + 16), 2 ** 32);
  if (type === rubyType.array && !isEmbedded) return Math.min(wordIn(bytes, at + 16) * 8, 2 ** 32);
  if (type === rubyType.object && !isEmbedded) return bytes.readUInt32LE(at + 16) * 8;
  return 0;
}
