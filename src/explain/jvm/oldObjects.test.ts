/** A recording of a real JVM, and such files as no JVM writes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { StanchError } from '../../model/errors.ts';
import { oldObjectsOf } from './oldObjects.ts';

/** Of MapWithoutEviction on OpenJDK 17; `jfr print` says of it 25 samples. */
const recording = gunzipSync(readFileSync(join(import.meta.dirname, 'fixtures', 'oldObjects.jfr.gz')));

test('what a session keeps is found with the calls that allocated it and the way to it', () => {
  const found = oldObjectsOf(recording);
  assert.equal(
    found.reduce((sum, { samples }) => sum + samples, 0),
    25,
  );
  assert.equal(found[0]?.type, 'byte[]');
  assert.deepEqual(found[0]?.calls.slice(0, 2), [
    'MapWithoutEviction$UserSession.<init>:8',
    'MapWithoutEviction$SessionService.lambda$open$0:19',
  ]);
  assert.match(
    found[0]?.path.join(' ') ?? '',
    /SessionService byToken: .*ConcurrentHashMap .*val: MapWithoutEviction\$UserSession state: byte\[\]$/,
  );
});

test('a recording that is cut off, or changed anywhere, ends with an error or an answer', () => {
  const size = recording.length;
  const changes = fc.array(fc.tuple(fc.nat(size - 1), fc.nat(255)), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.option(fc.nat(size), { freq: 4 }), changes, fc.boolean(), (cut, changed, isInHead) => {
      const bytes = Buffer.from(recording.subarray(0, cut ?? size));
      for (const [at, byte] of changed) if (bytes.length > 0) bytes[(isInHead ? at % 68 : at) % bytes.length] = byte;
      try {
        oldObjectsOf(bytes);
      } catch (error) {
        assert.ok(error instanceof StanchError, String(error));
        assert.equal(error.code, 'STANCH_E_NOT_POSSIBLE');
      }
    }),
    { numRuns: 200 },
  );
});
