import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Spark } from './spark.ts';

test('shows each sample while they fit', () => {
  const spark = new Spark(1000);
  for (const [index, value] of [5, 4, Number.NaN, 6].entries()) spark.push(index * 1000, value);
  assert.deepEqual(spark.points(), [5, 4, null, 6]);
});

test('keeps the floor of each stretch when it is full', () => {
  const spark = new Spark(1000);
  for (let index = 0; index < 4800; index += 1) spark.push(index * 1000, index % 100 === 50 ? index : 1e9);
  const points = spark.points();
  assert.ok(points.length > 20 && points.length <= 48);
  assert.equal(points[0], 50);
  assert.equal(points.at(-1), 4750);
  assert.deepEqual(
    points,
    points.toSorted((a, b) => (a ?? 0) - (b ?? 0)),
  );
});

test('never holds more than 48 points, whatever the times, and keeps the lowest value', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1e9), fc.nat(1e6)), { minLength: 1, maxLength: 200 }), (steps) => {
      const spark = new Spark(1000);
      let at = 0;
      for (const [gap, value] of steps) {
        at += gap;
        spark.push(at, value);
      }
      const points = spark.points();
      assert.ok(points.length >= 1 && points.length <= 48);
      assert.equal(Math.min(...points.filter((point) => point !== null)), Math.min(...steps.map(([, value]) => value)));
    }),
  );
});
