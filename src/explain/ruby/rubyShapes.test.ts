/** Shapes as Ruby 3.3 lays them out, in a list that a record among the global variables leads to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findShapes } from './rubyShapes.ts';

const [data, record, list] = [0x7f00_0000_0000, 0x7f00_0001_0000, 0x7f00_0002_0000];
const noParent = 0xffff_ffff;
const [root, objects, table] = [0, 3, 4];
const [nameId, priceId] = [0x1230, 0x4560];

/** ID of the variable, how many there are with it, room, kind, the shape before. */
const shapes: [number, number, number, number, number][] = [
  ...Array.from({ length: 5 }, (): [number, number, number, number, number] => [0, 0, 0, root, noParent]),
  [0xf3f, 0, 3, objects, 0],
  [nameId, 1, 3, 1, 5],
  [priceId, 2, 8, 1, 6],
  // Frozen: no variable more.
  [0xf2f, 2, 8, 2, 7],
  [0, 0, 0, table, 0],
  ...Array.from({ length: 4 }, (): [number, number, number, number, number] => [nameId, 1, 3, 1, 5]),
];

function memoryOf(): { bytes(address: number, length: number): Buffer | null } {
  const pieces = new Map([
    [data, Buffer.alloc(64)],
    [record, Buffer.alloc(64)],
    [list, Buffer.alloc(shapes.length * 40)],
  ]);
  pieces.get(data)?.writeBigUInt64LE(BigInt(record), 24);
  for (const at of [0, 8]) pieces.get(record)?.writeBigUInt64LE(BigInt(list), at);
  pieces.get(record)?.writeUInt32LE(shapes.length, 16);
  shapes.forEach(([edge, variables, capacity, kind, parent], number) => {
    const bytes = pieces.get(list);
    bytes?.writeBigUInt64LE(BigInt(edge), number * 40 + 8);
    bytes?.writeUInt32LE(variables, number * 40 + 16);
    bytes?.writeUInt32LE(capacity, number * 40 + 20);
    bytes?.writeUInt8(kind, number * 40 + 24);
    bytes?.writeUInt32LE(parent, number * 40 + 28);
  });
  const bytes = (address: number, length: number) => {
    for (const [start, piece] of pieces) {
      if (address >= start && address + length <= start + piece.length) return piece.subarray(address - start, address - start + length);
    }
    return null;
  };
  return { bytes };
}

test('the list is found, and a shape says which variables an object of it has, how many there is room for, or that they are in a table', () => {
  const found = findShapes(memoryOf(), [{ start: data, end: data + 64 }]);
  assert.deepEqual(found?.variablesOf(8), [nameId, priceId]);
  assert.equal(found?.capacityOf(7), 8);
  assert.equal(found?.isTable(9), true);
  assert.equal(found?.isTable(7), false);
  assert.deepEqual(found?.variablesOf(1_000), []);
});

test('where there is no such list none is found', () => {
  assert.equal(findShapes(memoryOf(), [{ start: record, end: record + 64 }]), null);
});
