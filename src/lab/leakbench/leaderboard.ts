import { createSubjectWatch } from '../../detect/subjectWatch.ts';
import { baseline } from './baselines/baseline.ts';
import { coroot } from './baselines/coroot.ts';
import { linearBackward } from './baselines/lbr.ts';
import { linearR2 } from './baselines/linearRule.ts';
import { mannKendallSen } from './baselines/mannKendall.ts';
import { precog, precogMaximumFilter } from './baselines/precog.ts';
import { predictLinear } from './baselines/predictLinear.ts';
import type { DetectorEntry } from './detector.ts';

/** stanch first, then the published methods. */
export const leaderboard: DetectorEntry[] = [
  { name: 'stanch', create: () => createSubjectWatch('case') },
  baseline('mann-kendall-sen', mannKendallSen),
  baseline('linear-r2', linearR2),
  baseline('predict-linear', predictLinear),
  baseline('lbr', linearBackward),
  baseline('precog', precog),
  baseline('precog-mf', precogMaximumFilter),
  baseline('coroot', coroot),
];
