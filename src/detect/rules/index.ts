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
 * tuning seeds and the recorded series, in which no rule loses more than half its say at once: what the generators don't ask for, machines
 * may. Where nothing grows, only those with `alsoWithoutGrowth` have something to tell.
 */
export const rules: readonly { rule: Rule; trust: number; alsoWithoutGrowth?: (evidence: WindowEvidence) => boolean }[] = [
  { rule: floorRises, trust: 0.3, alsoWithoutGrowth: always },
  { rule: clearOfNoise, trust: 0.35, alsoWithoutGrowth: always },
  { rule: keepsGrowing, trust: 1 },
  { rule: restsNoLonger, trust: 0.2 },
  { rule: notSlowing, trust: 1.4 },
  { rule: straightLine, trust: 0.09 },
  { rule: straightOverLife, trust: 0.9 },
  { rule: manySteps, trust: 0.26 },
  { rule: givesNothingBack, trust: 0.06 },
  { rule: notLoad, trust: 0.3, alsoWithoutGrowth: loadExplains },
  { rule: newHigh, trust: 0.13 },
  { rule: aboveEarlierRuns, trust: 0.2 },
  { rule: pastGiveBack, trust: 1.23 },
  { rule: material, trust: 0.43, alsoWithoutGrowth: always },
  { rule: oldEnough, trust: 0.07 },
];

/** Log-odds of a leak before any rule has spoken. */
export const priorLogOdds = -2.86;
