import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { StanchError } from '../model/errors.ts';
import { readRows } from './logs/logRowsForTests.ts';

function fixture(name: string): Buffer {
  return readFileSync(new URL(`logs/fixtures/${name}`, import.meta.url));
}

test('what a recording is, is told by its content, whatever the size of the first piece', () => {
  const recordings: [Uint8Array, string | undefined][] = [
    [fixture('atop-2.6.0.raw'), 'atop'],
    [fixture('atop-2.6.0.txt'), 'atop'],
    [fixture('sadf-12.5.2.json'), 'sysstat'],
    [Buffer.from(`\n  ${fixture('sadf-12.5.2.json')}`), 'sysstat'],
    [Buffer.from('time,subject,fds\n1,web,2\n'), undefined],
    [Buffer.from('{"time":1,"subject":"web","fds":2}\n'), undefined],
  ];
  for (const [bytes, format] of recordings) {
    for (const pieceBytes of [1, 1 << 16]) {
      const { rows, bad, source } = readRows(bytes, pieceBytes);
      assert.equal(source?.format, format);
      assert.ok(rows.length > 0);
      assert.deepEqual(bad, []);
    }
  }
});

test('a data file of sysstat is refused with the command that makes it readable', () => {
  const dataFile = Buffer.concat([Buffer.from([0x96, 0xd5, 0x75, 0x21]), Buffer.alloc(300)]);
  assert.throws(
    () => readRows(dataFile),
    (error) => error instanceof StanchError && error.code === 'STANCH_E_LOG_VERSION' && /sadf -j FILE -- -r ALL -S -v/.test(error.next),
  );
});

test('an empty file is one without columns', () => {
  assert.throws(
    () => readRows(Buffer.alloc(0)),
    (error) => error instanceof StanchError && error.code === 'STANCH_E_BAD_HEADER',
  );
});
