/**
 * A list in which each object holds the next. To follow it from one to the other takes as many passes as it is long: who holds whom among all of
 * a class is read at once, and the variable that has the first one is found by asking some objects of each other class.
 */
import { AddressNumbers } from '../addressNumbers.ts';
import { type RubyPage, SlotReader } from './rubyHeap.ts';
import { rangeOf } from './rubyOwners.ts';
import { isAddress, type RubyValues, rubyFlag, rubyType, wordIn } from './rubyValues.ts';

const mostMembers = 8_000_000;
const asksOfClass = 16;
/** What is added while the list is read is before its first, and parts it near there: after so many in one part there are no more. */
const [mostAdded, enoughInPart] = [100_000, 256];
const roomForMore = 1.25;
const mostValueBytes = 512;

export interface ChainHead {
  holder: number;
  /** Of the variable. */
  index: number;
  at: number;
}

type VisitObject = (address: number, isMember: boolean, klass: number, slots: SlotReader, half: number, endHalf: number) => void;

export class RubyChain {
  readonly #values: RubyValues;
  readonly #klass: number;
  readonly #members: AddressNumbers;
  /** Of each its number, that of the one that holds it; -1: none of them does. */
  readonly #holders: Int32Array;
  /** By the number of the first. */
  readonly #heads = new Map<number, ChainHead>();

  constructor(values: RubyValues, pages: readonly RubyPage[], klass: number, count: number) {
    const most = Math.min(mostMembers, Math.ceil(count * roomForMore) + mostAdded);
    this.#values = values;
    this.#klass = klass;
    this.#members = new AddressNumbers(most);
    this.#holders = new Int32Array(most).fill(-1);
    this.#eachObject(pages, (address, isMember) => {
      if (isMember) this.#members.add(address);
    });
    this.#findHolders(pages);
  }

  /** The variable that has the first of the list that this one is in; null where none was found. */
  headOf(address: number): ChainHead | null {
    const number = this.#numberOf(address);
    return number < 0 ? null : (this.#heads.get(this.#firstFrom(number)) ?? null);
  }

  #numberOf(address: number): number {
    return this.#members.of(address % 2 ** 32, Math.floor(address / 2 ** 32));
  }

  #firstFrom(number: number): number {
    let first = number;
    let steps = 0;
    for (let next = this.#holders[first] ?? -1; next >= 0 && steps <= this.#members.count; next = this.#holders[first] ?? -1) {
      first = next;
      steps += 1;
    }
    if (steps > this.#members.count) return number;
    // Those on the way are at the first at once when they are asked for next.
    for (let at = number; at !== first; ) {
      const next = this.#holders[at] ?? first;
      this.#holders[at] = first;
      at = next;
    }
    return first;
  }

  #findHolders(pages: readonly RubyPage[]): void {
    const found: { value: number; head: ChainHead }[] = [];
    const asked = new Map<number, number>();
    this.#eachObject(pages, (address, isMember, klass, slots, half, endHalf) => {
      if (isMember) {
        this.#findHeld(address, slots, half, endHalf);
        return;
      }
      const times = asked.get(klass) ?? 0;
      if (times >= asksOfClass) return;
      asked.set(klass, times + 1);
      this.#eachValue(address, (value, index, at) => {
        if (this.#isOfClass(value)) found.push({ value, head: { holder: address, index, at } });
      });
    });
    for (const { value, head } of found) this.#followHead(value, head);
  }

  #findHeld(address: number, slots: SlotReader, half: number, endHalf: number): void {
    const own = this.#numberOf(address);
    const hold = (number: number) => {
      if (own >= 0 && number >= 0 && number !== own) this.#holders[number] = own;
    };
    if (((slots.halves[half] ?? 0) & rubyFlag.embedded) === 0) {
      this.#eachValue(address, (value) => hold(this.#numberOf(value)));
      return;
    }
    for (let at = half + 4; at < endHalf; at += 2) {
      const [low, top] = [slots.halves[at] ?? 0, slots.halves[at + 1] ?? 0];
      if (top !== 0 && low % 8 === 0) hold(this.#members.of(low, top));
    }
  }

  #followHead(value: number, head: ChainHead): void {
    let part = -1;
    let inPart = 0;
    for (let at = value, step = 0; step < mostAdded && inPart < enoughInPart && this.#isOfClass(at); step += 1) {
      const number = this.#numberOf(at);
      const first = number < 0 ? -1 : this.#firstFrom(number);
      if (first >= 0) this.#heads.set(first, head);
      inPart = first >= 0 && first === part ? inPart + 1 : 0;
      part = first;
      let next = 0;
      this.#eachValue(at, (each) => {
        if (next === 0 && this.#isOfClass(each)) next = each;
      });
      at = next;
    }
  }

  #isOfClass(value: number): boolean {
    return isAddress(value) && this.#values.word(value + 8) === this.#klass;
  }

  #eachObject(pages: readonly RubyPage[], use: VisitObject): void {
    const slots = new SlotReader(this.#values);
    for (const page of pages) {
      const filled = slots.read(page);
      const slotHalves = page.slotBytes / 4;
      for (let half = 0; half < filled; half += slotHalves) {
        if (((slots.halves[half] ?? 0) & 31) !== rubyType.object) continue;
        const klass = slots.word(half + 2);
        use(page.firstSlot + half * 4, klass === this.#klass, klass, slots, half, half + slotHalves);
      }
    }
  }

  #eachValue(object: number, use: (value: number, index: number, at: number) => void): void {
    const slot = this.#values.bytes(object, 40);
    if (slot === null) return;
    const isEmbedded = (slot.readUInt32LE(0) & rubyFlag.embedded) !== 0;
    const range = isEmbedded ? { start: object + 16, end: object + slot.length } : rangeOf(this.#values, object);
    if (range === null) return;
    const bytes = this.#values.bytes(range.start, Math.min(range.end - range.start, mostValueBytes));
    for (let offset = 0; bytes !== null && offset + 8 <= bytes.length; offset += 8) {
      const value = wordIn(bytes, offset);
      if (isAddress(value)) use(value, offset / 8, range.start + offset);
    }
  }
}
