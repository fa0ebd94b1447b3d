import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { absent, isValue, notPermitted } from '../model/reading.ts';
import { fdDirectorySize, keptFdDirectorySize, listedFdCount } from './pidFdCount.ts';
import { missingFor, readKept, readRecord, readText } from './read.ts';

const withCode = (code: string) => Object.assign(new Error(code), { code });

test('gone is absent, refused is not permitted, and what is wrong with stanch itself is an error', () => {
  for (const code of ['ENOENT', 'ESRCH', 'ENODEV']) assert.equal(missingFor(withCode(code)), absent);
  for (const code of ['EACCES', 'EPERM']) assert.equal(missingFor(withCode(code)), notPermitted);
  assert.throws(() => missingFor(withCode('EMFILE')), { code: 'EMFILE' });
  assert.throws(() => missingFor(new TypeError('a bug')), TypeError);
});

test('a file that is not there is absent, however it is read', () => {
  const buffer = Buffer.alloc(64);
  assert.equal(readRecord('/proc/self/no-such-file', buffer), absent);
  assert.equal(readText('/proc/self/no-such-file'), absent);
  assert.equal(fdDirectorySize('/proc/self/no-such-folder'), absent);
  assert.equal(listedFdCount('/proc/self/no-such-folder'), absent);
});

test('a kept descriptor reads the file anew each time', () => {
  const buffer = Buffer.alloc(4096);
  const fd = openSync('/proc/self/statm', 'r');
  try {
    const first = readKept(fd, buffer);
    const second = readKept(fd, buffer);
    assert.ok(isValue(first) && first > 0);
    assert.ok(isValue(second) && second > 0);
  } finally {
    closeSync(fd);
  }
});

test('text comes whole, or as far as it may', () => {
  assert.equal(readText('/proc/self/mountinfo'), readFileSync('/proc/self/mountinfo', 'latin1'));
  const cut = readText('/proc/self/mountinfo', 10);
  assert.equal(isValue(cut) ? cut.length : 0, 10);
});

test('open files: the size of the folder, where the kernel gives it, is what listing finds', (t) => {
  const size = fdDirectorySize('/proc/self/fd');
  if (size === 0) return t.skip('this kernel does not give the number of open files as the size of the folder');
  const fd = openSync('/proc/self/fd', 'r');
  try {
    const kept = keptFdDirectorySize(fd);
    const listed = listedFdCount('/proc/self/fd');
    assert.ok(isValue(kept) && isValue(listed));
    // Listing opens the folder once more.
    assert.ok(Math.abs(listed - kept) <= 4, `${listed} listed, ${kept} by size`);
  } finally {
    closeSync(fd);
  }
});
