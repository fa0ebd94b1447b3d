/** Numbers that wait for the turn of a subject, and the rows that there is room for at first: many subjects have no more. */
const mostNumbers = 256;
const fewestRows = 4;

/**
 * Rows that wait for the turn of their subject, which gets many at once: where a thousand subjects take turns row by row, each finds that
 * the others have pushed it out of the processor's cache.
 */
export class RowTurns {
  /** Of each subject: its rows one after the other, the time and then the value in each of `slots`. */
  readonly #packs: Float64Array[] = [];
  /** How many numbers wait in each pack. */
  readonly #lengths: number[] = [];
  readonly #slots: readonly number[];

  /** `slots` are those in which a row may have a value. */
  constructor(slots: readonly number[]) {
    this.#slots = slots;
  }

  /** Returns whether it is the subject's turn. `values` is one for each slot there is. */
  add(subject: number, timeMs: number, values: Float64Array): boolean {
    const slots = this.#slots;
    const rowLength = 1 + slots.length;
    const pack = this.#packs[subject] ?? this.#newPack(subject);
    let at = this.#lengths[subject] ?? 0;
    pack[at] = timeMs;
    at += 1;
    for (let i = 0; i < slots.length; i += 1) {
      pack[at] = values[slots[i] ?? 0] ?? Number.NaN;
      at += 1;
    }
    this.#lengths[subject] = at;
    if (at > mostNumbers - rowLength) return true;
    if (at === pack.length) this.#enlarge(subject, pack);
    return false;
  }

  /** The rows of a subject, oldest first; until the next is added. */
  take(subject: number): Float64Array {
    const rows = this.#packs[subject]?.subarray(0, this.#lengths[subject]) ?? new Float64Array(0);
    this.#lengths[subject] = 0;
    return rows;
  }

  #newPack(subject: number): Float64Array {
    const pack = new Float64Array(fewestRows * (1 + this.#slots.length));
    this.#packs[subject] = pack;
    return pack;
  }

  #enlarge(subject: number, pack: Float64Array): void {
    const larger = new Float64Array(2 * pack.length);
    larger.set(pack);
    this.#packs[subject] = larger;
  }
}
