import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRng } from '../lab/leakbench/rng.ts';
import { type FixVerdict, judgeFix, type Life } from './fix.ts';

const MiB = 1024 ** 2;
const minuteMs = 60_000;

interface Shape {
  hours: number;
  /** Bytes an hour at full load. */
  leak: number;
  /** 0 to 1: CPU and leak go with it. */
  load: number;
  noise: number;
  /** How long what it needs at first takes to come. */
  warmUpMin?: number;
}

/** Warm-up, a saw-tooth of a collector, noise that holds on for some minutes, and the leak. */
function lifeOf(seed: string, { hours, leak, load, noise, warmUpMin = 10 }: Shape): Life {
  const rng = createRng(seed);
  const n = hours * 60;
  const startMs = 1_700_000_000_000;
  const bytes = new Float64Array(n);
  const cpuSeconds = new Float64Array(n);
  let drift = 0;
  let cpu = 0;
  for (let minute = 0; minute < n; minute += 1) {
    drift = 0.85 * drift + noise * rng.normal();
    cpu += 20 * load * (0.8 + 0.4 * rng.unit());
    const warmUp = 40 * MiB * (1 - Math.exp(-minute / warmUpMin));
    const sawTooth = ((minute % 7) / 7) * 20 * MiB;
    bytes[minute] = 100 * MiB + warmUp + sawTooth + drift + (leak * load * minute) / 60;
    cpuSeconds[minute] = cpu;
  }
  return { timeMs: Float64Array.from({ length: n }, (_, minute) => startMs + minute * minuteMs), bytes, cpuSeconds };
}

const leaking: Shape = { hours: 6, leak: 20 * MiB, load: 1, noise: MiB };

function fix(seed: string, after: Partial<Shape>, before: Partial<Shape> = {}): FixVerdict {
  return judgeFix(lifeOf(`${seed} before`, { ...leaking, ...before }), lifeOf(`${seed} after`, { ...leaking, ...after }));
}

test('gone, slower and the same are told, with the probability and both rates', () => {
  const gone = fix('a', { leak: 0 });
  assert.equal(gone.word, 'gone');
  assert.match(
    gone.sentence,
    /^the leak is gone, 9\d % sure: .*\/h after 2\d(?:\.\d)? MiB\/h$|^the leak is gone, 9\d % sure: .*\/h after 1\d(?:\.\d)? MiB\/h$/,
  );
  const same = fix('b', {});
  assert.equal(same.word, 'same');
  assert.match(same.sentence, /^the leak is still there, 9\d % sure/);
  const slower = fix('c', { leak: 8 * MiB });
  assert.equal(slower.word, 'slower');
  assert.match(slower.sentence, /still there, \d\d % slower/);
});

test('a quiet night is no fix: with a tenth of the load it leaks as much for each second of CPU', () => {
  const { word } = fix('night', { load: 0.1 });
  assert.notEqual(word, 'gone');
});

test('nothing is claimed from minutes, from a build that did not leak, or from nothing', () => {
  const short = judgeFix(lifeOf('s', leaking), lifeOf('t', { ...leaking, leak: 0, hours: 0.25 }));
  assert.equal(short.word, 'unknown');
  assert.equal(short.probability, null);
  assert.equal(fix('d', { leak: 0 }, { leak: 0 }).word, 'unknown');
  const none = { timeMs: new Float64Array(0), bytes: new Float64Array(0), cpuSeconds: new Float64Array(0) };
  assert.equal(judgeFix(none, none).word, 'unknown');
});

test('without CPU time it goes by the clock', () => {
  const blind = (life: Life): Life => ({ ...life, cpuSeconds: life.cpuSeconds.map(() => Number.NaN) });
  assert.equal(judgeFix(blind(lifeOf('e', leaking)), blind(lifeOf('f', { ...leaking, leak: 0 }))).word, 'gone');
});

describe('what is said is as sure as it says', () => {
  const truths = [
    ['gone', 0],
    ['slower', 8 * MiB],
    ['same', 20 * MiB],
  ] as const;
  for (const [hours, warmUpMin] of [
    [3, 10],
    [4, 10],
    [4, 60],
    [12, 10],
  ] as const) {
    test(`${hours} h after the new build, with a warm-up of ${warmUpMin} min, over noise of several strengths`, () => {
      let claims = 0;
      let right = 0;
      let expected = 0;
      for (const [truth, leak] of truths) {
        for (let seed = 0; seed < 60; seed += 1) {
          const noise = [0.3, 1, 3][seed % 3] ?? 1;
          const { word, probability } = fix(
            `${hours} ${truth} ${seed}`,
            { leak, hours, warmUpMin, noise: noise * MiB },
            { noise: noise * MiB },
          );
          if (word === 'unknown' || probability === null) continue;
          claims += 1;
          expected += probability;
          if (word === truth) right += 1;
        }
      }
      assert.ok(right >= expected - 0.04 * claims, `${right} right of ${claims}, ${expected.toFixed(1)} expected`);
      if (hours === 12) assert.ok(claims >= 150, `${claims} claimed`);
    });
  }
});

test('a warm-up of an hour, which the build before had as well, is not taken for what is left of its leak', () => {
  const wrong = Array.from({ length: 40 }, (_, index) =>
    fix(`warm ${index}`, { leak: 0, hours: 4, warmUpMin: 75, noise: 3 * MiB }, { hours: 24, warmUpMin: 75, noise: 3 * MiB }),
  ).filter(({ word }) => word === 'same' || word === 'slower');
  assert.ok(wrong.length <= 4, `${wrong.length} of 40 said that it still leaks`);
});
