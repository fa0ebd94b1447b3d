import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellOf, ReferenceLists } from './referenceLists.ts';

const bounds = { start: 0, end: 64 << 20, oopShift: 3, oopBase: 0 };

/** Objects at these units, each of which refers to these; 0: to nothing there. */
function listsOf(objects: readonly { unit: number; to: readonly number[] }[]): ReferenceLists {
  const lists = new ReferenceLists(bounds);
  lists.clear();
  lists.beginRun();
  lists.beginWindow(true);
  for (const { unit, to } of objects) {
    const end = lists.referenceCount + to.length;
    lists.references.set(
      to.map((target) => cellOf(target) * 2),
      lists.referenceCount,
    );
    lists.add(unit, 1, end);
  }
  lists.countReferences();
  return lists;
}

test('whose reference it is, and where an object is, is found among many short ones, long arrays and gaps', () => {
  let unit = 1;
  const objects = Array.from({ length: 3_000 }, (_, index) => {
    unit += index % 500 === 0 ? 10_000 : 3 + (index % 5);
    const count = index % 700 === 3 ? 50_000 : index % 4;
    return { unit, to: Array.from({ length: count }, (__, place) => (place % 3 === 1 ? 0 : 7 + place)) };
  });
  const lists = listsOf(objects);
  let reference = 0;
  for (const { unit: of, to } of objects) {
    const kept = to.findLastIndex((target) => target !== 0) + 1;
    const place = lists.holderAt(cellOf(of));
    assert.equal(place?.unit, of);
    if (kept === 0) continue;
    assert.equal(place?.first, reference);
    assert.equal(lists.endOf(reference), reference + kept);
    for (const at of [0, kept - 1]) assert.equal(lists.holderOfReference(reference + at).unit, of);
    reference += kept;
  }
  assert.equal(lists.holderAt(cellOf(5)), null);
});

test('an object is let go of with the last reference to it, and never where too many refer to it to be counted, or one that was left out', () => {
  const lists = listsOf([
    { unit: 3, to: [101, 103, 103, 105, 105, 105] },
    { unit: 11, to: [0, 0] },
  ]);
  assert.deepEqual(
    [101, 103, 103].map((unit) => lists.letGo(cellOf(unit))),
    [true, false, true],
  );
  assert.deepEqual(
    [105, 105, 105, 105].map((unit) => lists.letGo(cellOf(unit))),
    [false, false, false, false],
  );
  lists.references[lists.referenceCount] = cellOf(201) * 2;
  lists.leaveOut(lists.referenceCount + 1);
  assert.equal(lists.letGo(cellOf(201)), false);
  assert.deepEqual(
    [103, 105, 201, 301].map((unit) => lists.isHeld(cellOf(unit))),
    [false, true, true, false],
  );
});
