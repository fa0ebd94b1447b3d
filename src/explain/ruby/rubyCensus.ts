/** One look at the heap of a Ruby program: how many objects of each class there are, what they take, and of each some at random. */
import { AddressNumbers } from '../addressNumbers.ts';
import { heapPages, type RubyPage, SlotReader } from './rubyHeap.ts';
import { isAddress, type RubyValues, rubyFlag, rubyType } from './rubyValues.ts';

/** In a large heap what grows is a small part, which is not seen among few. */
const [fewestPicks, mostPicks] = [240, 960];
const slotsOfPick = 10_000;
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
  /** What all objects have beside their slots. */
  outsideBytes: number;
}

export function takeRubyCensus(values: RubyValues): RubyCensus {
  const pages = heapPages(values);
  const picksOfKind = Math.min(
    mostPicks,
    Math.max(fewestPicks, Math.floor(pages.reduce((sum, page) => sum + page.slots, 0) / slotsOfPick)),
  );
  const slots = new SlotReader(values);
  const kinds = new Kinds();
  const classes: number[] = [];
  let outsideBytes = 0;
  let state = 0x9e37_79b9;
  for (const page of pages) {
    const filled = slots.read(page);
    const slotHalves = page.slotBytes / 4;
    for (let half = 0; half < filled; half += slotHalves) {
      const flags = slots.halves[half] ?? 0;
      if (isClass(flags & 31) && classes.length < mostClasses) classes.push(page.firstSlot + half * 4);
      if (!isOfProgram(flags & 31)) continue;
      const kind = kinds.of(slots.halves[half + 2] ?? 0, slots.halves[half + 3] ?? 0);
      if (kind === null) continue;
      kind.count += 1;
      const outside = outsideBytesOf(flags, slots, half);
      kind.bytes += page.slotBytes + outside;
      outsideBytes += outside;
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const place = kind.count <= picksOfKind ? kind.count - 1 : Math.floor((state / 2 ** 32) * kind.count);
      if (place < picksOfKind) kind.picks[place] = page.firstSlot + half * 4;
    }
  }
  return { kinds: new Map(kinds.all.map((kind) => [kind.klass, kind])), pages, classes, outsideBytes };
}

class Kinds {
  readonly all: RubyKind[] = [];
  readonly #numbers = new AddressNumbers(mostClasses);

  /** By the lower and the higher half of the word where its class is; null when that is none. */
  of(low: number, top: number): RubyKind | null {
    return this.all[this.#numbers.of(low, top)] ?? this.#meet(low + top * 2 ** 32);
  }

  #meet(klass: number): RubyKind | null {
    if (!isAddress(klass) || this.#numbers.add(klass) < 0) return null;
    const kind = { klass, count: 0, bytes: 0, picks: [] };
    this.all.push(kind);
    return kind;
  }
}

function isClass(type: number): boolean {
  return type === rubyType.class || type === rubyType.module;
}

/** Not what Ruby itself makes of code. */
function isOfProgram(type: number): boolean {
  return type === rubyType.object || type === rubyType.symbol || (type >= rubyType.string && type <= 0x0f);
}

/** What an object has beside its slot. One that is written meanwhile may say that it has more than there is. */
function outsideBytesOf(flags: number, { halves }: SlotReader, half: number): number {
  const type = flags & 31;
  const isEmbedded = (flags & rubyFlag.embedded) !== 0;
  const length = halves[half + 4] ?? 0;
  if (type === rubyType.object) return isEmbedded ? 0 : length * 8;
  if (halves[half + 5] !== 0) return 0;
  if (type === rubyType.string) return isEmbedded ? length : 0;
  return type === rubyType.array && !isEmbedded ? length * 8 : 0;
}
