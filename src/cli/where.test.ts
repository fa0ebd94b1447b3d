import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertAddsUp } from '../relate/memoryForTests.ts';
import { collectWhere, renderWhere } from './where.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../kernel/fixtures/${name}`, import.meta.url));
const plain = (_colour: string, text: string) => text;

test('this machine, now: adds up to MemTotal, and this process is in it', () => {
  const document = collectWhere();
  assert.equal(document.schema, 'stanch.where/1');
  assertAddsUp(document.ram);
  assertAddsUp(document.swap);
  assert.ok(document.ram.bytes > 0);
  const kinds = document.ram.children?.map((one) => one.name) ?? [];
  for (const kind of ['free', 'workloads', 'page cache', 'kernel']) assert.ok(kinds.includes(kind), `${kind} in ${kinds.join(', ')}`);
  assert.equal(JSON.stringify(JSON.parse(JSON.stringify(document))), JSON.stringify(document));
});

test('a recorded server as a tree for people: sizes with units, shares, names of workloads, no control characters', () => {
  const document = collectWhere({
    procRoot: fixture('debian12'),
    cgroupRoot: fixture('cgroup-v2'),
    passwdFile: fixture('debian12/passwd'),
  });
  assertAddsUp(document.ram);
  const text = renderWhere(document, plain, 100);
  assert.match(text, /^RAM +3\.81 GiB$/m);
  assert.match(text, /├─ free +488 MiB +12\.5 %$/m);
  assert.match(text, /node \/srv\/app\/server\.js --port N --password=\*\*\* \(deploy\) +87\.9 MiB +2\.3 %$/m);
  assert.match(text, /^swap +977 MiB$/m);
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  for (const line of text.split('\n')) assert.ok(line.length <= 100 || line.includes('  without') || line.includes('counted'), line);
});

test('what it cannot read it says', () => {
  assert.throws(() => collectWhere({ procRoot: fixture('cgroup-v2') }), { code: 'STANCH_E_NO_INPUT' });
});
