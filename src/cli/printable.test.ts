import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { column, displayWidth, fit, printable } from './printable.ts';

test('nothing that acts on a terminal gets through', () => {
  assert.equal(printable('\u001b[2Jx\u0007\n\u009b1m'), '\\x1b[2Jx\\x07\\x0a\\x9b1m');
  assert.equal(printable('abc\u202ecba\u200b'), 'abc\\u{202e}cba\\u{200b}');
  assert.equal(printable('grüße 日本 🐘'), 'grüße 日本 🐘');
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\p{Cc}\p{Cf}]/u.test(printable(text))));
});

test('columns keep their width, also of wide and combining characters', () => {
  assert.equal(displayWidth('日本e\u0301'), 5);
  assert.equal(fit('/usr/lib/very/long/path/to/worker', 12), '/usr/lib…ker');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      assert.equal(displayWidth(column(printable(text), width)), width);
    }),
  );
});
