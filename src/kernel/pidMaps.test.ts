import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isValue } from '../model/reading.ts';
import { parsePidMaps, readPidMaps } from './pidMaps.ts';

const text = `55d0c0000000-55d0c0021000 r--p 00000000 08:01 1234 /usr/bin/app
55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0 [heap]
7f10a4000000-7f10a4021000 rw-p 00000000 00:00 0
7f10a4021000-7f10a8000000 ---p 00000000 00:00 0
7f10a8000000-7f10a8fff000 rw-p 00000000 00:00 0
7f10b1234000-7f10b1334000 rw-p 00000000 00:00 0
7f10c0000000-7f10c0100000 r-xp 00000000 08:01 99 /usr/lib/x86_64-linux-gnu/libc.so.6
7f10c0100000-7f10c0200000 rw-p 00100000 08:01 99 /usr/lib/x86_64-linux-gnu/libc.so.6
`;

test('files are named once; arenas are what begins at 64 MiB and can be written', () => {
  assert.deepEqual(parsePidMaps(text), { files: ['/usr/bin/app', '/usr/lib/x86_64-linux-gnu/libc.so.6'], arenas: 2 });
});

test('whatever the text is, it ends', () => {
  fc.assert(fc.property(fc.string(), (garbage) => parsePidMaps(garbage).arenas >= 0));
});

test('this process has its own executable mapped', () => {
  const maps = readPidMaps('/proc', process.pid);
  assert.ok(isValue(maps) && maps.files.includes(process.execPath));
});
