import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reasonsFor } from '../assess.ts';
import type { WindowEvidence } from '../evidence.ts';
import { evidenceOf, mib, minute, normalNoise, viewOf } from '../samplesForTests.ts';
import { rules } from './index.ts';
import type { RuleContext } from './rule.ts';

const contexts: readonly RuleContext[] = [
  { resource: 'memory', unit: 'bytes' },
  { resource: 'fds', unit: 'count' },
];

const memory: RuleContext = { resource: 'memory', unit: 'bytes' };

const straight = evidenceOf(viewOf(minute, (i) => (100 + i) * mib));

/** What a rule may leave without an answer, here always given. */
const answered = {
  ...straight,
  foreseenShare: 0.1,
  aboveEarlierRuns: 1,
  loadShare: 0,
  newHigh: 1,
  pastGiveBack: 0,
  pastSpans: 0.5,
} satisfies WindowEvidence;

const number = fc.oneof(
  fc.double({ min: -3, max: 3, noNaN: true }),
  fc.double({ min: -1e18, max: 1e18, noNaN: true }),
  fc.constantFrom(0, -0, 1e-300, -1e-9, 1, 1e18, -1e18),
);

/** Evidence with anything in every field, whatever fields there are. Spans are what windows have: from seconds to years. */
const anyEvidence: fc.Arbitrary<WindowEvidence> = fc
  .tuple(
    fc.record(
      Object.fromEntries(
        Object.entries(answered)
          .filter(([, value]) => typeof value === 'number')
          .map(([field]) => [field, number]),
      ),
    ),
    fc.record(
      Object.fromEntries(
        Object.keys(answered).flatMap((field) => (Reflect.get(straight, field) === null ? [[field, fc.constant(null)]] : [])),
      ),
      { requiredKeys: [] },
    ),
    fc.integer({ min: 5000, max: 400 * 86_400_000 }),
    fc.boolean(),
  )
  .map(([numbers, missing, spanMs, ending]) => ({
    ...answered,
    ...numbers,
    ...missing,
    fromMs: straight.fromMs,
    toMs: straight.fromMs + spanMs,
    slopePerMs: Number(Reflect.get(numbers, 'growth')) / spanMs,
    noise: Math.abs(Number(Reflect.get(numbers, 'noise'))),
    pastSpans: Math.abs(Number(Reflect.get(numbers, 'pastSpans'))),
    endingCurve: ending ? straight.endingCurve : null,
  }));

const weightOf = (name: string, evidence: WindowEvidence) =>
  rules.find(({ rule }) => rule.name === name)?.rule.weigh(evidence, memory) ?? 0;

test('rule names stand in verdicts: kebab-case and each its own', () => {
  const names = rules.map(({ rule }) => rule.name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z]+(-[a-z]+)*$/);
});

