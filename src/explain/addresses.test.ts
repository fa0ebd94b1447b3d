/** What is asked of each word of a heap answers as a Map and a list of ranges would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressFilter } from './addressFilter.ts';
import { AddressNumbers } from './addressNumbers.ts';
import { highHalf } from './heapWindows.ts';
import { OwnRanges } from './ownRanges.ts';

const address = fc.integer({ min: 1, max: 2 ** 20 }).map((word) => 0x7f00_0000_0000 + word * 8);

test('an address has the number that it was given, others none, and no more than there is room for', () => {
  fc.assert(
    fc.property(fc.uniqueArray(address, { maxLength: 60 }), fc.array(address, { maxLength: 60 }), (added, asked) => {
      const numbers = new AddressNumbers(50);
      const filter = new AddressFilter(added);
      for (const each of added) numbers.add(each);
      const of = (each: number) => numbers.of(each % highHalf, Math.floor(each / highHalf));
      added.forEach((each, index) => {
        assert.equal(of(each), index < 50 ? index : -1);
        assert.ok(filter.mayHave(each % highHalf));
        assert.equal(numbers.add(each), index < 50 || numbers.count === 50 ? -1 : index);
      });
      for (const each of asked) if (!added.includes(each)) assert.equal(of(each), -1);
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('a gap in which a mapping of malloc can lie is nobody’s, a smaller one is own', () => {
  const own = new OwnRanges();
  const start = 0x7f00_0000_0000;
  own.add(start, start + 4096);
  own.add(start + 65_536, start + 69_632);
  own.add(start + (1 << 20), start + (1 << 20) + 4096);
  // What comes out of order is left out.
  own.add(start - 8192, start - 4096);
  const has = (offset: number) => own.has(start + offset);
  assert.deepEqual([-8192, -1, 0, 4096, 69_631, 69_632, (1 << 20) - 1, 1 << 20, (1 << 20) + 4096].map(has), [
    false,
    false,
    true,
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
});
