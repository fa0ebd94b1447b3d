import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { emptyPidStat, type PidStat, parsePidStat } from './pidStat.ts';

const fixtures = new URL('./fixtures/debian12/', import.meta.url);

function parsed(bytes: Buffer): PidStat | null {
  const stat = emptyPidStat();
  return parsePidStat(bytes, bytes.length, stat) ? stat : null;
}

test('a name with parentheses, blanks, a newline and bytes that are no UTF-8 hides no field', () => {
  const bytes = readFileSync(new URL('700/stat', fixtures));
  const stat = parsed(bytes);
  assert.ok(stat);
  assert.deepEqual(bytes.subarray(stat.commStart, stat.commEnd), Buffer.from('a) S 1 (\n\xff\xfe', 'latin1'));
  assert.equal(stat.startTimeTicks, 2500);
  assert.equal(stat.parentPid, 1);
  assert.equal(String.fromCharCode(stat.state), 'S');
});

test('threads of the kernel are told from processes that call themselves the same', () => {
  assert.equal(parsed(readFileSync(new URL('2/stat', fixtures)))?.kernelThread, true);
  assert.equal(parsed(readFileSync(new URL('340/stat', fixtures)))?.kernelThread, false);
  const impostor = Buffer.from(readFileSync(new URL('340/stat', fixtures)).toString().replace('(nginx)', '(kthreadd)'));
  assert.equal(parsed(impostor)?.kernelThread, false);
});

test('a zombie has a start, a state and no memory', () => {
  const stat = parsed(readFileSync(new URL('800/stat', fixtures)));
  assert.equal(String.fromCharCode(stat?.state ?? 0), 'Z');
  assert.equal(stat?.startTimeTicks, 2600);
});

test('a line that is cut off before the fields end is no stat', () => {
  const whole = readFileSync(new URL('600/stat', fixtures));
  assert.ok(parsed(whole));
  for (const cut of [0, 3, 9, 30, 60]) assert.equal(parsed(whole.subarray(0, cut)), null, `cut at ${cut}`);
});

test('bytes that an earlier, longer read left behind are not read', () => {
  const buffer = Buffer.alloc(4096, ' ) 9');
  const line = readFileSync(new URL('600/stat', fixtures));
  line.copy(buffer);
  const stat = emptyPidStat();
  assert.ok(parsePidStat(buffer, line.length, stat));
  assert.equal(buffer.toString('latin1', stat.commStart, stat.commEnd), 'node');
  assert.equal(stat.threads, 11);
});
