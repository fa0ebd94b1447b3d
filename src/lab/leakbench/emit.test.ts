import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../../model/gauge.ts';
import { isValue } from '../../model/reading.ts';
import type { Resource } from '../../model/verdict.ts';
import type { BenchCase } from './case.ts';
import { generateCase } from './emit.ts';
import { patternGroups } from './patterns/catalogue.ts';

const hourMs = 3_600_000;
const all = patternGroups.flatMap(({ name, patterns }) => patterns.map((pattern) => ({ group: name, pattern })));

/** Growth shows over a restart or under a falling load only once these are taken out. */
const notOnTheFace = ['P11-restart-masked', 'L36-bare-restarts', 'P31-declining-load', 'L28-slower-after-fix', 'L30-odd-restarts'];

/** Healthy families whose last tenth may stand above all that was before: what is slowing down, follows its work, or steps up late. */
const mayEndHigher = /^(N06|N07|H17|H18|H19|H43|N11|N36|H29|S27|N12|N23|N24|N34|H27|H32)-/;

function sizeOf(sample: Sample, resource: Resource): number {
  const { anonBytes, swapBytes, shmemBytes, kernelBytes } = sample;
  if (resource === 'memory') return Number(anonBytes) + (isValue(swapBytes) ? swapBytes : 0);
  const reading = resource === 'shmem' ? shmemBytes : resource === 'kernel' ? kernelBytes : sample[resource];
  return isValue(reading) ? reading : Number.NaN;
}

/** Lower tenth of a share of the series, from the onset on. */
function floorBetween({ samples, resource, onsetMs }: BenchCase, from: number, to: number): number {
  const leaking = samples.filter((sample) => sample.timeMs >= (onsetMs ?? 0));
  const sizes = leaking.slice(Math.floor(from * leaking.length), Math.ceil(to * leaking.length)).map((sample) => sizeOf(sample, resource));
  return sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 10)] ?? Number.NaN;
}

test('the families of both generators are there, each under a name of its own', () => {
  const families = all.map(({ pattern }) => pattern.family);
  assert.equal(new Set(families).size, families.length);
  for (let number = 1; number <= 35; number += 1) {
    const prefix = `P${String(number).padStart(2, '0')}`;
    assert.ok(
      families.some((family) => family.startsWith(prefix)),
      prefix,
    );
  }
  for (let number = 1; number <= 38; number += 1) {
    const prefix = `N${String(number).padStart(2, '0')}-`;
    assert.ok(
      families.some((family) => family.startsWith(prefix)),
      prefix,
    );
  }
});

for (const { group, pattern } of all) {
  test(`${pattern.family}: samples in order, readings that can be, growth as labelled`, () => {
    const one = generateCase(pattern, group, 1);
    assert.ok(one.samples.length >= 100, `${one.samples.length} samples`);
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const sample of one.samples) {
      assert.ok(sample.timeMs > lastMs);
      lastMs = sample.timeMs;
      assert.ok(sizeOf(sample, one.resource) >= 0, `size at ${sample.timeMs}`);
    }
    if (one.label === 'leak') assertGrows(one);
    else assert.equal(one.onsetMs, null);
    if (one.label === 'healthy' && !mayEndHigher.test(one.family)) assertBounded(one);
  });
}

function assertBounded(one: BenchCase): void {
  const early = one.samples.slice(0, Math.floor(0.8 * one.samples.length));
  const highest = early.reduce((most, sample) => Math.max(most, sizeOf(sample, one.resource)), 0);
  assert.ok(floorBetween(one, 0.9, 1) <= 1.01 * highest, `floor at the end above ${highest}`);
}

function assertGrows(one: BenchCase): void {
  if (one.exhaustionMs !== null && one.onsetMs !== null) assert.ok(one.exhaustionMs > one.onsetMs);
  if (notOnTheFace.includes(one.family)) return;
  const [before, after] = [floorBetween(one, 0, 0.15), floorBetween(one, 0.85, 1)];
  assert.ok(after > before, `floor from ${before} to ${after}`);
  if (one.trueSlopePerHour === null) return;
  const from = Math.max(one.onsetMs ?? 0, one.samples[0]?.timeMs ?? 0);
  const leakingH = ((one.samples.at(-1)?.timeMs ?? 0) - from) / hourMs;
  const growth = (after - before) / (0.85 * leakingH);
  assert.ok(growth > 0.3 * one.trueSlopePerHour && growth < 3 * one.trueSlopePerHour, `${growth} an hour, said ${one.trueSlopePerHour}`);
}

test('the same family and seed give the same samples, another seed gives others', () => {
  for (const family of ['P06-random-steps', 'N19-connections', 'L26-badly-read', 'S03-sessions-and-leak']) {
    const found = all.find(({ pattern }) => pattern.family === family);
    assert.ok(found);
    const [first, again, other] = [3, 3, 4].map((seed) => generateCase(found.pattern, found.group, seed));
    assert.deepEqual(first, again);
    assert.notDeepEqual(first?.samples, other?.samples);
  }
});

test('a leak ends at its wall, and the wall is told or hidden as the case says', () => {
  const linear = all.find(({ pattern }) => pattern.family === 'P01-linear');
  assert.ok(linear);
  const cases = Array.from({ length: 12 }, (_, seed) => generateCase(linear.pattern, 'patterns', seed));
  for (const one of cases) {
    const last = one.samples.at(-1);
    assert.ok(last && one.exhaustionMs !== null);
    assert.ok(one.exhaustionMs >= last.timeMs, 'nothing is read of a process that has ended');
    assert.equal(one.wallVisible, isValue(last.limitBytes) || isValue(last.headroomBytes));
    if (isValue(last.limitBytes) && one.exhaustionMs === last.timeMs) assert.ok(Number(last.anonBytes) >= 0.99 * last.limitBytes);
  }
  assert.ok(cases.some((one) => one.wallVisible) && cases.some((one) => !one.wallVisible));
});
