/** Numbers for addresses, in the order in which they were added. Asked for at most words of a heap: an open table by the lower half of the address. */
import { highHalf } from './heapWindows.ts';

export class AddressNumbers {
  readonly #bits: number;
  /** One more than the number; 0 where there is none. */
  readonly #places: Int32Array;
  readonly #lows: Uint32Array;
  readonly #tops: Uint32Array;
  readonly #most: number;
  count = 0;

  constructor(most: number) {
    this.#most = most;
    this.#bits = Math.max(8, Math.ceil(Math.log2(most)) + 1);
    this.#places = new Int32Array(2 ** this.#bits);
    this.#lows = new Uint32Array(most);
    this.#tops = new Uint32Array(most);
  }

  /** -1: it has one already, or there is no more room. */
  add(address: number): number {
    const [low, top] = [address % highHalf, Math.floor(address / highHalf)];
    if (this.count === this.#most || this.of(low, top) >= 0) return -1;
    let place = this.#placeOf(low);
    while (this.#places[place] !== 0) place = (place + 1) & (this.#places.length - 1);
    this.#lows[this.count] = low;
    this.#tops[this.count] = top;
    this.count += 1;
    this.#places[place] = this.count;
    return this.count - 1;
  }

  /** By the lower and the higher half of the address; -1: none. */
  of(low: number, top: number): number {
    for (let place = this.#placeOf(low); ; place = (place + 1) & (this.#places.length - 1)) {
      const number = (this.#places[place] ?? 0) - 1;
      if (number < 0 || (this.#lows[number] === low && this.#tops[number] === top)) return number;
    }
  }

  /** Addresses are multiples of eight, or one more. */
  #placeOf(low: number): number {
    return Math.imul(low >>> 3, 0x9e37_79b1) >>> (32 - this.#bits);
  }
}
