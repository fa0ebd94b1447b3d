import type { WindowEvidence } from '../evidence.ts';
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
import { restsNoLonger } from './restsNoLonger.ts';
import type { Rule } from './rule.ts';
import { straightLine } from './straightLine.ts';
import { straightOverLife } from './straightOverLife.ts';

const always = () => true;
/** Growth that the load explains is not there any more once the load is taken out. */
const loadExplains = (e: WindowEvidence) => (e.loadShare ?? 0) > 0.1;

/**
 * Every rule, in the order in which an admin would ask, and how much its word counts. Rules overlap (a quiet line is clear of noise,
 * straight and gives nothing back), so their log-odds cannot just be added: the factors are a logistic regression over LeakBench's
 * tuning seeds and the recorded series. Where nothing grows, only those with `alsoWithoutGrowth` have something to tell.
 */
export const rules: readonly { rule: Rule; trust: number; alsoWithoutGrowth?: (evidence: WindowEvidence) => boolean }[] = [
  { rule: floorRises, trust: 0.24, alsoWithoutGrowth: always },
  { rule: clearOfNoise, trust: 0.3, alsoWithoutGrowth: always },
  { rule: keepsGrowing, trust: 0.12 },
  { rule: restsNoLonger, trust: 0.3 },
  { rule: notSlowing, trust: 0.47 },
  { rule: straightLine, trust: 0.17 },
  { rule: straightOverLife, trust: 0.8 },
  { rule: manySteps, trust: 0.25 },
  { rule: givesNothingBack, trust: 0.12 },
  { rule: notLoad, trust: 0.3, alsoWithoutGrowth: loadExplains },
  { rule: newHigh, trust: 0.25 },
  { rule: aboveEarlierRuns, trust: 0.4 },
  { rule: pastGiveBack, trust: 0.8 },
  { rule: material, trust: 0.34, alsoWithoutGrowth: always },
  { rule: oldEnough, trust: 0.1 },
];

/** Log-odds of a leak before any rule has spoken. */
export const priorLogOdds = -1.9;
