import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SubjectWindow } from '../series/window.ts';
import { emptyView } from './evidence.ts';
import { lifeOf, type PastLife, PastLives, pointsPerLife } from './lives.ts';
import { day, hour, minute, second, startMs } from './samplesForTests.ts';

function windowOf(everyMs: number, lengthMs: number, valueAt: (ageMs: number) => number): SubjectWindow {
  const window = new SubjectWindow(1);
  for (let age = 0; age < lengthMs; age += everyMs) window.push(startMs + age, [valueAt(age)], Number.NaN);
  return window;
}

function life(lengthMs: number, floorAt: (share: number) => number): PastLife {
  return { lengthMs, floors: Float32Array.from({ length: pointsPerLife }, (_, step) => floorAt(step / pointsPerLife)) };
}

test('a life is its floor by age, in equal steps', () => {
  // A spike in each minute hides nothing: the floor is what counts.
  const lived = lifeOf(
    windowOf(second * 10, 8 * hour, (age) => 1000 + Math.floor(age / hour) * 100 + (age % minute === 0 ? 5000 : 0)),
    0,
  );
  assert.ok(lived !== null);
  assert.equal(lived.floors.length, pointsPerLife);
  assert.ok(Math.abs(lived.lengthMs - 8 * hour) < 30 * minute, `${lived.lengthMs / hour}`);
  assert.equal(lived.floors[0], 1000);
  assert.equal(lived.floors.at(-1), 1700);
  assert.deepEqual(
    [...lived.floors],
    [...lived.floors].sort((a, b) => a - b),
  );
});

test('a life of minutes shows its start-up only, and one never read shows nothing', () => {
  assert.equal(
    lifeOf(
      windowOf(second, 5 * minute, () => 1000),
      0,
    ),
    null,
  );
  assert.equal(
    lifeOf(
      windowOf(minute, 8 * hour, () => Number.NaN),
      0,
    ),
    null,
  );
  assert.equal(lifeOf(new SubjectWindow(1), 0), null);
});

test('a stretch in which nothing was read takes the floor before it, not 0', () => {
  const read = (age: number) => (age < 2 * hour ? 500 : 1000);
  const lived = lifeOf(
    windowOf(minute, 8 * hour, (age) => (age > 3 * hour && age < 5 * hour ? Number.NaN : read(age))),
    0,
  );
  assert.ok(lived !== null);
  assert.deepEqual(new Set(lived.floors.slice(0, pointsPerLife / 4 - 1)), new Set([500]));
  assert.deepEqual(new Set(lived.floors.slice(pointsPerLife / 4 + 1)), new Set([1000]));
});

test('what is usual at an age is the median of the runs, and the highest of those that ended younger', () => {
  const lives = new PastLives();
  assert.equal(lives.usualFloorAt(hour), null);
  for (const end of [200, 300, 900]) lives.add(life(day, (share) => 100 + share * end));
  const late = lives.usualFloorAt(0.99 * day);
  assert.ok(late !== null && late > 350 && late <= 400, `${late}`);
  const beyond = lives.usualFloorAt(5 * day);
  assert.ok(beyond !== null && beyond > 350 && beyond <= 400, `${beyond}`);
  const early = lives.usualFloorAt(0);
  assert.ok(early !== null && early >= 100 && early < 150, `${early}`);
});

test('only the last runs are kept', () => {
  const lives = new PastLives();
  for (let run = 0; run < 100; run += 1) lives.add(life(day, () => run));
  assert.ok(lives.lives.length <= 10);
  assert.equal(lives.lives.at(-1)?.floors[0], 99);
});

test('three runs make an average one, of ages that most of them reached', () => {
  const lives = new PastLives([life(day, (share) => 100 + share * 100), life(day, (share) => 100 + share * 300)]);
  assert.equal(lives.averageLife(emptyView()), null);
  lives.add(life(30 * day, () => 1e6));
  lives.add(life(hour, () => 200));
  const average = lives.averageLife(emptyView());
  assert.ok(average !== null);
  const times = [...average.timeMs.subarray(0, average.length)];
  assert.ok((times.at(-1) ?? 0) <= day, 'no age that one run alone reached');
  assert.ok((times[0] ?? 0) > 0.1 * day, 'without the start-up');
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.ok([...average.floor.subarray(0, average.length)].every((floor) => Number.isFinite(floor)));
});

test('the share of runs that grew', () => {
  const lives = new PastLives();
  assert.equal(lives.risingShare(), 0);
  lives.add(life(day, (share) => 100 + share * 100));
  lives.add(life(day, () => 100));
  lives.add(life(day, (share) => 100 + 50 * Math.min(1, share * 10)));
  lives.add(life(day, (share) => 200 - share * 100));
  assert.equal(lives.risingShare(), 0.25);
});

test('two runs that ended within the hour do not hide what grew over days in the others', () => {
  const lives = new PastLives();
  const grows = (lengthMs: number) => life(lengthMs, (share) => 1000 + (10 * share * lengthMs) / hour);
  for (const lengthMs of [48 * hour, hour, 60 * hour, 40 * hour, hour]) lives.add(grows(lengthMs));
  const average = lives.averageLife(emptyView());
  assert.ok(average !== null);
  const last = average.length - 1;
  const spanMs = (average.timeMs[last] ?? 0) - (average.timeMs[0] ?? 0);
  assert.ok(spanMs > 30 * hour, `${spanMs / hour} h`);
  const perHour = (((average.floor[last] ?? 0) - (average.floor[0] ?? 0)) / spanMs) * hour;
  assert.ok(Math.abs(perHour / 10 - 1) < 0.1, `${perHour}`);
});
