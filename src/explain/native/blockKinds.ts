/** Blocks that count as one kind: of one size, with the same sort of word at their beginning. */
const exactTo = 1024;
/** All larger ones are one size: few blocks of a size say nothing about it. */
export const largeBlock = 65_536;

export class BlockKinds {
  readonly #ids = new Map<number, number>();
  readonly sizes: number[] = [];
  readonly words: number[] = [];

  idOf(size: number, word: number): number {
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

  get count(): number {
    return this.sizes.length;
  }
}

/** Exact when small, else to an eighth of the power of two above. */
function sizeClass(size: number): number {
  if (size <= exactTo) return size;
  if (size >= largeBlock) return largeBlock;
  const step = 2 ** (Math.floor(Math.log2(size)) - 3);
  return Math.ceil(size / step) * step;
}
