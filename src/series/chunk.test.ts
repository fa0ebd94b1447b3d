import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { StanchError } from '../model/errors.ts';
import { openChunk, sealChunk } from './chunk.ts';

function refuses(owner: string, bytes: Uint8Array): void {
  assert.throws(
    () => openChunk(owner, bytes),
    (error) => error instanceof StanchError && error.code === 'STANCH_E_STORE_CORRUPT',
  );
}

test('a chunk comes back; with a bit flipped, cut, or under another name it is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(), fc.nat(), fc.nat(), (bytes, first, length, place) => {
      const sealed = sealChunk('p-1', first, first + length, bytes);
      const opened = openChunk('p-1', sealed);
      assert.deepEqual([opened.first, opened.last, [...opened.bytes]], [first, first + length, [...bytes]]);
      refuses('p-2', sealed);
      refuses('p-1', sealed.subarray(0, place % sealed.length));
      const flipped = sealed.slice();
      const at = place % sealed.length;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (place % 8));
      refuses('p-1', flipped);
    }),
  );
});

test('bytes nobody sealed are refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => refuses('p-1', bytes)));
});
