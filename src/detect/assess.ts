import type { Reason } from '../model/verdict.ts';
import type { WindowEvidence } from './evidence.ts';
import { rules } from './rules/index.ts';
import type { RuleContext } from './rules/rule.ts';

/** Log-odds of a leak before any rule has spoken: most of what grows does not leak. */
const priorLogOdds = -2.5;

/** Below this a rule has said nothing worth telling. */
const worthTelling = 0.25;

export interface Assessment {
  evidence: WindowEvidence;
  probability: number;
  reasons: Reason[];
}

/** Adds up what the rules say of one window. */
export function assess(evidence: WindowEvidence, context: RuleContext): Assessment {
  let logOdds = priorLogOdds;
  const opinions: { weight: number; reason: Reason }[] = [];
  for (const rule of rules) {
    const opinion = rule.weigh(evidence, context);
    if (opinion === null) continue;
    logOdds += opinion.weight;
    const side = opinion.weight > worthTelling ? 'leak' : opinion.weight < -worthTelling ? 'no-leak' : 'undecided';
    opinions.push({ weight: opinion.weight, reason: { rule: rule.name, for: side, text: opinion.text } });
  }
  opinions.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  return { evidence, probability: 1 / (1 + Math.exp(-logOdds)), reasons: opinions.map((o) => o.reason) };
}
