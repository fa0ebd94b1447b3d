/** What JavaScript calls the objects of a map: the function that made them and their first properties. */
import { type HeapWindows, wordIn } from '../heapWindows.ts';
import type { V8Layout } from './v8Constants.ts';

const mostNameBytes = 100;
const mostShown = 5;
const mostBack = 100;
const descriptorBytes = 24;
const scopeWords = 24;

export class V8Names {
  readonly #windows: HeapWindows;
  readonly #layout: V8Layout;

  constructor(windows: HeapWindows, layout: V8Layout) {
    this.#windows = windows;
    this.#layout = layout;
  }

  /** `RequestContext {id, url}`. */
  type(map: number): string {
    const keys = this.#keys(map);
    const name = this.#constructorName(map) ?? 'Object';
    return keys.length === 0 ? name : `${name} {${keys.join(', ')}}`;
  }

  #instanceType(object: number): number {
    return this.#windows.piece(this.#windows.word(object - 1) - 1 + this.#layout.instanceTypeAt, 2)?.readUInt16LE(0) ?? -1;
  }

  /** Null of what is no plain name. */
  #name(object: number): string | null {
    if ((object & 3) !== 1) return null;
    const type = this.#instanceType(object);
    if (type < 0 || type >= this.#layout.firstNonString || (type & 7) !== 0 || (type & 8) === 0) return null;
    const length = this.#windows.piece(object - 1 + this.#layout.stringLengthAt, 4)?.readInt32LE(0) ?? 0;
    if (length <= 0 || length > mostNameBytes) return null;
    const text = this.#windows.piece(object - 1 + this.#layout.stringCharsAt, length)?.toString('latin1') ?? '';
    return /^[\w$.]+$/.test(text) ? text : null;
  }

  #constructorName(map: number): string | null {
    let at = map;
    for (let back = 0; back < mostBack; back += 1) {
      at = this.#windows.word(at - 1 + this.#layout.constructorAt);
      if (this.#instanceType(at) !== this.#layout.mapType) break;
    }
    const shared = this.#windows.word(at - 1 + this.#layout.functionSharedAt);
    const name = this.#windows.word(shared - 1 + this.#layout.sharedNameAt);
    return this.#name(name) ?? this.#nameInScope(name);
  }

  #nameInScope(scope: number): string | null {
    const piece = Buffer.from(this.#windows.piece(scope - 1, scopeWords * 8) ?? []);
    // Flags, parameters and locals come first, and the names of the locals, each with a word on it.
    const locals = piece.length === 0 ? 0 : piece.readInt32LE(28);
    const from = 4 + (locals > 0 && locals < 8 ? locals * 2 : 0);
    for (let word = from; word < Math.min(from + 6, piece.length / 8); word += 1) {
      const name = this.#name(wordIn(piece, word * 8));
      if (name !== null) return name;
    }
    return null;
  }

  #keys(map: number): string[] {
    const { bitField3At, ownDescriptorsMask, ownDescriptorsShift, descriptorsAt, descriptorsHeaderBytes } = this.#layout;
    const bits = this.#windows.piece(map - 1 + bitField3At, 4)?.readUInt32LE(0) ?? 0;
    const own = (bits & ownDescriptorsMask) >>> ownDescriptorsShift;
    const descriptors = this.#windows.word(map - 1 + descriptorsAt);
    return Array.from({ length: Math.min(own, mostShown) }).flatMap((_, index) => {
      return this.#name(this.#windows.word(descriptors - 1 + descriptorsHeaderBytes + index * descriptorBytes)) ?? [];
    });
  }
}
