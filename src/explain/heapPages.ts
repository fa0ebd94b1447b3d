/** Small pieces of the memory of a process, page by page: what lies beside one that was asked for is mostly asked for next. */
import { HeapWindows, wordIn } from './heapWindows.ts';

const pageBytes = 4096;
const mostPages = 4_096;

export class HeapPages extends HeapWindows {
  readonly #pages = new Map<number, Buffer | null>();
  /** Of the pages, and of those before: what is read one after the other is much, and need not be collected. */
  readonly #buffers: Buffer[] = [];
  #used = 0;

  /** The process has gone on: what comes next is read anew. */
  forget(): void {
    this.#pages.clear();
    this.#used = 0;
  }

  override piece(address: number, length: number): Buffer | null {
    const at = address % pageBytes;
    if (at + length > pageBytes) return super.piece(address, length);
    return this.#page(address - at)?.subarray(at, at + length) ?? null;
  }

  override word(address: number): number {
    const at = address % pageBytes;
    const page = at + 8 > pageBytes || !Number.isSafeInteger(address) || address < pageBytes ? null : this.#page(address - at);
    return page === null ? super.word(address) : wordIn(page, at);
  }

  #page(address: number): Buffer | null {
    const known = this.#pages.get(address);
    if (known !== undefined) return known;
    if (this.#pages.size >= mostPages) this.forget();
    const read = super.piece(address, pageBytes);
    const page = read === null ? null : this.#buffer();
    if (page !== null) read?.copy(page);
    this.#pages.set(address, page);
    return page;
  }

  #buffer(): Buffer {
    const buffer = this.#buffers[this.#used] ?? Buffer.alloc(pageBytes);
    this.#buffers[this.#used] = buffer;
    this.#used += 1;
    return buffer;
  }
}
