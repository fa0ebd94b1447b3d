/** One growing run of bytes in a `PageArena`. */
export interface PagedLog {
  head: number;
  tail: number;
  length: number;
}

export const emptyLog = (): PagedLog => ({ head: -1, tail: -1, length: 0 });

const pageBytes = 128;
const pagesPerBlock = 512;

/**
 * Many small logs that grow side by side, in pages of one pool. Pages that are given back are used again, so the memory of
 * the daemon stays flat however many processes come and go.
 */
export class PageArena {
  readonly #blocks: Uint8Array[] = [];
  #nextPage = new Int32Array(0);
  #firstFree = -1;
  usedPages = 0;

  get usedBytes(): number {
    return this.usedPages * pageBytes;
  }

  /** What the pool takes, used or not. */
  get reservedBytes(): number {
    return this.#blocks.length * pageBytes * pagesPerBlock;
  }

  append(log: PagedLog, bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const used = log.length % pageBytes;
      if (used === 0) this.#addPage(log);
      const count = Math.min(pageBytes - used, bytes.length - at);
      const { block, from } = this.#place(log.tail);
      for (let index = 0; index < count; index += 1) block[from + used + index] = bytes[at + index] ?? 0;
      log.length += count;
      at += count;
    }
  }

  /** A copy of the whole log. */
  read(log: PagedLog): Uint8Array {
    const bytes = new Uint8Array(log.length);
    let page = log.head;
    for (let at = 0; at < log.length; at += pageBytes) {
      const { block, from } = this.#place(page);
      bytes.set(block.subarray(from, from + Math.min(pageBytes, log.length - at)), at);
      page = this.#nextPage[page] ?? -1;
    }
    return bytes;
  }

  release(log: PagedLog): void {
    if (log.head >= 0) {
      this.usedPages -= Math.ceil(log.length / pageBytes);
      this.#nextPage[log.tail] = this.#firstFree;
      this.#firstFree = log.head;
    }
    log.head = -1;
    log.tail = -1;
    log.length = 0;
  }

  #addPage(log: PagedLog): void {
    if (this.#firstFree < 0) this.#addBlock();
    const page = this.#firstFree;
    this.#firstFree = this.#nextPage[page] ?? -1;
    this.#nextPage[page] = -1;
    if (log.tail >= 0) this.#nextPage[log.tail] = page;
    else log.head = page;
    log.tail = page;
    this.usedPages += 1;
  }

  #addBlock(): void {
    const first = this.#blocks.length * pagesPerBlock;
    this.#blocks.push(new Uint8Array(pageBytes * pagesPerBlock));
    const grown = new Int32Array(first + pagesPerBlock);
    grown.set(this.#nextPage);
    for (let page = first; page < grown.length - 1; page += 1) grown[page] = page + 1;
    grown[grown.length - 1] = this.#firstFree;
    this.#nextPage = grown;
    this.#firstFree = first;
  }

  #place(page: number): { block: Uint8Array; from: number } {
    const block = this.#blocks[Math.floor(page / pagesPerBlock)];
    if (block === undefined) throw new RangeError(`page ${page} is not in the arena`);
    return { block, from: (page % pagesPerBlock) * pageBytes };
  }
}
