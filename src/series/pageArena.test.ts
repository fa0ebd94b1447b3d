import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { emptyLog, PageArena } from './pageArena.ts';

test('logs that grow side by side keep their own bytes', () => {
  const writes = fc.array(fc.tuple(fc.nat(5), fc.uint8Array({ maxLength: 300 })), { maxLength: 60 });
  fc.assert(
    fc.property(writes, (all) => {
      const arena = new PageArena();
      const logs = Array.from({ length: 6 }, emptyLog);
      const expected = logs.map((): number[] => []);
      for (const [which, bytes] of all) {
        const log = logs[which] ?? emptyLog();
        arena.append(log, bytes);
        expected[which]?.push(...bytes);
      }
      for (const [which, log] of logs.entries()) assert.deepEqual([...arena.read(log)], expected[which]);
    }),
  );
});

test('memory given back is used again: a million short-lived logs take what the living ones take', () => {
  const arena = new PageArena();
  const bytes = new Uint8Array(100);
  for (let round = 0; round < 1000; round += 1) {
    const logs = Array.from({ length: 50 }, emptyLog);
    for (const log of logs) arena.append(log, bytes);
    for (const log of logs) arena.release(log);
  }
  assert.equal(arena.usedBytes, 0);
  assert.ok(arena.reservedBytes <= 128 * 1024, `${arena.reservedBytes} bytes reserved`);
});
