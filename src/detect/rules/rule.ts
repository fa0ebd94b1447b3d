import type { Resource } from '../../model/verdict.ts';
import type { WindowEvidence } from '../evidence.ts';

export interface RuleContext {
  resource: Resource;
  unit: 'bytes' | 'count';
}

/** One question about a window. */
export interface Rule {
  /** Stable: it stands in verdicts. */
  name: string;
  /** Log-odds for (positive) or against (negative) a leak; null when the window holds no answer. */
  weigh(evidence: WindowEvidence, context: RuleContext): number | null;
  /** The answer in words, with the numbers, as an admin would read it. */
  tell(evidence: WindowEvidence, context: RuleContext, weight: number): string;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

export function percent(share: number): string {
  return `${Math.round(clamp(share, -9.99, 9.99) * 100)} %`;
}
