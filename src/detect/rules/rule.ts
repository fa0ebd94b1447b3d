import type { Resource } from '../../model/verdict.ts';
import type { WindowEvidence } from '../evidence.ts';

export interface RuleContext {
  resource: Resource;
  unit: 'bytes' | 'count';
}

/** What a rule says: log-odds for (positive) or against (negative) a leak, and the words with the numbers. */
export interface Opinion {
  weight: number;
  text: string;
}

/** One question about a window. Null when the window holds no answer to it. */
export interface Rule {
  name: string;
  weigh(evidence: WindowEvidence, context: RuleContext): Opinion | null;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
