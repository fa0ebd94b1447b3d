/** Which words may be one of some addresses, at a glance: a bit for the lower ones of each. As much as the nearest cache has. */

const mask = (1 << 13) - 1;

export class AddressFilter {
  readonly #bits = new Int32Array(mask + 1);

  constructor(addresses: Iterable<number> = []) {
    for (const address of addresses) this.add(address);
  }

  add(address: number): void {
    const low = address % 2 ** 32;
    const place = placeOf(low);
    this.#bits[place] = (this.#bits[place] ?? 0) | (1 << ((low >>> 3) & 31));
  }

  /** By the lower half of the word. */
  mayHave(low: number): boolean {
    return (((this.#bits[placeOf(low)] ?? 0) >>> ((low >>> 3) & 31)) & 1) !== 0;
  }
}

/** Not by the lower bits alone: where a heap's largest pieces begin these are all zero, and so are most words. */
function placeOf(low: number): number {
  return ((low >>> 8) ^ (low >>> 21)) & mask;
}
