/** What lies in one window of the memory of a Ruby process: pages of its heap, what is in them by class, and of each class some. */
import { AddressNumbers } from '../addressNumbers.ts';
import type { RubyPage } from './rubyHeap.ts';
import { hasTable, OwnedBlocks, readOwnPlace } from './rubyOwners.ts';
import type { RubyShapes } from './rubyShapes.ts';
import { isAddress, rubyFlag, rubyType } from './rubyValues.ts';

const mostClasses = 100_000;
/** Of a pick: its place in the window in words, and behind it the number of its class. */
const placeBits = 13;
const markBits = 31;
const largeBytes = 4096;
/** A bit for each type. */
const sortOfArray = 1 << rubyType.array;
const sortsOfClass = (1 << rubyType.class) | (1 << rubyType.module);
/** Not what Ruby itself makes of code: from texts to complex numbers. */
const sortsOfProgram = (1 << rubyType.object) | (1 << rubyType.symbol) | (0x7ff << rubyType.string);
const sortsWithPlace =
  sortOfArray | (1 << rubyType.object) | (1 << rubyType.hash) | (1 << rubyType.struct) | (1 << rubyType.data) | (1 << rubyType.imemo);

/** Classes by number, the same at all looks at a process. */
export class RubyClasses {
  readonly addresses: number[] = [];
  /** By number: a pick's mark has so many zeros in front. */
  readonly #zeros = new Uint8Array(mostClasses);
  readonly #numbers = new AddressNumbers(mostClasses);

  /** `word`: where the object is. Not more than before. */
  wants(number: number, word: number): boolean {
    return markOf(word) >>> (markBits - (this.#zeros[number] ?? 0)) === 0;
  }

  wantsHalfOf(number: number): void {
    this.#zeros[number] = (this.#zeros[number] ?? 0) + 1;
  }

  /** By the lower and the higher half of the word where its class is; -1: that is none. */
  of(low: number, top: number): number {
    const number = this.#numbers.of(low, top);
    return number >= 0 ? number : this.#meet(low + top * 2 ** 32);
  }

  #meet(address: number): number {
    const number = isAddress(address) ? this.#numbers.add(address) : -1;
    if (number >= 0) this.addresses.push(address);
    return number;
  }
}

export interface RubyPart {
  address: number;
  /** Halves of words that could be read, and what they add up to. */
  filled: number;
  checksum: number;
  pages: readonly RubyPage[];
  /** In turn: number of the class, how many, their bytes. */
  tallies: Float64Array;
  /** What all objects have beside their slots. */
  outsideBytes: number;
  /** Addresses of classes and modules. */
  classes: readonly number[];
  picks: Uint32Array;
  /** Memory outside of their slots. */
  owned: OwnedBlocks;
  /** Addresses of arrays with much in them, and of hashes that may have. */
  large: readonly number[];
}

export class PartTaker {
  readonly #shapes: RubyShapes | null;
  readonly #classes: RubyClasses;
  readonly #mostPicks: number;
  readonly #counts = new Uint32Array(mostClasses);
  readonly #bytes = new Float64Array(mostClasses);
  /** Since there was last more than enough of a class. */
  readonly #picked = new Uint32Array(mostClasses);
  #numbers: number[] = [];
  #picks: number[] = [];

  /** Of a class there are at least half of `mostPicks`, if it has so many, and at most that in what is taken. */
  constructor(shapes: RubyShapes | null, classes: RubyClasses, mostPicks: number) {
    this.#shapes = shapes;
    this.#classes = classes;
    this.#mostPicks = mostPicks;
  }

