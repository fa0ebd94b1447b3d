import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDecimal } from './decimal.ts';

function parse(text: string): number {
  // Surrounded by digits and a point, so that a look beyond the ends shows.
  const bytes = Buffer.from(`9.${text}.9`);
  return parseDecimal(bytes, 2, bytes.length - 2);
}

test('a number is rounded exactly as JavaScript rounds it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.equal(parse(String(value)), value === 0 ? 0 : value);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.nat(12), (integer, fractionDigits) => {
      const digits = integer.toString().padStart(fractionDigits + 1, '0');
      const text = fractionDigits === 0 ? digits : `${digits.slice(0, -fractionDigits)}.${digits.slice(-fractionDigits)}`;
      assert.equal(parse(text), Number(text));
    }),
  );
});

test('integers up to 2^53 and forms that programs print', () => {
  for (const [text, value] of [
    ['0', 0],
    ['007', 7],
    ['9007199254740992', 2 ** 53],
    ['9007199254740991', 2 ** 53 - 1],
    ['5.', 5],
    ['1e9', 1e9],
    ['1.23457e+09', 1.23457e9],
    ['1E-3', 0.001],
    ['0.1', 0.1],
  ] as const) {
    assert.equal(parse(text), value, text);
  }
});

test('anything that is not a finite number of 0 or more is NaN', () => {
  const bad = [
    '',
    '-1',
    '-0',
    '+1',
    ' 1',
    '1 ',
    '.',
    '.5',
    '1.2.3',
    '1,5',
    'NaN',
    'nan',
    'inf',
    'Infinity',
    '1e999',
    '0x10',
    '1e',
    '1_000',
    '12k',
    '１',
  ];
  for (const text of bad) assert.equal(parse(text), Number.NaN, JSON.stringify(text));
});
