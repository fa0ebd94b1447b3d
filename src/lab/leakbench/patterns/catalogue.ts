import { healthyCycles } from './healthyCycles.ts';
import { healthyGrowth } from './healthyGrowth.ts';
import { healthyPlain } from './healthyPlain.ts';
import { leakBursty } from './leakBursty.ts';
import { leakCurved } from './leakCurved.ts';
import { leakOther } from './leakOther.ts';
import { leakSteady } from './leakSteady.ts';
import type { Pattern } from './pattern.ts';
import { second } from './second/families.ts';
import { widerHealthy } from './widerHealthy.ts';
import { widerLeak } from './widerLeak.ts';

export interface PatternGroup {
  name: string;
  text: string;
  patterns: Pattern[];
}

const byFamily = (patterns: Pattern[]) => patterns.toSorted((a, b) => a.family.localeCompare(b.family, 'en'));

/** All generated series. Every pattern belongs to one group; the groups are told apart in the report. */
export const patternGroups: PatternGroup[] = [
  {
    name: 'patterns',
    text: 'the catalogue: leaks P01 to P35, hard healthy series N01 to N38',
    patterns: byFamily([...leakSteady, ...leakBursty, ...leakCurved, ...leakOther, ...healthyPlain, ...healthyGrowth, ...healthyCycles]),
  },
  {
    name: 'wider',
    text: 'beyond the catalogue: minutes and months, memory alone, other noise, bad sampling',
    patterns: [...widerLeak, ...widerHealthy],
  },
  { name: 'second', text: 'simulated request by request, by other rules than the rest', patterns: second },
];
