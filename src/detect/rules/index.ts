import { clearOfNoise } from './clearOfNoise.ts';
import { floorRises } from './floorRises.ts';
import { givesNothingBack } from './givesNothingBack.ts';
import { keepsGrowing } from './keepsGrowing.ts';
import { manySteps } from './manySteps.ts';
import { material } from './material.ts';
import { newHigh } from './newHigh.ts';
import { notLoad } from './notLoad.ts';
import { pastGiveBack } from './pastGiveBack.ts';
import { oldEnough } from './oldEnough.ts';
import type { Rule } from './rule.ts';
import { straightLine } from './straightLine.ts';
import { straightOverLife } from './straightOverLife.ts';

/** Every rule, in the order in which an admin would ask. */
export const rules: readonly Rule[] = [
  floorRises,
  clearOfNoise,
  keepsGrowing,
  straightLine,
  straightOverLife,
  manySteps,
  givesNothingBack,
  notLoad,
  newHigh,
  pastGiveBack,
  material,
  oldEnough,
];
