/**
 * Who holds these? From a few blocks up to a variable: in each pass over the heap, all places that point to what was found in the pass
 * before. Nothing is kept of a pass but those places, so that a large heap needs no more memory than a small one.
 */
import { AddressFilter } from '../addressFilter.ts';
import { AddressMap } from './addressMap.ts';
import { hugeBlocks } from './zendCensus.ts';
import { chunkBytes, chunksOf, wordAt, ZendChunk, type ZendHeap } from './zendHeap.ts';
import type { ZendRoots } from './zendRoots.ts';
import { arrayBytes, dataView, isAddress, parseArray, type ZendArray, type ZendValues, zendType } from './zendValues.ts';

const mostPasses = 12;
const mostHolders = 4;
const mostInFrontier = 4_000;
const mostArrays = 3_000_000;

/** Something in the heap on the way from a block to the variable that holds it. */
export interface Holder {
  address: number;
  kind: 'object' | 'array' | 'reference' | 'other' | 'target';
  /** Class of an object. */
  name: string | null;
  /** What holds it, and by what: a property, a key; null where that has no name. */
  heldBy: { holder: Holder; by: string | null }[];
}

/** From the outside in: a variable, then what leads to the target. */
export interface HoldingPath {
  /** Null when no variable was found. */
  root: string | null;
  /** Held by nothing but itself: what led here leads back to what was met before. */
  isCycle: boolean;
  /** From next to the target outwards. */
  steps: { holder: Holder; by: string | null }[];
}

export interface Climb {
  values: ZendValues;
  heap: ZendHeap;
  roots: ZendRoots;
  /** Addresses of what to start at. */
  targets: readonly number[];
}

export function climb(request: Climb): HoldingPath[] {
  const climber = new Climber(request);
  climber.run();
  return request.targets.map((target) => climber.pathOf(target));
}

class Climber {
  readonly #request: Climb;
  readonly #known = new Map<number, Holder>();
  #frontier = new Map<number, Holder>();
  /** Array by the block that its values lie in. */
  readonly #arrayOfBlock = new AddressMap();
  #arrays = 0;

  constructor(request: Climb) {
    this.#request = request;
    for (const address of request.targets) this.#meet(address, 'target', null);
  }

  run(): void {
    for (let pass = 0; pass < mostPasses && this.#frontier.size > 0; pass += 1) {
      if (this.#request.targets.every((target) => this.pathOf(target).root !== null)) return;
      const hits = this.#pass(pass === 0);
      this.#frontier = new Map();
      // What ended functions left on PHP's stack is no holder, and is not to keep a real one out.
      for (const hit of hits) if (this.#isOfValue(hit)) this.#take(hit);
      for (const hit of hits) if (!this.#isOfValue(hit)) this.#take(hit);
    }
  }

  #isOfValue({ kind, block }: Hit): boolean {
    return kind !== 'other' || this.#arrayOfBlock.get(block) !== undefined;
  }

  #meet(address: number, kind: Holder['kind'], name: string | null): Holder {
    let holder = this.#known.get(address);
    if (holder === undefined) {
      holder = { address, kind, name, heldBy: [] };
      this.#known.set(address, holder);
      if (!this.#request.roots.has(address) && this.#frontier.size < mostInFrontier) this.#frontier.set(address, holder);
    }
    return holder;
  }

  #pass(isFirst: boolean): Hit[] {
    const filter = new AddressFilter(this.#frontier.keys());
    const { values, heap } = this.#request;
    const chunk = new ZendChunk(heap);
    const hits: Hit[] = [];
    for (const address of chunksOf(values.memory, heap)) {
      chunk.load(values.memory, address);
      if (isFirst) this.#indexArrays(chunk);
      this.#search(filter, chunk.words, chunk.address, (offset, found) => {
        const block = chunk.blockAt(offset);
        if (block === null) return;
        hits.push({ found, ...this.#containerOf(chunk, block.offset, block.size, offset) });
      });
    }
    for (const { address, size } of hugeBlocks(values, heap)) {
      for (let piece = address; piece < address + size; piece += chunkBytes) {
        chunk.load(values.memory, piece, Math.min(chunkBytes, address + size - piece));
        this.#search(filter, chunk.words, piece, (offset, found) => {
          hits.push({ found, address, block: address, inside: piece + offset - address, kind: 'other', name: null, entry: 0 });
        });
      }
    }
    return hits;
  }