  take(address: number, halves: Uint32Array, filled: number, pages: readonly RubyPage[]): Omit<RubyPart, 'filled' | 'checksum'> {
    const firstWord = wordOf(address);
    const [classes, large]: [number[], number[]] = [[], []];
    const owned = new OwnedBlocks();
    const place = { start: 0, end: 0 };
    let outsideBytes = 0;
    for (const { firstSlot, slots, slotBytes } of pages) {
      const slotHalves = slotBytes / 4;
      // Of a page of which a part is not in memory, what is behind that.
      const first = (firstSlot - address + Math.max(0, Math.ceil((address - firstSlot) / slotBytes)) * slotBytes) / 4;
      const end = Math.min(filled, (firstSlot - address + slots * slotBytes) / 4) - slotHalves;
      for (let half = first; half <= end; half += slotHalves) {
        const sort = 1 << ((halves[half] ?? 0) & 31);
        if ((sort & sortsOfProgram) !== 0) outsideBytes += this.#take(firstWord, halves, half, slotBytes);
        else if ((sort & sortsOfClass) !== 0) classes.push(address + half * 4);
        if ((sort & sortsWithPlace) === 0) continue;
        if (hasTable(this.#shapes, halves, half)) {
          owned.addAll();
          large.push(address + half * 4);
        } else if (readOwnPlace(this.#shapes, halves, half, place)) {
          owned.add(place);
          if ((sort & sortOfArray) !== 0 && place.end - place.start >= largeBytes) large.push(address + half * 4);
        }
      }
    }
    return { address, pages, outsideBytes, classes, owned, large, ...this.#taken() };
  }

  /** Bytes that it has beside its slot. */
  #take(firstWord: number, halves: Uint32Array, half: number, slotBytes: number): number {
    const number = this.#classes.of(halves[half + 2] ?? 0, halves[half + 3] ?? 0);
    if (number < 0) return 0;
    const outside = outsideBytesOf(this.#shapes, halves, half);
    const count = this.#counts[number] ?? 0;
    if (count === 0) this.#numbers.push(number);
    this.#counts[number] = count + 1;
    this.#bytes[number] = (this.#bytes[number] ?? 0) + slotBytes + outside;
    if (this.#classes.wants(number, firstWord + (half >>> 1))) this.#pick(number, half);
    return outside;
  }

  #pick(number: number, half: number): void {
    this.#picks.push((half >>> 1) + number * 2 ** placeBits);
    const picked = (this.#picked[number] ?? 0) + 1;
    const isEnough = picked === this.#mostPicks;
    if (isEnough) this.#classes.wantsHalfOf(number);
    this.#picked[number] = isEnough ? picked / 2 : picked;
  }

  #taken(): Pick<RubyPart, 'tallies' | 'picks'> {
    const tallies = new Float64Array(this.#numbers.length * 3);
    this.#numbers.forEach((number, index) => {
      tallies.set([number, this.#counts[number] ?? 0, this.#bytes[number] ?? 0], index * 3);
      this.#counts[number] = this.#bytes[number] = 0;
    });
    const picks = Uint32Array.from(this.#picks);
    this.#numbers = [];
    this.#picks = [];
    return { tallies, picks };
  }
}

/** Of each of these classes, by number, those with the lowest marks: mostly the same as in the look before. */
export function picksOf(parts: readonly RubyPart[], classes: RubyClasses, numbers: readonly number[], most: number): Map<number, number[]> {
  const found = new Map(numbers.map((number) => [number, [] as number[]]));
  for (const part of parts) addPicks(found, part, classes);
  const byMark = (a: number, b: number) => markOf(wordOf(a)) - markOf(wordOf(b));
  return new Map([...found].map(([number, picks]) => [number, picks.sort(byMark).slice(0, most)]));
}

function addPicks(found: ReadonlyMap<number, number[]>, { address, picks }: RubyPart, classes: RubyClasses): void {
  for (const pick of picks) {
    const [place, number] = [pick & (2 ** placeBits - 1), pick >>> placeBits];
    // What was picked before there was more than enough may be too much.
    if (found.has(number) && classes.wants(number, wordOf(address) + place)) found.get(number)?.push(address + place * 8);
  }
}

/** The lower bits say enough. */
function wordOf(address: number): number {
  return (address % 2 ** 32) / 8;
}

/** As good as by chance. */
function markOf(word: number): number {
  let mark = Math.imul(word, 0x85eb_ca6b);
  mark = Math.imul(mark ^ (mark >>> 13), 0xc2b2_ae35);
  return (mark ^ (mark >>> 16)) >>> 1;
}

/** What an object has beside its slot. One that is written meanwhile may say that it has more than there is. */
function outsideBytesOf(shapes: RubyShapes | null, halves: Uint32Array, half: number): number {
  const flags = halves[half] ?? 0;
  const type = flags & 31;
  const isEmbedded = (flags & rubyFlag.embedded) !== 0;
  const length = halves[half + 4] ?? 0;
  if (type === rubyType.object) return isEmbedded ? 0 : (shapes?.capacityOf(halves[half + 1] ?? 0) ?? length) * 8;
  if (halves[half + 5] !== 0) return 0;
  if (type === rubyType.string) return isEmbedded ? length : 0;
  return type === rubyType.array && !isEmbedded ? length * 8 : 0;
}
