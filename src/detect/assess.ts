import type { Reason } from '../model/verdict.ts';
import type { WindowEvidence } from './evidence.ts';
import { priorLogOdds, rules } from './rules/index.ts';
import type { RuleContext } from './rules/rule.ts';

/** Below this a rule has said nothing worth telling. */
const worthTelling = 0.1;

/** Growth in scatters below which a series is flat: how a flat line bends interests nobody. */
const leastGrowth = 2;

/** Log-odds that a window shows a leak: the sum of what the rules say. */
export function logOddsOfLeak(evidence: WindowEvidence, context: RuleContext): number {
  let logOdds = priorLogOdds;
  for (const { rule, trust } of rules) logOdds += trust * (rule.weigh(evidence, context) ?? 0);
  return logOdds;
}

/** What the rules say in words, the weightiest first. */
export function reasonsFor(evidence: WindowEvidence, context: RuleContext): Reason[] {
  const opinions: { weight: number; reason: Reason }[] = [];
  const grows = evidence.signalToNoise >= leastGrowth;
  for (const { rule, trust, alsoWithoutGrowth } of rules) {
    const weight = grows || alsoWithoutGrowth?.(evidence) ? rule.weigh(evidence, context) : null;
    if (weight === null) continue;
    const share = trust * weight;
    const side = share > worthTelling ? 'leak' : share < -worthTelling ? 'no-leak' : 'undecided';
    opinions.push({ weight: share, reason: { rule: rule.name, for: side, text: rule.tell(evidence, context, weight) } });
  }
  opinions.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  return opinions.map((o) => o.reason);
}
