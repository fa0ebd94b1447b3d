/**
 * The memory of a real process with bits flipped by a seed: what a census meets when the process writes meanwhile, or wants to mislead it. Where they are
 * is told by the mapping and the place in it, which are the same wherever the kernel has put it.
 */
import { type Region, TargetMemory } from '../../explain/targetMemory.ts';

export class FlippedMemory extends TargetMemory {
  readonly #seed: number;
  /** One byte in so many. */
  readonly #oneIn: number;
  /** In the order of addresses, as they were at the beginning. */
  readonly #mapped: readonly Region[];

  constructor(pid: number, seed: number, oneIn: number) {
    super(pid);
    this.#mapped = super.regions();
    this.#seed = seed;
    this.#oneIn = oneIn;
  }

  override read(address: number, into: Uint8Array): number {
    const got = super.read(address, into);
    const place = this.#placeOf(address);
    // From one flipped byte to the next, the same for the same place.
    for (let at = this.#skip(place); at < got; at += 1 + this.#skip(place + at)) {
      into[at] = (into[at] ?? 0) ^ (1 << (this.#mix(place + at) >>> 29));
      // Now and then a whole word is another one: a length or a link.
      if (this.#mix(place + at + 1) % 4 === 0) into.fill(this.#mix(place + at + 2) & 255, at, Math.min(got, at + 8));
    }
    return got;
  }

  /** Ranges that end in the middle of a page, or are gone. */
  override regions(): Region[] {
    return super.regions().filter(({ start }) => this.#mix(this.#placeOf(start)) % 64 !== 0);
  }

  #placeOf(address: number): number {
    let [low, high] = [0, this.#mapped.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((this.#mapped[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle - 1;
    }
    return Math.imul(high + 1, 0x0100_0193) + address - (this.#mapped[high]?.start ?? 0);
  }

  #skip(at: number): number {
    return this.#mix(at) % (2 * this.#oneIn);
  }

  #mix(value: number): number {
    let mixed = Math.imul((value ^ this.#seed) >>> 0, 0x9e37_79b1);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b);
    return (mixed ^ (mixed >>> 13)) >>> 0;
  }
}
