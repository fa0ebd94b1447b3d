/**
 * Whatever lies in the memory of a Node process, reading it ends and does not throw: heaps that are laid out as V8's, so that a census gets far,
 * with maps, objects and tables that may say anything; then some of their words are others.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeapPages } from '../heapPages.ts';
import { type Region, TargetMemory } from '../targetMemory.ts';
import { nodeGrowth, oldestWords, type V8Heap } from './nodeGrowth.ts';
import { V8Census } from './v8Census.ts';
import type { V8Layout } from './v8Constants.ts';
import { V8Graph } from './v8Graph.ts';
import { V8Maps } from './v8Maps.ts';
import { V8Names } from './v8Names.ts';
import { V8Objects } from './v8Objects.ts';

/** As Node 24 says it of itself. */
const layout: V8Layout = {
  instanceTypeAt: 12,
  instanceWordsAt: 8,
  inObjectStartAt: 9,
  constructorAt: 32,
  prototypeAt: 24,
  bitField2At: 15,
  elementsKindShift: 2,
  propertiesAt: 8,
  descriptorsAt: 40,
  bitField3At: 16,
  ownDescriptorsMask: 1_047_552,
  ownDescriptorsShift: 10,
  dictionaryShift: 21,
  fieldIndexMask: 536_346_624,
  fieldIndexShift: 19,
  fieldLocationMask: 32,
  functionSharedAt: 32,
  functionContextAt: 40,
  sharedNameAt: 24,
  scriptNameAt: 16,
  symbolNameAt: 16,
  stringLengthAt: 12,
  stringCharsAt: 16,
  thinActualAt: 16,
  bufferLengthAt: 40,
  descriptorsHeaderBytes: 24,
  dictionaryPrefixWords: 3,
  scopeLocalsIndex: 2,
  mapType: 272,
  symbolType: 128,
  firstNonString: 128,
  fixedArray: 205,
  byteArray: 217,
  doubleArray: 218,
  propertyArray: 277,
  propertyCell: 278,
  cell: 260,
  firstContext: 220,
  lastContext: 229,
  sourceModule: 254,
  scriptType: 167,
  scopeInfo: 280,
  sharedFunction: 282,
  promiseReaction: 162,
  promiseCapability: 161,
  firstObject: 1_057,
  array: 2_119,
  arrayBuffer: 2_062,
  function: 2_065,
  boundFunction: 2_064,
  map: 2_112,
  set: 2_113,
  promise: 2_115,
  typedArray: 2_061,
  weakMap: 2_116,
  weakSet: 2_117,
  weakRef: 2_157,
  sharedScriptAt: 40,
};
const start = 2 ** 18 * 5_000;
const bytes = 2 ** 18;
const mapBytes = 80;
const maps = 48;
const { firstContext, lastContext, fixedArray, scopeInfo, propertyArray, sharedFunction, scriptType, sourceModule } = layout;
/** Of the maps, over and over; 0, 1 and 8 are texts. */
const types = [
  ...[layout.mapType, 0, 1, 5, 8, layout.symbolType, fixedArray, fixedArray + 1, fixedArray + 4, layout.byteArray, layout.doubleArray],
  ...[firstContext, firstContext + 7, lastContext, propertyArray, layout.propertyCell, layout.cell, sourceModule, scriptType, scopeInfo],
  ...[
    sharedFunction,
    layout.promiseReaction,
    layout.firstObject,
    layout.array,
    layout.arrayBuffer,
    layout.function,
    layout.map,
    layout.set,
  ],
  ...[layout.promise, layout.weakMap, layout.weakRef],
];

class LaidOutMemory extends TargetMemory {
  readonly #bytes: Buffer;

  constructor(content: Buffer) {
    super(process.pid);
    this.#bytes = content;
  }

