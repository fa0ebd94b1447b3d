/** The memory of a real process with bits flipped by chance: what a census meets when the process writes meanwhile, or wants to mislead it. */
import { type Region, TargetMemory } from '../../explain/targetMemory.ts';

export class FlippedMemory extends TargetMemory {
  readonly #seed: number;
  /** One byte in so many. */
  readonly #oneIn: number;

  constructor(pid: number, seed: number, oneIn: number) {
    super(pid);
    this.#seed = seed;
    this.#oneIn = oneIn;
  }

  override read(address: number, into: Uint8Array): number {
    const got = super.read(address, into);
    // From one flipped byte to the next, the same for the same address.
    for (let at = this.#skip(address); at < got; at += 1 + this.#skip(address + at)) {
      into[at] = (into[at] ?? 0) ^ (1 << (this.#mix(address + at) >>> 29));
      // Now and then a whole word is another one: a length or a link.
      if (this.#mix(address + at + 1) % 4 === 0) into.fill(this.#mix(address + at + 2) & 255, at, Math.min(got, at + 8));
    }
    return got;
  }

  /** Ranges that end in the middle of a page, or are gone. */
  override regions(): Region[] {
    return super.regions().filter(({ start }) => this.#mix(start / 4096) % 64 !== 0);
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
