/** Whatever lies in the memory of a process, reading it ends, and does not throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GoLines } from './go/goLines.ts';
import { readBuckets, readGoroutines } from './go/goProfile.ts';
import { HeapWindows } from './heapWindows.ts';
import { JavaClasses, javaName, parseFieldStream, parseFieldTable } from './jvm/javaClasses.ts';
import { heapBounds } from './jvm/javaHeap.ts';
import { VmStructs } from './jvm/vmStructs.ts';
import { KnownChunks, takeCensus } from './php/zendCensus.ts';
import { chunksOf, findZendHeap } from './php/zendHeap.ts';
import { ZendKinds } from './php/zendKinds.ts';
import { readRoots, setting } from './php/zendRoots.ts';
import { ZendValues } from './php/zendValues.ts';
import { takeRubyCensus } from './ruby/rubyCensus.ts';
import { followChain } from './ruby/rubyChain.ts';
import { ownersOf } from './ruby/rubyOwners.ts';
import { RubyClasses } from './ruby/rubyPart.ts';
import { readRubyRoots } from './ruby/rubyRoots.ts';
import { RubyShapes } from './ruby/rubyShapes.ts';
import { findMachine, rubyThreads } from './ruby/rubyThreads.ts';
import { RubyValues } from './ruby/rubyValues.ts';
import { parseMaps, type Region, TargetMemory } from './targetMemory.ts';

const start = 2 ** 21 * 1_000;
const bytes = 2 ** 22;

/** Words by chance, of which many lead to others: the worst that a heap can be. */
class HostileMemory extends TargetMemory {
  readonly #seed: number;

  constructor(seed: number) {
    super(process.pid);
    this.#seed = seed;
  }

  override regions(): Region[] {
    return [{ start, end: start + bytes, writable: true, path: '', fileOffset: 0 }];
  }

  override present(from: number, to: number): [number, number][] {
    return [[from, to]];
  }

  override read(address: number, into: Uint8Array): number {
    const end = Math.min(into.length, start + bytes - address);
    if (address < start || !Number.isInteger(address)) return 0;
    for (let at = 0; at < end; at += 1) into[at] = this.#byteAt(address + at);
    return Math.max(0, end);
  }

  #byteAt(address: number): number {
    const word = Math.floor(address / 8);
    const mixed = Math.imul((word ^ this.#seed) >>> 0, 0x9e37_79b1) >>> 0;
    const place = address % 8;
    const value = [mixed % 12, start + (mixed % (bytes / 8)) * 8, start + (mixed % 2) * 2 ** 21 + 64, 0][(mixed >>> 20) % 4] ?? 0;
    return place < 4 ? ((value % 2 ** 32) >>> (place * 8)) & 255 : Math.floor(value / 2 ** 32) >>> ((place - 4) * 8);
  }
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

function onHostileMemory(read: (memory: HostileMemory) => void, numRuns: number): void {
  fc.assert(
    fc.property(seeds, (seed) => {
      const memory = new HostileMemory(seed);
      try {
        read(memory);
      } finally {
        memory.close();
      }
    }),
    { numRuns },
  );
}

test('PHP', () => {
  onHostileMemory((memory) => {
    findZendHeap(memory);
    const heap = { address: start + 64, mainChunk: start, mapOffset: 544 };
    const values = new ZendValues(memory);
    chunksOf(memory, heap);
    readRoots(values, { executor: start + 4096, compiler: start + 8192 });
    setting(values, { executor: start + 4096, compiler: start + 8192 }, 'zend.enable_gc');
    takeCensus({ heap, values, kinds: new ZendKinds(values), oneIn: 0, known: new KnownChunks() });
  }, 5);
});

test('HotSpot', () => {
  onHostileMemory((memory) => {
    const names = ['gHotSpotVMStructs', 'gHotSpotVMStructEntryArrayStride', 'gHotSpotVMStructEntryTypeNameOffset', 'gHotSpotVMTypes'];
    const vm = new VmStructs(memory, new Map(names.map((name, index) => [name, start + index * 4_096])));
    heapBounds(vm);
    new JavaClasses(vm, memory).refresh();
  }, 10);
});

test('Go', () => {
  onHostileMemory((memory) => {
    for (const minor of [26, 27]) readBuckets(memory, start + 8, minor);
    readGoroutines(memory, start + 24, (address) => address % 3 === 0);
  }, 10);
});

test('Ruby', () => {
  onHostileMemory((memory) => {
    const values = new RubyValues(memory);
    const data = [{ start, end: start + 65_536 }];
    const symbols = { string: start, array: start + 8, hash: start + 16, object: start + 24 };
    for (const hasShapes of [true, false]) values.calibrate(symbols, hasShapes, data);
    new RubyShapes(values, start).variablesOf(3);
    const known = new RubyClasses();
    const request = { values, windows: new HeapWindows(memory), classes: known };
    const first = takeRubyCensus({ ...request, before: [] });
    const { classes, pages, parts } = takeRubyCensus({ ...request, before: first.parts });
    findMachine(values, data);
    const threads = rubyThreads(values, values.word(start));
    const roots = readRubyRoots({ values, classes, threads, data });
    ownersOf(values, parts, [start, start + 4_096]);
    const chain = followChain({ values, classes: known, parts, pages, roots, stacks: data }, values.word(start));
    chain.followFrom({ first: start, heldBy: null });
    chain.headOf(start);
  }, 5);
});

test('tables of names, fields and lines', () => {
  const nameOf = (index: number) => (index % 2 === 0 ? 'name' : null);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.string(), seeds, (content, text, address) => {
      parseFieldTable(Buffer.from(content), nameOf);
      parseFieldStream(Buffer.from(content), nameOf);
      javaName(text);
      parseMaps(text);
      const table = Buffer.from(content);
      if (table.length > 8) table.writeUInt32LE(0xfffffff1, 0);
      if (table.length > 8) table[7] = 8;
      GoLines.parse(table, 0, null)?.placeOf(address);
    }),
  );
});

test('names of classes as Java writes them', () => {
  assert.equal(javaName('com/shop/Order$Line'), 'com.shop.Order$Line');
  assert.equal(javaName('[[Lcom/shop/Order;'), 'com.shop.Order[][]');
  assert.equal(javaName('[B'), 'byte[]');
  assert.equal(javaName('com/shop/Feed$$Lambda$14+0x0000000800c03000'), 'com.shop.Feed$$Lambda');
  assert.equal(javaName('com/shop/Feed$$Lambda+0x00007f1c3c001000'), 'com.shop.Feed$$Lambda');
});

test('maps of a process', () => {
  const text =
    '55d13f602000-55d13f603000 rw-p 00003000 fe:00 2170897      /usr/bin/my program (deleted)\n7f3d00000000-7f3d00021000 ---p 00000000 00:00 0 \nffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0      [vsyscall]\n';
  assert.deepEqual(parseMaps(text), [
    { start: 0x55d13f602000, end: 0x55d13f603000, writable: true, path: '/usr/bin/my program (deleted)', fileOffset: 0x3000 },
    { start: 0x7f3d00000000, end: 0x7f3d00021000, writable: false, path: '', fileOffset: 0 },
  ]);
});
