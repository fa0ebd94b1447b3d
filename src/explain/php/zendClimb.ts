/**
 * Who holds these? From a few blocks up to a variable: in each pass over the heap, all places that point to what was found in the pass
 * before. Nothing is kept of a pass but those places, so that a large heap needs no more memory than a small one.
 */
import { AddressFilter } from '../addressFilter.ts';
import { HeapWindows, highHalf } from '../heapWindows.ts';
import { hugeBlocks } from './hugeBlocks.ts';
import type { KnownChunks } from './zendCensus.ts';
import { chunkBytes, chunksOf, wordAt, ZendChunk, type ZendHeap } from './zendHeap.ts';
import type { ZendRoots } from './zendRoots.ts';
import { isAddress, type ZendArray, type ZendValues, zendType } from './zendValues.ts';

const mostPasses = 12;
const mostHolders = 4;
const mostInFrontier = 4_000;
/** Of what much points to it is enough to find some of it. */
const mostPlaces = 512;

/** Something in the heap on the way from a block to the variable that holds it. */
export interface Holder {
  address: number;
  kind: 'object' | 'array' | 'reference' | 'other' | 'target';
  /** Class of an object. */
  name: string | null;
  /** Of the block that it is in; 0: not known. */
  blockBytes: number;
  /** What holds it, and by what: a property, a key; null where that has no name. */
  heldBy: { holder: Holder; by: string | null }[];
}

/** From the outside in: a variable, then what leads to the target. */
export interface HoldingPath {
  /** Null when no variable was found. */
  root: string | null;
  /** Held by nothing but itself: what led here leads back to what was met before. */
  isCycle: boolean;
  /** Neither by a variable nor by anything else that was not looked for: what held it may have been moved meanwhile. */
  isUnheld: boolean;
  /** From next to the target outwards. */
  steps: { holder: Holder; by: string | null }[];
}

export interface Climb {
  values: ZendValues;
  heap: ZendHeap;
  roots: ZendRoots;
  /** As of the last look. */
  known: KnownChunks;
  /** Addresses of what to start at. */
  targets: readonly number[];
  /** None of them was there at the first look: what reads as it did then holds none. */
  areNew: boolean;
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
  /** Of the blocks that the last pass led to. */
  #arrayOfBlock = new Map<number, number>();

  constructor(request: Climb) {
    this.#request = request;
    for (const address of request.targets) this.#meet(address, 'target', null, 0);
  }

  run(): void {
    for (let pass = 0; pass < mostPasses && this.#frontier.size > 0; pass += 1) {
      if (this.#request.targets.every((target) => this.pathOf(target).root !== null)) return;
      const hits = this.#pass(pass === 0 && this.#request.areNew);
      this.#arrayOfBlock = this.#request.known.arraysIn(new Set(hits.flatMap(({ kind, block }) => (kind === 'other' ? [block] : []))));
      this.#frontier = new Map();
      // What ended functions left on PHP's stack is no holder, and is not to keep a real one out.
      for (const hit of hits) if (this.#isOfValue(hit)) this.#take(hit);
      for (const hit of hits) if (!this.#isOfValue(hit)) this.#take(hit);
    }
  }

  #isOfValue({ kind, block }: Hit): boolean {
    return kind !== 'other' || this.#arrayOfBlock.get(block) !== undefined;
  }

  #meet(address: number, kind: Holder['kind'], name: string | null, blockBytes: number): Holder {
    let holder = this.#known.get(address);
    if (holder === undefined) {
      holder = { address, kind, name, blockBytes, heldBy: [] };
      this.#known.set(address, holder);
      if (!this.#request.roots.has(address) && this.#frontier.size < mostInFrontier) this.#frontier.set(address, holder);
    }
    return holder;
  }

  #pass(onlyChanged: boolean): Hit[] {
    const { values, heap } = this.#request;
    const chunks = new Set(chunksOf(values.memory, heap));
    const huge = hugeBlocks(values, heap);
    const chunk = new ZendChunk(heap);
    return this.#places(onlyChanged).flatMap(({ at, found }) => {
      const inside = at % chunkBytes;
      if (!chunks.has(at - inside)) {
        const around = huge.find(({ address, size }) => at >= address && at < address + size);
        if (around === undefined) return [];
        const { address, size } = around;
        return { found, address, block: address, blockBytes: size, inside: at - address, kind: 'other', name: null, entry: 0 };
      }
      if (chunk.address !== at - inside) chunk.load(values.memory, at - inside);
      const block = chunk.blockAt(inside);
      return block === null ? [] : { found, ...this.#containerOf(chunk, block.offset, block.size, inside) };
    });
  }

