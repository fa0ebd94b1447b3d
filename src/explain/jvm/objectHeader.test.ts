import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classKey, objectHeader } from './objectHeader.ts';

/** As the JVM says them in `gHotSpotVMLongConstants`. */
const constantsOf = (hashShift: number | null) => ({
  constant: (name: string) => (hashShift === null ? Number.NaN : name === 'markWord::hash_shift' ? hashShift : 31),
});
const none = new Set<string>();
const compact = new Set(['UseCompactObjectHeaders']);

/** Recorded of the object that stands for java.lang.String, which has a hash, and the same locked and moved. */
const recorded = [
  { jdk: '17', header: objectHeader(constantsOf(8), none), low: 0xb4aac201, high: 0x18, next: 0x1758, key: 0x1758 },
  { jdk: 'that says no constants', header: objectHeader(constantsOf(null), none), low: 0xb4aac201, high: 0x18, next: 0x1758, key: 0x1758 },
  { jdk: '25', header: objectHeader(constantsOf(11), none), low: 0x6bd39001, high: 0x2bc, next: 0x1835e8, key: 0x1835e8 },
  { jdk: '25, compact', header: objectHeader(constantsOf(11), compact), low: 0x6bd39001, high: 0x18b2bc, next: 0x32179400, key: 0x62c },
];

for (const { jdk, header, low, high, next, key } of recorded) {
  test(`the class of an object that has a hash is found in a JVM ${jdk}`, () => {
    assert.equal(classKey(header, low, high, next), key);
  });

  test(`what a JVM ${jdk} has moved elsewhere is no object any more`, () => {
    assert.equal(classKey(header, (low & ~3) | 3, high, next), 0);
  });
}

test('a mark with more than a hash is none before JDK 24', () => {
  const [header] = recorded.map((each) => each.header);
  assert.ok(header);
  assert.equal(classKey(header, 0x6bd39001, 0x2bc, 0x1835e8), 0);
});
