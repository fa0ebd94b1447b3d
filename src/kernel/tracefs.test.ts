/** Records of uprobes as the kernel writes them, and whatever else may stand there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseProbeGroups, parseProbeHits, parseProbeRecord } from './tracefs.ts';

const recorded =
  '           keeps-4324    [000] DBZff 24271.800613: alloc: (0x561e960a463c) size=0x90 st={0x5eeb,0xffffffffffffffff,0x7fffa5a35508}';

test('a record says which thread was where, with its arguments', () => {
  const record = parseProbeRecord(recorded, 'alloc');
  assert.equal(record?.tid, 4324);
  assert.equal(record?.at, 0x561e960a463c);
  assert.deepEqual(record?.words.get('size'), [0x90]);
  assert.deepEqual(record?.words.get('st'), [0x5eeb, 2 ** 64, 0x7fffa5a35508]);
});

test('what could not be read has no words, and a thread that is named like a record is no record', () => {
  const faulted = ' a: alloc: (0x1-77 [001] ..... 1.5: alloc: (0x10) size=0x20 st=(fault)';
  assert.deepEqual(parseProbeRecord(faulted, 'alloc'), { tid: 77, at: 0x10, words: new Map([['size', [0x20]]]) });
  assert.equal(parseProbeRecord(recorded, 'other'), null);
  assert.equal(parseProbeRecord('CPU:1 [LOST 81 EVENTS]', 'alloc'), null);
});

test('hits are those of all probes of the event', () => {
  const profile = '  /proc/1/map_files/5-6 alloc   4500\n  /bin/x y/z alloc 3\n  /bin/bash other 8\n\n';
  assert.equal(parseProbeHits(profile, 'alloc'), 4503);
});

test('probes are told by their groups', () => {
  const events = 'p:stanch_1_2/alloc /bin/bash:0x0000000000001234 size=%di\nr8:others/f /bin/sh:0x10\np:stanch_1_2/free /bin/bash:0x1\n';
  assert.deepEqual(
    parseProbeGroups(events),
    new Map([
      ['stanch_1_2', new Set(['alloc', 'free'])],
      ['others', new Set(['f'])],
    ]),
  );
});

test('anything else is read to its end', () => {
  const part = fc.constantFrom('p:', '/', ' ', ': alloc: (0x', '-12 [000] ..... 1.0', '{', '}', ',', '0x', '=', ')', '\n', 'a', '9');
  const text = fc.array(fc.oneof(part, fc.string()), { maxLength: 30 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (any) => {
      const record = parseProbeRecord(any, 'alloc');
      assert.ok(record === null || Number.isFinite(record.at));
      assert.ok(parseProbeHits(any, 'alloc') >= 0);
      assert.ok(parseProbeGroups(any).size >= 0);
    }),
  );
});
