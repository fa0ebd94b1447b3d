/** One look at the heap of a Ruby program: how many objects of each class there are, what they take, and of each some at random. */
import { AddressNumbers } from '../addressNumbers.ts';
import { OwnRanges } from '../ownRanges.ts';
import { heapPages, PageReader, pageBytes, type RubyPage } from './rubyHeap.ts';
import { RubyRanges } from './rubyRanges.ts';
import { isAddress, type RubyValues, rubyFlag, rubyType } from './rubyValues.ts';

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
  /** All of the pages. */
  own: OwnRanges;
}

export function takeRubyCensus(values: RubyValues): RubyCensus {
  const pages = heapPages(values);
  const numbers = new AddressNumbers(mostClasses);
  const kinds: RubyKind[] = [];
  const reader = new PageReader();
  const classes: number[] = [];
  const ranges = new RubyRanges();
  const own = new OwnRanges();
  let outsideBytes = 0;
  let state = 0x9e37_79b9;
  for (const page of pages) {
    own.add(page.address, page.address + pageBytes(page));
    reader.visit(values, page, (address, flags, half) => {
      ranges.visit(values, address, flags, reader, half);
      if (isClass(flags & 31) && classes.length < mostClasses) classes.push(address);
      if (!isOfProgram(flags & 31)) return;
      const kind = kinds[numbers.of(reader.halves[half + 2] ?? 0, reader.halves[half + 3] ?? 0)] ?? newKind(reader.word(half + 2));
      if (kind === null) return;
      kind.count += 1;
      const outside = outsideBytesOf(flags, reader, half);
      kind.bytes += page.slotBytes + outside;
      outsideBytes += outside;
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const place = kind.count <= picksOfKind ? kind.count - 1 : state % kind.count;
      if (place < picksOfKind) kind.picks[place] = address;
    });
  }
  function newKind(klass: number): RubyKind | null {
    if (!isAddress(klass) || numbers.add(klass) < 0) return null;
    const kind = { klass, count: 0, bytes: 0, picks: [] };
    kinds.push(kind);
    return kind;
  }
  return { kinds: new Map(kinds.map((kind) => [kind.klass, kind])), pages, classes, ranges, outsideBytes, own };
}

function isClass(type: number): boolean {
  return type === rubyType.class || type === rubyType.module;
}

/** Not what Ruby itself makes of code. */
function isOfProgram(type: number): boolean {
  return type === rubyType.object || type === rubyType.symbol || (type >= rubyType.string && type <= 0x0f);
}

/** What an object has beside its slot. */
function outsideBytesOf(flags: number, page: PageReader, half: number): number {
  const type = flags & 31;
  const isEmbedded = (flags & rubyFlag.embedded) !== 0;
  if (type === rubyType.string && isEmbedded) return Math.min(page.word(half + 4), 2 ** 32);
  if (type === rubyType.array && !isEmbedded) return Math.min(page.word(half + 4) * 8, 2 ** 32);
  if (type === rubyType.object && !isEmbedded) return (page.halves[half + 4] ?? 0) * 8;
  return 0;
}
