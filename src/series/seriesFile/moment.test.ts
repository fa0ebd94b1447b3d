import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maxTimeMs, parseMoment } from './moment.ts';

function parse(text: string): number {
  const bytes = Buffer.from(`1${text}1`);
  return parseMoment(bytes, 1, bytes.length - 1);
}

const moments = fc.integer({ min: 0, max: maxTimeMs });

test('every moment to 9999 is read back, in both forms and at any offset', () => {
  fc.assert(
    fc.property(moments, (timeMs) => {
      assert.equal(parse(new Date(timeMs).toISOString()), timeMs);
      assert.equal(parse(`${Math.floor(timeMs / 1000)}.${String(timeMs % 1000).padStart(3, '0')}`), timeMs);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 86_400_000, max: maxTimeMs - 86_400_000 }), fc.integer({ min: -1439, max: 1439 }), (timeMs, offset) => {
      const local = new Date(timeMs + offset * 60_000).toISOString().slice(0, -1);
      const minutes = Math.abs(offset);
      const zone = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
      assert.equal(parse(`${local}${offset < 0 ? '-' : '+'}${zone}`), timeMs);
    }),
  );
});

test('forms that programs write', () => {
  for (const [text, timeMs] of [
    ['0', 0],
    ['1716868800', 1_716_868_800_000],
    ['1716868800.5', 1_716_868_800_500],
    ['1716868800.123456789', 1_716_868_800_123],
    ['1716868800.9996', 1_716_868_801_000],
    ['1.7168688e9', 1_716_868_800_000],
    ['2026-05-28T04:10:00Z', Date.UTC(2026, 4, 28, 4, 10)],
    ['2026-05-28t04:10:00z', Date.UTC(2026, 4, 28, 4, 10)],
    ['2026-05-28 04:10:00.25+02:00', Date.UTC(2026, 4, 28, 2, 10, 0, 250)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['1969-12-31T23:30:00-01:00', 1_800_000],
  ] as const) {
    assert.equal(parse(text), timeMs, text);
  }
});

test('what is not a moment is NaN', () => {
  for (const text of [
    '',
    '.',
    '-1',
    'now',
    '1716868800123',
    '253402300800',
    '1716868800.5x',
    '2026-05-28',
    '2026-05-28T04:10:00',
    '2026-05-28T04:10Z',
    '2026-05-28T04:10:00.Z',
    '2026-05-28T04:10:00+0200',
    '2026-05-28T04:10:00+24:00',
    '2026-05-28T24:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-05-28T04:10:00Zjunk',
    '2026-05-28_04:10:00Z',
    '1969-12-31T23:59:59Z',
    '2026-05-28T04:10:0ZZ',
  ]) {
    assert.equal(parse(text), Number.NaN, JSON.stringify(text));
  }
});

test('no bytes give a moment outside 1970 to 9999', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.stringMatching(/^[\dTZ:.+ e-]{0,30}$/).map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        const timeMs = parseMoment(bytes, 0, bytes.length);
        assert.ok(Number.isNaN(timeMs) || (Number.isInteger(timeMs) && timeMs >= 0 && timeMs <= maxTimeMs), String(timeMs));
      },
    ),
  );
});
