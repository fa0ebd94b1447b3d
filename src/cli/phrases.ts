/** Verdicts in the words and widths of the terminal. */
import { formatBytes, formatDuration } from '../model/units.ts';
import type { Exhaustion, Slope } from '../model/verdict.ts';
import { printable } from './printable.ts';

/** `+48 MiB/h`; empty when nothing is known. */
export function slopePhrase(slope: Slope | null): string {
  if (slope === null) return '';
  const sign = slope.perHour >= 0 ? '+' : '';
  return slope.unit === 'bytes' ? `${sign}${formatBytes(slope.perHour)}/h` : `${sign}${Number(slope.perHour.toPrecision(3))}/h`;
}

/** `+48 MiB/h (46 MiB to 50 MiB)`. */
export function slopeWithInterval(slope: Slope): string {
  const amount = (value: number) => (slope.unit === 'bytes' ? formatBytes(value) : `${Number(value.toPrecision(3))}`);
  return `${slopePhrase(slope)} (${amount(slope.low)} to ${amount(slope.high)})`;
}

/** `account alice, example.com`; empty where nobody's account it is. */
export function hostingPhrase({ account, domain }: { account?: string | null; domain?: string | null }): string {
  if (account === null || account === undefined) return '';
  return printable(`account ${account}${domain === null || domain === undefined ? '' : `, ${domain}`}`);
}

/** `5 h 20 min ago`. */
export function agoPhrase(moment: string, nowMs: number): string {
  return `${formatDuration(nowMs - Date.parse(moment))} ago`;
}

/** `in 2 d 4 h (1 d 20 h to 3 d)`. */
export function exhaustionPhrase(exhaustion: Exhaustion, nowMs: number): string {
  const until = (moment: string) => formatDuration(Date.parse(moment) - nowMs);
  return `in ${until(exhaustion.at)} (${until(exhaustion.low)} to ${exhaustion.high === null ? 'never' : until(exhaustion.high)})`;
}