  /** Where in memory what is looked for is pointed to, in order. */
  #places(onlyChanged: boolean): { at: number; found: Holder }[] {
    const { known, values } = this.#request;
    const filter = new AddressFilter(this.#frontier.keys());
    const places: { at: number; found: Holder }[] = [];
    const counts = new Map<Holder, number>();
    const windows = new HeapWindows(values.memory);
    windows.each((address, halves, count) => {
      if (onlyChanged && known.isAsAtFirst(address)) return windows.skipTo(address - (address % chunkBytes) + chunkBytes);
      for (let half = 0; half < count; half += 2) {
        const low = halves[half] ?? 0;
        if (!filter.mayHave(low)) continue;
        const found = this.#frontier.get(low + (halves[half + 1] ?? 0) * highHalf);
        const at = address + half * 4;
        const before = found === undefined ? mostPlaces : (counts.get(found) ?? 0);
        if (found === undefined || found.heldBy.length >= mostHolders || before >= mostPlaces || at === found.address) continue;
        counts.set(found, before + 1);
        places.push({ at, found });
      }
    });
    return places;
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
      return { address: block + inObject, block, blockBytes: size, inside: offset - start - inObject, kind: 'object', name, entry };
    }
    const kind = size === 32 && type === zendType.reference ? 'reference' : 'other';
    return { address: block, block, blockBytes: size, inside: offset - start, kind, name: null, entry: 0 };
  }

  #take(hit: Hit): void {
    const { values } = this.#request;
    if (hit.found.heldBy.length >= mostHolders) return;
    if (hit.kind === 'object') {
      if (!values.isOfObject(hit.entry, hit.inside)) return;
      const by = values.properties(hit.entry).get(hit.inside) ?? null;
      this.#hold(hit.found, this.#meet(hit.address, 'object', hit.name, hit.blockBytes), by);
      return;
    }
    const arrayAddress = this.#arrayOfBlock.get(hit.block);
    if (hit.kind === 'other' && arrayAddress !== undefined) {
      const array = values.array(arrayAddress);
      if (array === null) {
        const entry = values.word(arrayAddress + 16);
        this.#hold(hit.found, this.#meet(arrayAddress, 'object', values.className(entry), 0), null);
      } else if (isInUse(values, array, hit.block + hit.inside)) {
        this.#hold(hit.found, this.#meet(arrayAddress, 'array', null, 0), keyAt(values, array, hit.block + hit.inside));
      }
      return;
    }
    // The first word of a free block leads to the next free one, which is as large; that of a heap of SPL leads to its elements.
    const isAlike = hit.found.kind === 'other' && hit.found.blockBytes === hit.blockBytes;
    if (hit.kind === 'other' && hit.inside === 0 && isAlike) return;
    this.#hold(hit.found, this.#meet(hit.address, hit.kind, null, hit.blockBytes), null);
  }

  #hold(held: Holder, holder: Holder, by: string | null): void {
    if (held !== holder) held.heldBy.push({ holder, by });
  }

  /** The shortest way to a variable; without one, the way to where it ends. */
  pathOf(target: number): HoldingPath {
    const start = this.#known.get(target);
    if (start === undefined) return { root: null, isCycle: false, isUnheld: false, steps: [] };
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
    const isUnheld = root === null && this.#frontier.size === 0;
    return { root, isCycle: isUnheld && isCycle, isUnheld, steps };
  }
}

/** A pointer to something that was looked for. */
interface Hit {
  found: Holder;
  /** Of the object, or the block. */
  address: number;
  block: number;
  blockBytes: number;
  /** Where the pointer is, from the address of the object or block. */
  inside: number;
  kind: 'object' | 'reference' | 'other';
  name: string | null;
  entry: number;
}

/** What was taken out of an array stays written there, without a type. */
function isInUse(values: ZendValues, { data, used, elementBytes }: ZendArray, address: number): boolean {
  if (address < data || address >= data + used * elementBytes) return false;
  const type = values.bytes(address - ((address - data) % elementBytes) + 8, 1)?.[0];
  return type !== undefined && type !== 0;
}

/** Only of short arrays: in a long one, which element it is says nothing. */
function keyAt(values: ZendValues, array: ZendArray, address: number): string | null {
  if (array.count > 32 || array.packed) return null;
  const place = Math.floor((address - array.data) / array.elementBytes);
  const key = values.word(array.data + place * array.elementBytes + 24);
  return values.name(key);
}