test('whatever the evidence, a weight is a number and a text is a sentence', () => {
  fc.assert(
    fc.property(anyEvidence, fc.constantFrom(...contexts), (evidence, context) => {
      for (const { rule } of rules) {
        const weight = rule.weigh(evidence, context);
        if (weight === null) continue;
        assert.ok(Number.isFinite(weight) && Math.abs(weight) <= 10, `${rule.name} weighs ${weight}`);
        const text = rule.tell(evidence, context, weight);
        assert.doesNotMatch(text, /NaN|undefined|null|Infinity|\[object/, rule.name);
        assert.doesNotMatch(text, /-0(\.0+)?( |$)/, rule.name);
        assert.match(text, /^[a-z].{9,}[^. ]$/, rule.name);
      }
    }),
    { numRuns: 1000 },
  );
});

test('no rule speaks for one side only', () => {
  const said = new Map(rules.map(({ rule }) => [rule.name, { for: false, against: false }]));
  for (const evidence of fc.sample(anyEvidence, { numRuns: 2000, seed: 1 })) {
    for (const { rule } of rules) {
      const weight = rule.weigh(evidence, { resource: 'memory', unit: 'bytes' }) ?? 0;
      const sides = said.get(rule.name);
      if (sides === undefined) continue;
      sides.for ||= weight > 0;
      sides.against ||= weight < 0;
    }
  }
  for (const [name, sides] of said) assert.deepEqual(sides, { for: true, against: true }, name);
});

test('a straight leak is told with its size, its rate and its time', () => {
  const reasons = reasonsFor(straight, { resource: 'memory', unit: 'bytes' });
  assert.equal(reasons[0]?.for, 'leak');
  const floor = reasons.find(({ rule }) => rule === 'floor-rises');
  assert.equal(floor?.for, 'leak');
  assert.equal(floor?.text, 'the floor rose by 63 MiB in 1 h 3 min, 60 MiB an hour, up in 100 % of all comparisons');
  const material = reasons.find(({ rule }) => rule === 'material');
  assert.equal(material?.text, 'it grew by 63 MiB, 63 % of where it started');
});

test('a pause after little growth speaks against a leak, the same pause of what has doubled hardly', () => {
  const noise = normalNoise(6);
  const saidOf = (mibs: number) => {
    const paused = evidenceOf(viewOf(minute, (i) => (400 + (mibs * Math.min(i, 45)) / 45) * mib + 0.2 * noise() * mib));
    return Math.min(
      0,
      ...rules.filter(({ rule }) => rule.name === 'keeps-growing').map(({ rule, trust }) => trust * (rule.weigh(paused, memory) ?? 0)),
    );
  };
  assert.ok(saidOf(40) < -1, `${saidOf(40)}`);
  assert.ok(saidOf(400) > -0.5, `${saidOf(400)}`);
});

test('three steps that come sooner by chance are no proof that it slows down, the same bend of a smooth curve is', () => {
  const bent = { ...straight, curvatureT: -3.5, lateShare: 0.4, lineOdds: -2 };
  assert.ok(weightOf('not-slowing', { ...bent, effectiveSteps: 3 }) > -0.5);
  assert.ok(weightOf('not-slowing', { ...bent, effectiveSteps: 15 }) < -0.9);
});

test('a bend that costs a seventh of the rate is hardly one, as long as nothing that ends explains the growth better than a line', () => {
  const bent = { ...straight, curvatureT: -6, lateShare: 0.85, lineOdds: 3 };
  assert.ok(weightOf('not-slowing', bent) > -1);
  assert.ok(weightOf('not-slowing', { ...bent, lineOdds: -1 }) < -2);
  assert.ok(weightOf('not-slowing', { ...bent, lateShare: 0.5 }) < -2);
});

test('two or three deployments are no leak, however large they are', () => {
  const trust = rules.find(({ rule }) => rule.name === 'many-steps')?.trust ?? 0;
  assert.ok(trust * weightOf('many-steps', { ...straight, effectiveSteps: 2.6 }) < -1.5);
  assert.ok(weightOf('many-steps', { ...straight, effectiveSteps: 6 }) > 0);
});

test('counts are told without bytes', () => {
  const fds = evidenceOf(viewOf(minute, (i) => 40 + i));
  for (const { text } of reasonsFor(fds, { resource: 'fds', unit: 'count' })) assert.doesNotMatch(text, /[KMG]?i?B\b/);
});

test('what falls or stands still is not told as growth', () => {
  const noise = normalNoise(3);
  const falling = reasonsFor(evidenceOf(viewOf(minute, (i) => (200 - i) * mib)), { resource: 'memory', unit: 'bytes' });
  const still = reasonsFor(evidenceOf(viewOf(minute, () => 200 * mib + noise() * mib)), { resource: 'memory', unit: 'bytes' });
  for (const { text } of [...falling, ...still]) assert.doesNotMatch(text, /-\d/);
  assert.equal(falling.find(({ rule }) => rule === 'floor-rises')?.text, 'the floor does not rise: it fell by 63 MiB in 1 h 3 min');
  assert.equal(falling.find(({ rule }) => rule === 'material')?.text, 'it shrank by 63 MiB, 32 % of where it started');
  for (const reasons of [falling, still]) assert.equal(reasons[0]?.for, 'no-leak');
});

test('growth that follows the load is told as load', () => {
  const noise = normalNoise(4);
  const load = (i: number) => 0.2 + 0.01 * i + 0.1 * Math.sin(i);
  const busy = evidenceOf(viewOf(minute, (i) => (100 + 200 * load(i)) * mib + noise() * mib, load));
  const said = reasonsFor(busy, { resource: 'memory', unit: 'bytes' }).find(({ rule }) => rule === 'not-load');
  assert.equal(said?.for, 'no-leak');
  assert.match(said?.text ?? '', /^the load of the moment \(CPU\) explains \d\d+ % of the growth$/);
});