  #search(filter: AddressFilter, words: Uint32Array, address: number, found: (offset: number, holder: Holder) => void): void {
    for (let word = 0; word < words.length; word += 2) {
      const low = words[word] ?? 0;
      if ((low & 7) !== 0 || !filter.mayHave(low)) continue;
      const holder = this.#frontier.get(low + (words[word + 1] ?? 0) * 2 ** 32);
      if (holder !== undefined && holder.heldBy.length < mostHolders && address + word * 4 !== holder.address) found(word * 4, holder);
    }
  }

  /** All arrays, and those inside of objects of extensions. */
  #indexArrays(chunk: ZendChunk): void {
    const view = dataView(chunk.bytes);
    const { packedAsValues } = this.#request.values;
    chunk.visitBlocks((offset, size) => {
      if (this.#arrays >= mostArrays) return;
      if (size === arrayBytes) {
        const array = parseArray(view, offset, chunk.address + offset, packedAsValues);
        if (array !== null) this.#index(array, array.address);
        return;
      }
      if (size < arrayBytes + 40 || size > 1_024) return;
      const inside = this.#embeddedObject(chunk, offset, size);
      for (let at = 0; at + arrayBytes <= inside; at += 8) {
        const array = parseArray(view, offset + at, chunk.address + offset + at, packedAsValues);
        if (array !== null) this.#index(array, chunk.address + offset + inside);
      }
    });
  }

  #index(array: ZendArray, holder: number): void {
    if (array.blockBytes === 0) return;
    this.#arrays += 1;
    this.#arrayOfBlock.set(array.blockStart, holder);
  }

  /** Where in the block an object begins; -1 where there is none. */
  #embeddedObject(chunk: ZendChunk, offset: number, size: number): number {
    for (let inside = 0; inside + 40 <= Math.min(size, 320); inside += 8) {
      const word = (offset + inside) >>> 2;
      const info = chunk.words[word + 1] ?? 0;
      if ((info & 15) !== zendType.object || chunk.words[word] === 0) continue;
      const entry = wordAt(chunk.bytes, offset + inside + 16);
      if (isAddress(entry) && this.#request.values.className(entry) !== null) return inside;
    }
    return -1;
  }

  #containerOf(chunk: ZendChunk, start: number, size: number, offset: number): Omit<Hit, 'found'> {
    const block = chunk.address + start;
    const type = (chunk.words[(start >>> 2) + 1] ?? 0) & 15;
    const inObject = this.#embeddedObject(chunk, start, size);
    if (inObject >= 0) {
      const entry = wordAt(chunk.bytes, start + inObject + 16);
      const name = this.#request.values.className(entry);
      return { address: block + inObject, block, inside: offset - start - inObject, kind: 'object', name, entry };
    }
    const kind = size === 32 && type === zendType.reference ? 'reference' : 'other';
    return { address: block, block, inside: offset - start, kind, name: null, entry: 0 };
  }

  #take(hit: Hit): void {
    const { values } = this.#request;
    if (hit.found.heldBy.length >= mostHolders) return;
    if (hit.kind === 'object') {
      const by = values.properties(hit.entry).get(hit.inside) ?? null;
      this.#hold(hit.found, this.#meet(hit.address, 'object', hit.name), by);
      return;
    }
    const arrayAddress = this.#arrayOfBlock.get(hit.block);
    if (hit.kind === 'other' && arrayAddress !== undefined) {
      const array = values.array(arrayAddress);
      if (array === null) {
        const entry = values.word(arrayAddress + 16);
        this.#hold(hit.found, this.#meet(arrayAddress, 'object', values.className(entry)), null);
      } else if (hit.block + hit.inside >= array.data && hit.block + hit.inside < array.data + array.used * array.elementBytes) {
        this.#hold(hit.found, this.#meet(arrayAddress, 'array', null), keyAt(values, array, hit.block + hit.inside));
      }
      return;
    }
    // The first word of a free block leads to the next free one.
    if (hit.kind === 'other' && hit.inside === 0 && hit.found.kind === 'other') return;
    this.#hold(hit.found, this.#meet(hit.address, hit.kind, null), null);
  }

  #hold(held: Holder, holder: Holder, by: string | null): void {
    if (held !== holder) held.heldBy.push({ holder, by });
  }

  /** The shortest way to a variable; without one, the way to where it ends. */
  pathOf(target: number): HoldingPath {
    const start = this.#known.get(target);
    if (start === undefined) return { root: null, isCycle: false, steps: [] };
    const cameFrom = new Map<Holder, { below: Holder; by: string | null } | null>([[start, null]]);
    let last = start;
    let isCycle = true;
    for (const holder of cameFrom.keys()) {
      last = holder;
      if (holder.heldBy.length === 0 && holder.kind !== 'other') isCycle = false;
      if (this.#request.roots.has(holder.address)) break;
      for (const { holder: above, by } of holder.heldBy) if (!cameFrom.has(above)) cameFrom.set(above, { below: holder, by });
    }
    const steps: HoldingPath['steps'] = [];
    for (let at = last, from = cameFrom.get(at); from; at = from.below, from = cameFrom.get(at)) steps.unshift({ holder: at, by: from.by });
    const root = this.#request.roots.get(last.address) ?? null;
    return { root, isCycle: root === null && isCycle && this.#frontier.size === 0, steps };
  }
}

/** A pointer to something that was looked for. */
interface Hit {
  found: Holder;
  /** Of the object, or the block. */
  address: number;
  block: number;
  /** Where the pointer is, from the address of the object or block. */
  inside: number;
  kind: 'object' | 'reference' | 'other';
  name: string | null;
  entry: number;
}

/** Only of short arrays: in a long one, which element it is says nothing. */
function keyAt(values: ZendValues, array: ZendArray, address: number): string | null {
  if (array.count > 32 || array.packed) return null;
  const place = Math.floor((address - array.data) / array.elementBytes);
  const key = values.word(array.data + place * array.elementBytes + 24);
  return values.name(key);
}
