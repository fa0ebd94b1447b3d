import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { smallPng } from './smallPng.ts';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

/** `rows`: each with its filter and its bytes as they are packed. */
function png(width: number, rows: number[][]): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(rows.length, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from(signature),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.from(rows.flat()))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The colours of a picture with a table, row after row. */
function coloursOf(small: Buffer): string[] {
  const parts = new Map<string, Buffer>();
  for (let at = 8; at < small.length; at += 12 + small.readUInt32BE(at)) {
    const name = small.toString('latin1', at + 4, at + 8);
    const body = small.subarray(at + 4, at + 8 + small.readUInt32BE(at));
    assert.equal(crc32(body), small.readUInt32BE(at + 8 + small.readUInt32BE(at)), name);
    parts.set(name, body.subarray(4));
  }
  const [head, table, data] = ['IHDR', 'PLTE', 'IDAT'].map((name) => parts.get(name) ?? Buffer.alloc(0));
  assert.ok(head !== undefined && table !== undefined && data !== undefined);
  const width = head.readUInt32BE(0);
  return [...inflateSync(data)]
    .filter((_, index) => index % (width + 1) !== 0)
    .map((place) => table.toString('hex', place * 3, place * 3 + 3));
}

test('every filter of a PNG is undone, and the colours stay as they were', () => {
  const picture = png(2, [
    [0, 10, 20, 30, 40, 50, 60],
    [1, 1, 2, 3, 1, 1, 1],
    [2, 1, 1, 1, 0, 0, 0],
    [3, 0, 0, 0, 0, 0, 0],
    [4, 5, 5, 5, 1, 2, 3],
  ]);
  assert.deepEqual(coloursOf(smallPng(picture)), [
    '0a141e',
    '28323c',
    '010203',
    '020304',
    '020304',
    '020304',
    '010102',
    '010203',
    '060607',
    '07080a',
  ]);
});

test('of more than 256 colours the rarest become the nearest that is kept', () => {
  const often = Array.from({ length: 256 }, (_, index) => [
    [index, 0, 0],
    [index, 0, 0],
  ]).flat(2);
  const small = coloursOf(smallPng(png(513, [[0, ...often, 7, 1, 0]])));
  assert.equal(small.length, 513);
  assert.deepEqual([small[0], small[510], small[512]], ['000000', 'ff0000', '070000']);
});

test('another picture is refused', () => {
  assert.throws(() => smallPng(Buffer.alloc(64)), /expected a PNG/);
});
