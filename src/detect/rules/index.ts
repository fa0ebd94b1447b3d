import { aboveEarlierRuns } from './aboveEarlierRuns.ts';
import { clearOfNoise } from './clearOfNoise.ts';
import { floorRises } from './floorRises.ts';
import { givesNothingBack } from './givesNothingBack.ts';
import { keepsGrowing } from './keepsGrowing.ts';
import { manySteps } from './manySteps.ts';
import { material } from './material.ts';
import { newHigh } from './newHigh.ts';
import { notLoad } from './notLoad.ts';
import { notSlowing } from './notSlowing.ts';
import { oldEnough } from './oldEnough.ts';
import { pastGiveBack } from './pastGiveBack.ts';
import type { Rule } from './rule.ts';
import { straightLine } from './straightLine.ts';
import { straightOverLife } from './straightOverLife.ts';

/**
 * Every rule, in the order in which an admin would ask, and how much its word counts. Rules overlap (a quiet line is clear of noise,
 * straight and gives nothing back), so their log-odds cannot just be added: the factors are a logistic regression over LeakBench's
 * tuning seeds and the recorded series.
 */
export const rules: readonly { rule: Rule; trust: number }[] = [
  { rule: floorRises, trust: 0.22 },
  { rule: clearOfNoise, trust: 0.29 },
  { rule: keepsGrowing, trust: 0.1 },
  { rule: notSlowing, trust: 0.47 },
  { rule: straightLine, trust: 0.19 },
  { rule: straightOverLife, trust: 0.5 },
  { rule: manySteps, trust: 0.25 },
  { rule: givesNothingBack, trust: 0.15 },
  { rule: notLoad, trust: 0.35 },
  { rule: newHigh, trust: 0.27 },
  { rule: aboveEarlierRuns, trust: 0.5 },
  { rule: pastGiveBack, trust: 0.82 },
  { rule: material, trust: 0.32 },
  { rule: oldEnough, trust: 0.1 },
];

/** Log-odds of a leak before any rule has spoken. */
export const priorLogOdds = -1.9;
