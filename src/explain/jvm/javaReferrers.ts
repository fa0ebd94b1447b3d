import { type LongList, partLength } from './longList.ts';

/** Parts of the heap are at least so large, in units of a reference, and not more than so many. */
const leastPartBits = 8;
const mostParts = 2 ** 22;

/** References by where in the heap they lead to, so that those to one object are found without a look at all. */
export class JavaReferrers {
  readonly #references: LongList;
  readonly #partBits: number;
  /** Where in `#indexes` those to each part end. */
  readonly #ends: Uint32Array;
  /** Of `#references`, those to one part after those to the part before; of a part, in their order. */
  readonly #indexes: LongList;

  /**
   * `references`: of each the unit that it leads to, 0 of those that lead nowhere; none is more than `mostUnit`. `indexes`: what was kept in it is
   * gone.
   */
  constructor(references: LongList, indexes: LongList, mostUnit: number) {
    this.#references = references;
    this.#indexes = indexes;
    this.#partBits = Math.max(leastPartBits, Math.ceil(Math.log2(mostUnit / mostParts)));
    const starts = new Uint32Array(Math.floor(mostUnit / 2 ** this.#partBits) + 2);
    this.#each((unit) => {
      const next = (unit >>> this.#partBits) + 1;
      starts[next] = (starts[next] ?? 0) + 1;
    });
    for (let part = 1; part < starts.length; part += 1) starts[part] = (starts[part] ?? 0) + (starts[part - 1] ?? 0);
    indexes.resize(starts.at(-1) ?? 0);
    this.#each((unit, index) => {
      const part = unit >>> this.#partBits;
      const at = starts[part] ?? 0;
      indexes.set(at, index);
      starts[part] = at + 1;
    });
    this.#ends = starts;
  }

  #each(use: (unit: number, index: number) => void): void {
    const { length } = this.#references;
    for (let first = 0; first < length; first += partLength) {
      const part = this.#references.partFrom(first, length);
      for (let at = 0; at < part.length; at += 1) {
        const unit = part[at] ?? 0;
        if (unit !== 0) use(unit, first + at);
      }
    }
  }

  /** Calls `use`, until that says false, with the index of each reference to this unit. */
  to(unit: number, use: (index: number) => boolean): void {
    const part = unit >>> this.#partBits;
    const end = this.#ends[part] ?? 0;
    for (let at = part === 0 ? 0 : (this.#ends[part - 1] ?? 0); at < end; at += 1) {
      const index = this.#indexes.at(at);
      if (this.#references.at(index) === unit && !use(index)) return;
    }
  }
}
