/** Memory of malloc: blocks where it is glibc's, else the C++ objects that can be told by their class. */
import type { GrowingThing } from '../growingThing.ts';
import { type HeapReader, looksOfHeap, type OpenHeap } from '../heapReader.ts';
import type { Region, TargetMemory } from '../targetMemory.ts';
import { allocatorAdvice } from './allocatorAdvice.ts';
import { BlockKinds } from './blockKinds.ts';
import { freeKind } from './chunkTable.ts';
import { type ClassLook, classGrowth, lookAtClasses } from './classCensus.ts';
import { findArenas } from './glibcArenas.ts';
import { type GlibcLook, lookAtGlibc, sampleEvery } from './glibcLook.ts';
import { NativeGrowth } from './nativeGrowth.ts';
import { WordKinds } from './wordKinds.ts';

const headerBytes = 16;

export const openNative: OpenHeap = (memory) => {
  const regions = memory.regions();
  if (regions.length === 0) return null;
  const other = otherAllocator(regions);
  return other === null && findArenas(memory).length > 0 ? new GlibcReader(memory) : new ClassReader(memory, other);
};

/** Only where malloc is glibc's: beside the heap of a runtime, where there is one that is looked at. */
export function openGlibc(memory: TargetMemory, beside: HeapReader | null = null): GlibcReader | null {
  return otherAllocator(memory.regions()) === null && findArenas(memory).length > 0 ? new GlibcReader(memory, false, beside) : null;
}

/** By the libraries that are mapped: one that is linked statically isn't seen. */
function otherAllocator(regions: readonly Region[]): string | null {
  for (const { path } of regions) {
    const name = /\/lib(jemalloc|tcmalloc|mimalloc)[^/]*\.so/.exec(path)?.[1];
    if (name !== undefined) return name;
    if (/\/(?:ld-musl-[^/]*|libc\.musl-[^/]*)\.so|-linux-musl\/libc\.so/.test(path)) return 'musl';
  }
  return null;
}

export class GlibcReader implements HeapReader {
  readonly runtime = 'C, C++ or Rust on glibc';
  readonly #memory: TargetMemory;
  readonly #blocks = new BlockKinds();
  readonly #words: WordKinds;
  readonly #looks: GlibcLook[] = [];
  readonly #every: number;
  readonly #isAlone: boolean;
  readonly #beside: HeapReader | null;
  #grows: NativeGrowth | null = null;

  /** `isAlone`: nothing else of the process is looked at. Else what refers to what is only read where something of malloc's grows. */
  constructor(memory: TargetMemory, isAlone = true, beside: HeapReader | null = null) {
    this.#memory = memory;
    this.#words = new WordKinds(memory);
    this.#every = sampleEvery(writableBytes(memory));
    this.#isAlone = isAlone;
    this.#beside = beside;
  }

  look(): void {
    this.#looks.push(this.#look(this.#isAlone && this.#looks.length === 2));
  }

  #look(withTable: boolean): GlibcLook {
    const kinds = { blocks: this.#blocks, words: this.#words };
    const isOther = (address: number) => this.#beside?.owns?.(address) === true;
    return lookAtGlibc(this.#memory, findArenas, kinds, { every: this.#every, withTable, isOther });
  }

  needsLook(): boolean {
    return this.#looks.length === looksOfHeap && this.#growth()?.needsLook() === true;
  }

  growing(): GrowingThing[] {
    return this.#growth()?.things(this.#looks[looksOfHeap] ?? null) ?? [];
  }

  /** As of the third look. */
  #growth(): NativeGrowth | null {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return null;
    const heap = { memory: this.#memory, blocks: this.#blocks, words: this.#words, follow: () => this.#look(true).following };
    this.#grows ??= new NativeGrowth(heap, [first, second, third], this.#every);
    return this.#grows;
  }

  /** The sizes of blocks that are in use now, as they are told apart, by the address that the program knows; 0 for any that is not. Null: they could not be read. */
  sizesNow(addresses: readonly number[]): number[] | null {
    const table = this.#look(true).following?.table;
    if (table === undefined) return null;
    return addresses.map((address) => {
      const index = table.indexOf(address - headerBytes);
      const isThere = index >= 0 && table.addressOf(index) === address - headerBytes && table.kindOf(index) !== freeKind;
      return isThere ? (this.#blocks.sizes[table.kindOf(index)] ?? 0) : 0;
    });
  }

  notes(): string[] {
    const last = this.#looks.at(-1);
    return last === undefined ? [] : allocatorAdvice(last);
  }
}

class ClassReader implements HeapReader {
  readonly runtime: string;
  readonly isPartial = true;
  readonly #memory: TargetMemory;
  readonly #words: WordKinds;
  readonly #looks: ClassLook[] = [];
  readonly #every: number;

  constructor(memory: TargetMemory, allocator: string | null) {
    this.runtime = allocator === null ? 'native code with an allocator of its own' : `native code on ${allocator}`;
    this.#memory = memory;
    this.#words = new WordKinds(memory);
    this.#every = sampleEvery(writableBytes(memory));
  }

  look(): void {
    this.#looks.push(lookAtClasses(this.#memory, this.#words, this.#every));
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    return first === undefined || second === undefined || third === undefined
      ? []
      : classGrowth(this.#words, [first, second, third], this.#every);
  }

  notes(): string[] {
    return ['Only C++ objects with virtual functions can be told apart under this allocator: a leak of plain blocks is not seen.'];
  }
}

/** What may be there at most that malloc has. */
function writableBytes(memory: TargetMemory): number {
  const regions = memory.regions().filter(({ writable, path }) => writable && (path === '' || path === '[heap]'));
  let bytes = 0;
  for (const { start, end } of regions) for (const [from, to] of memory.present(start, end)) bytes += to - from;
  return bytes;
}
