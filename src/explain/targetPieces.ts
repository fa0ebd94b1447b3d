/**
 * Pieces of the memory of another process, kept for a while: to go from one object to the next, of which many lie side by side. What is not in
 * memory reads as zeros and is not brought in.
 */
import { highHalf } from './heapWindows.ts';
import { readPresent, type TargetMemory } from './targetMemory.ts';

const pieceBits = 14;
const pieceHalves = 1 << (pieceBits - 2);
const mostPieces = 1 << 10;
const nowhere = 0xffff_ffff;

export class TargetPieces {
  /** Of words, the lower first. */
  readonly halves = new Uint32Array(mostPieces * pieceHalves);
  /** How many pieces were read. */
  reads = 0;
  readonly #bytes = new Uint8Array(this.halves.buffer);
  readonly #memory: Pick<TargetMemory, 'present' | 'read'>;
  /** Of the piece that has the place. */
  readonly #lows = new Uint32Array(mostPieces);
  readonly #tops = new Uint32Array(mostPieces).fill(nowhere);

  constructor(memory: Pick<TargetMemory, 'present' | 'read'>) {
    this.#memory = memory;
  }

  /** Place of the word in `halves`, until the next is asked for. `address`: a multiple of eight. */
  at(address: number): number {
    const low = address >>> 0;
    const top = (address - low) / highHalf;
    const piece = low >>> pieceBits;
    const place = piece & (mostPieces - 1);
    if (this.#lows[place] !== piece || this.#tops[place] !== top) this.#read(place, piece, top);
    return place * pieceHalves + ((low >>> 2) & (pieceHalves - 1));
  }

  /** What is asked for from now on is read anew. */
  forget(): void {
    this.#tops.fill(nowhere);
  }

  #read(place: number, piece: number, top: number): void {
    this.#lows[place] = piece;
    this.#tops[place] = top;
    this.reads += 1;
    const into = this.#bytes.subarray((place * pieceHalves) << 2, ((place + 1) * pieceHalves) << 2);
    readPresent(this.#memory, top * highHalf + piece * (1 << pieceBits), into);
  }
}
