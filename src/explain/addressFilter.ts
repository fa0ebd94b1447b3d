/** Which words may be one of some addresses, at a glance: a bit for the lower ones of each. As much as the nearest cache has. */

const mask = (1 << 13) - 1;

export class AddressFilter {
  readonly #bits = new Int32Array(mask + 1);
  #leastTop = 0xffff_ffff;
  #mostTop = 0;

  constructor(addresses: Iterable<number> = []) {
    for (const address of addresses) this.add(address);
  }

  add(address: number): void {
    const low = address % 2 ** 32;
    const top = (address - low) / 2 ** 32;
    this.#leastTop = Math.min(this.#leastTop, top);
    this.#mostTop = Math.max(this.#mostTop, top);
    const place = placeOf(low);
    this.#bits[place] = (this.#bits[place] ?? 0) | (1 << ((low >>> 3) & 31));
  }

  /** By the lower half of the word. */
  mayHave(low: number): boolean {
    return (((this.#bits[placeOf(low)] ?? 0) >>> ((low >>> 3) & 31)) & 1) !== 0;
  }

  /** By the higher half, of what passes by the lower: most of that are numbers and bits. */
  mayHaveTop(top: number): boolean {
    return top >= this.#leastTop && top <= this.#mostTop;
  }
}

/** Not by the lower bits alone: where a heap's largest pieces begin these are all zero, and so are most words. */
function placeOf(low: number): number {
  return ((low >>> 8) ^ (low >>> 21)) & mask;
}