  override regions(): Region[] {
    return [{ start, end: start + this.#bytes.length, writable: true, path: '', fileOffset: 0 }];
  }

  override present(from: number, to: number): [number, number][] {
    return [[from, to]];
  }

  override read(address: number, into: Uint8Array): number {
    const from = address - start;
    return Number.isInteger(from) && from >= 0 && from < this.#bytes.length
      ? this.#bytes.copy(into, 0, from, Math.min(this.#bytes.length, from + into.length))
      : 0;
  }
}

/** The same numbers for the same seed. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    return ((mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** `part` of the heap has objects in it: more of them at each look, the earlier ones as they were, but for the lengths of their tables. */
function heapOf(seed: number, part: number, flips: number): LaidOutMemory {
  const content = Buffer.alloc(bytes);
  const below = numbersFrom(seed);
  const word = (at: number, value: number) => {
    content.writeUInt32LE(value % 2 ** 32, at);
    content.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
  };
  const mapAt = (index: number) => start + index * mapBytes + 1;
  const objects: number[] = [mapAt(0)];
  const anyWord = () =>
    below(3) === 0
      ? below(64) * 2 ** 32
      : below(16) === 0
        ? below(2 ** 32)
        : (objects[below(objects.length)] ?? 0) + (below(40) === 0 ? 8 : 0);
  for (let map = 0; map < maps; map += 1) {
    const at = map * mapBytes;
    word(at, mapAt(0));
    const type = types[map % types.length] ?? 0;
    const isSized = type >= layout.firstObject || type === layout.mapType || type === layout.symbolType;
    content[at + layout.instanceWordsAt] = map === 0 ? mapBytes / 8 : isSized ? 4 + below(6) : 0;
    content[at + layout.inObjectStartAt] = 3 + below(3);
    content.writeUInt16LE(type, at + layout.instanceTypeAt);
    content.writeUInt32LE(below(2 ** 22), at + layout.bitField3At);
  }
  const end = Math.floor((bytes * part) / 8) * 8;
  for (let at = maps * mapBytes; at + 512 < end; ) {
    const map = 1 + below(maps - 1);
    word(at, mapAt(map));
    const length = 2 + below(24);
    word(at + 8, length * 2 ** 32);
    for (let field = 16; field < 16 + length * 8; field += 8) word(at + field, anyWord());
    // Of tables and arrays: how many entries they have, which becomes more.
    if (below(3) === 0) word(at + 16, Math.floor(16 + part * below(64)) * 2 ** 32);
    if (below(3) === 0) word(at + 24, Math.floor(16 + part * below(64)) * 2 ** 32);
    objects.push(start + at + 1);
    at += (content[map * mapBytes + layout.instanceWordsAt] ?? 0) * 8 || 16 + length * 8;
  }
  // What maps refer to is among the objects.
  for (let map = 1; map < maps; map += 1)
    for (const at of [layout.prototypeAt, layout.constructorAt, layout.descriptorsAt]) word(map * mapBytes + at, anyWord());
  const flip = numbersFrom(seed ^ flips);
  for (let each = 0; each < flips; each += 1) content[mapBytes + flip(bytes - mapBytes)] = flip(256);
  return new LaidOutMemory(content);
}

interface Read {
  maps: number;
  collections: number;
  objects: number;
  things: number;
}

/** A process whose memory is one of these heaps after the other. */
function withProcess<T>(heaps: readonly LaidOutMemory[], use: (heap: V8Heap, become: (heap: LaidOutMemory) => void) => T): T {
  const [first] = heaps;
  assert.ok(first !== undefined);
  let now = first;
  const through = new (class extends LaidOutMemory {
    override regions(): Region[] {
      return now.regions();
    }

    override read(address: number, into: Uint8Array): number {
      return now.read(address, into);
    }
  })(Buffer.alloc(0));
  try {
    const windows = new HeapPages(through);
    const known = new V8Maps(windows, layout);
    const objects = new V8Objects(windows, layout, known);
    const graph = new V8Graph(windows, layout, known);
    return use({ windows, layout, maps: known, objects, names: new V8Names(windows, layout), graph }, (heap) => {
      now = heap;
      windows.forget();
    });
  } finally {
    through.close();
    for (const memory of heaps) memory.close();
  }
}

/** Three looks at three heaps, and the comparison, as of a process. */
function readAll(heaps: readonly LaidOutMemory[]): Read {
  return withProcess(heaps, (heap, become) => {
    const census = new V8Census(heap);
    const looks = heaps.map((memory) => {
      become(memory);
      return census.look();
    });
    const [one, two, three] = looks;
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    const kept = oldestWords(heap, one, two);
    const things = nodeGrowth(heap, [one, two, three], kept);
    for (const { growthBytes, counts } of things) assert.ok(growthBytes > 0 && counts[2] > counts[0]);
    return {
      maps: heap.maps.all.length,
      collections: three.collections.size,
      objects: three.counts.reduce((sum, count) => sum + (count ?? 0), 0),
      things: things.length,
    };
  });
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

test('a heap that is laid out as V8 does it is read far enough to find what grows in it', () => {
  const read = readAll([0.3, 0.6, 0.9].map((part) => heapOf(7, part, 0)));
  assert.ok(read.maps >= maps, `${read.maps} maps`);
  assert.ok(read.objects > 500, `${read.objects} objects`);
  assert.ok(read.collections > 20, `${read.collections} collections`);
  assert.ok(read.things > 0, 'nothing grows');
});

test('a look that takes over what did not change says what one from the beginning says', () => {
  const heaps = [0.3, 0.6, 0.6, 0.9].map((part) => heapOf(7, part, 0));
  withProcess(heaps, (heap, become) => {
    const census = new V8Census(heap);
    for (const memory of heaps) {
      become(memory);
      const look = census.look();
      assert.deepEqual(look, new V8Census(heap).look());
    }
  });
});

test('whatever its objects say, it is read to its end', () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom(0, 20, 500, 10_000), (seed, flips) => {
      readAll([0.3, 0.6, 0.9].map((part) => heapOf(seed, part, flips)));
    }),
    { numRuns: 20, seed: 1 },
  );
});

test('a heap that is another one at each look is read to its end', () => {
  fc.assert(
    fc.property(seeds, seeds, (seed, other) => {
      readAll([heapOf(seed, 0.3, 50), heapOf(other, 0.6, 50), heapOf(seed ^ other, 0.9, 50)]);
    }),
    { numRuns: 8, seed: 1 },
  );
});
