/** Blocks that count as one kind: of one size, with the same sort of word at their beginning. */
const exactTo = 1024;
const smallSizes = exactTo / 16 + 1;
/** All larger ones are one size: few blocks of a size say nothing about it. */
export const largeBlock = 65_536;

export class BlockKinds {
  readonly #ids = new Map<number, number>();
  /** Of small sizes, by word and size, one more than the id; 0 where there is none yet. */
  #small = new Int32Array(32 * smallSizes);
  readonly sizes: number[] = [];
  readonly words: number[] = [];

  idOf(size: number, word: number): number {
    if (size > exactTo || size % 16 !== 0) return this.#idOfAny(size, word);
    const at = word * smallSizes + (size >>> 4);
    const known = at < this.#small.length ? (this.#small[at] ?? 0) : 0;
    if (known !== 0) return known - 1;
    const id = this.#idOfAny(size, word);
    if (at >= this.#small.length) {
      const larger = new Int32Array(2 * at);
      larger.set(this.#small);
      this.#small = larger;
    }
    this.#small[at] = id + 1;
    return id;
  }

  #idOfAny(size: number, word: number): number {
    const rounded = sizeClass(size);
    const key = word * 2 ** 32 + rounded;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.sizes.length;
      this.#ids.set(key, id);
      this.sizes.push(rounded);
      this.words.push(word);
    }
    return id;
  }

  /** Where less than the smallest block would be left over, malloc gives it with the one that was asked for: such kinds may be of one type. */
  areAlike(kind: number, other: number): boolean {
    if (this.words[kind] !== this.words[other]) return false;
    const [size, otherSize] = [this.sizes[kind] ?? 0, this.sizes[other] ?? 0];
    return otherSize === sizeClass(size - 16) || otherSize === sizeClass(size) || otherSize === sizeClass(size + 16);
  }

  /** All that may be of one type with it. */
  alike(kind: number): ReadonlySet<number> {
    return new Set([...this.sizes.keys()].filter((each) => this.areAlike(kind, each)));
  }

  get count(): number {
    return this.sizes.length;
  }
}

/** Exact when small, else to an eighth of the power of two above. */
export function sizeClass(size: number): number {
  if (size <= exactTo) return size;
  if (size >= largeBlock) return largeBlock;
  const step = 2 ** (Math.floor(Math.log2(size)) - 3);
  return Math.ceil(size / step) * step;
}
