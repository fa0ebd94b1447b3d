import { formatBytes } from '../model/units.ts';

export function formatAmount(amount: number, unit: 'bytes' | 'count'): string {
  return unit === 'bytes' ? formatBytes(amount) : amount.toFixed(Math.abs(amount) < 10 ? 1 : 0);
}

/** A rate per ms as people read it: an hour, or a second when it is that fast. */
export function formatRate(perMs: number, unit: 'bytes' | 'count'): string {
  const perSecond = perMs * 1000;
  const fast = Math.abs(perSecond) >= (unit === 'bytes' ? 262_144 : 1);
  return fast ? `${formatAmount(perSecond, unit)} a second` : `${formatAmount(perSecond * 3600, unit)} an hour`;
}
