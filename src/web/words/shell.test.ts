import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { shellWord } from './shell.ts';

test('a plain name stays as it is, and what cannot be told from what it is not is no word at all', () => {
  assert.equal(shellWord('shop-worker.service'), 'shop-worker.service');
  assert.equal(shellWord('php-fpm: pool www'), "'php-fpm: pool www'");
  for (const deceptive of ['a\nrm -rf /', 'a\u202eb', '']) assert.equal(shellWord(deceptive), null);
});

test('whatever a process calls itself, a shell takes it for one word', () => {
  const names = fc.sample(
    fc.string({ unit: fc.constantFrom("'", '"', '$', '`', '\\', ';', '-', ' ', '(', '*', '~', '!', 'a'), maxLength: 12 }),
    200,
  );
  const typeable = names.filter((name) => shellWord(name) !== null);
  const script = `printf '%s\\0' ${typeable.map(shellWord).join(' ')}`;
  assert.deepEqual(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1), typeable);
});
