const partBits = 20;
export const partLength = 1 << partBits;
const partMask = partLength - 1;

/** Numbers of 32 bits one after the other, in parts: nothing is copied when it grows, and what was taken for it serves again once it is emptied. */
export class LongList {
  readonly #parts: Uint32Array[] = [];
  length = 0;
  #part: Uint32Array = new Uint32Array(0);

  clear(): void {
    this.length = 0;
  }

  push(value: number): void {
    const at = this.length & partMask;
    if (at === 0) this.#part = this.#parts[this.length >>> partBits] ?? this.#take();
    this.#part[at] = value;
    this.length += 1;
  }

  /** So many, whatever they are. */
  resize(length: number): void {
    while (this.#parts.length * partLength < length) this.#take();
    this.length = length;
  }

  set(index: number, value: number): void {
    const part = this.#parts[index >>> partBits];
    if (part !== undefined) part[index & partMask] = value;
  }

  #take(): Uint32Array {
    const part = new Uint32Array(partLength);
    this.#parts.push(part);
    return part;
  }

  at(index: number): number {
    return this.#parts[index >>> partBits]?.[index & partMask] ?? 0;
  }

  /** Zeros in place of those from `index` to `end`. */
  clearFrom(index: number, end: number): void {
    for (let at = index; at < end; at += 1) this.set(at, 0);
  }

  /** Those of `index` and after it that lie together. */
  partFrom(index: number, end: number): Uint32Array {
    const at = index & partMask;
    return (this.#parts[index >>> partBits] ?? new Uint32Array(0)).subarray(at, Math.min(partLength, at + end - index));
  }

  /** Index of the last that is not more, of a list in order from `start` to `end`; one before the start: all are more. */
  lastAtMost(value: number, start = 0, end = this.length): number {
    let [low, high] = [start, end];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
