/** From addresses to addresses, 24 bytes an entry: a Map of JavaScript needs three times that. 0 is no key. */
export class AddressMap {
  #keys = new Float64Array(1 << 12);
  #values = new Float64Array(1 << 12);
  #size = 0;

  set(key: number, value: number): void {
    if (this.#size * 2 >= this.#keys.length) this.#grow();
    const place = this.#place(key);
    if (this.#keys[place] === 0) this.#size += 1;
    this.#keys[place] = key;
    this.#values[place] = value;
  }

  get(key: number): number | undefined {
    const place = this.#place(key);
    return this.#keys[place] === key ? this.#values[place] : undefined;
  }

  #place(key: number): number {
    const last = this.#keys.length - 1;
    let place = (Math.imul((key / 8) >>> 0, 0x9e37_79b1) >>> 7) & last;
    while (this.#keys[place] !== 0 && this.#keys[place] !== key) place = (place + 1) & last;
    return place;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Float64Array(keys.length * 2);
    this.#values = new Float64Array(keys.length * 2);
    this.#size = 0;
    for (const [place, key] of keys.entries()) if (key !== 0) this.set(key, values[place] ?? 0);
  }
}
