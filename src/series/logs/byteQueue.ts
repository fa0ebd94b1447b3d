/** Bytes that came and were not taken yet, in one piece. What the queue holds is bounded by whoever takes from it. */
const firstCapacity = 64 * 1024;

export class ByteQueue {
  #bytes = new Uint8Array(firstCapacity);
  #from = 0;
  #to = 0;

  get length(): number {
    return this.#to - this.#from;
  }

  push(chunk: Uint8Array): void {
    if (this.#to + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length);
    this.#bytes.set(chunk, this.#to);
    this.#to += chunk.length;
  }

  /** The first `count` bytes, which must be there; good until the next `push`. */
  first(count: number): Uint8Array {
    return this.#bytes.subarray(this.#from, this.#from + Math.min(count, this.length));
  }

  drop(count: number): void {
    this.#from += Math.min(count, this.length);
  }

  #makeRoom(more: number): void {
    const { length } = this;
    const needed = length + more;
    const bytes = needed > this.#bytes.length ? new Uint8Array(Math.max(needed, 2 * this.#bytes.length)) : this.#bytes;
    bytes.set(this.#bytes.subarray(this.#from, this.#to));
    this.#bytes = bytes;
    this.#from = 0;
    this.#to = length;
  }
}
