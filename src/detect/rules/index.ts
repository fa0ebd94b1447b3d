import { clearOfNoise } from './clearOfNoise.ts';
import { floorRises } from './floorRises.ts';
import { givesNothingBack } from './givesNothingBack.ts';
import { keepsGrowing } from './keepsGrowing.ts';
import { manySteps } from './manySteps.ts';
import { material } from './material.ts';
import { newHigh } from './newHigh.ts';
import { notLoad } from './notLoad.ts';
import { pastGiveBack } from './pastGiveBack.ts';
import type { Rule } from './rule.ts';
import { straightLine } from './straightLine.ts';

/** Every rule, in the order in which an admin would ask. */
export const rules: readonly Rule[] = [
  floorRises,
  clearOfNoise,
  keepsGrowing,
  straightLine,
  manySteps,
  givesNothingBack,
  notLoad,
  newHigh,
  pastGiveBack,
  material,
];
