/** Sizes, rates, durations and moments as a person reads them: always with a unit, times in the reader's own zone. */
import { formatBytes, formatDuration } from '../../model/units.ts';

export { formatBytes, formatDuration };

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export type Unit = 'bytes' | 'count' | 'cores';

function byteUnitOf(bytes: number): number {
  const magnitude = Math.abs(bytes);
  if (magnitude < 1) return 0;
  return Math.min(byteUnits.length - 1, Math.floor(Math.log2(magnitude) / 10));
}

function digits(value: number): string {
  const magnitude = Math.abs(value);
  const text = value.toFixed(magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function inByteUnit(bytes: number, unit: number): string {
  return unit === 0 ? String(Math.round(bytes)) : digits(bytes / 1024 ** unit);
}

/** `12345.67` → `12,345.7`. */
export function formatCount(count: number): string {
  const [whole = '', tenths = '0'] = Math.abs(count).toFixed(1).split('.');
  const text = whole.replace(/\B(?=(?:\d{3})+$)/g, ',') + (tenths === '0' ? '' : `.${tenths}`);
  return count < 0 && text !== '0' ? `-${text}` : text;
}

/** CPU time in a second of time: `4 % of a core`, `1.3 cores`. */
function formatCores(cores: number): string {
  return cores < 0.995 ? `${digits(cores * 100)} % of a core` : `${digits(cores)} ${digits(cores) === '1' ? 'core' : 'cores'}`;
}

export function formatAmount(value: number, unit: Unit): string {
  if (unit === 'cores') return formatCores(value);
  return unit === 'bytes' ? formatBytes(value) : formatCount(value);
}

/** The same on an axis, where there is little room: `50 %`. */
export function formatTickAmount(value: number, unit: Unit): string {
  if (value === 0) return '0';
  return unit === 'cores' ? `${digits(value * 100)} %` : formatAmount(value, unit);
}

/** `61.2 MiB/h`; counts as `12/h`. */
export function formatRate(perHour: number, unit: Unit): string {
  return `${formatAmount(perHour, unit)}/h`;
}

/** `58 to 64.3 MiB/h`, both ends in the unit of the larger. */
export function formatRateInterval(low: number, high: number, unit: Unit): string {
  if (unit === 'count') return `${formatCount(low)} to ${formatCount(high)}/h`;
  const shared = Math.max(byteUnitOf(low), byteUnitOf(high));
  return `${inByteUnit(low, shared)} to ${inByteUnit(high, shared)} ${byteUnits[shared] ?? 'B'}/h`;
}

/** `0.314` → `31 %`. */
export function formatShare(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}

/** A wait: `4200` → `4.2 s`, `340 ms`, `0.2 ms`. */
export function formatLatency(ms: number): string {
  if (ms >= 10_000) return formatDuration(ms);
  if (ms >= 1000) return `${digits(Math.round(ms / 100) / 10)} s`;
  return `${digits(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms))} ms`;
}

// By hand: the first formatter of Intl costs a browser 20 to 90 ms, before anything is shown.
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const halfYearMs = 182 * 86_400_000;

/** `04:10` today, `tomorrow 04:10`, else `Thu 28 May, 04:10`, and only the date when it is more than half a year away. */
export function formatMoment(timeMs: number, nowMs: number): string {
  const dayDifference = Math.round((startOfDay(timeMs) - startOfDay(nowMs)) / 86_400_000);
  if (dayDifference === 0) return formatClock(timeMs);
  if (dayDifference === 1) return `tomorrow ${formatClock(timeMs)}`;
  if (dayDifference === -1) return `yesterday ${formatClock(timeMs)}`;
  const time = new Date(timeMs);
  if (Math.abs(timeMs - nowMs) > halfYearMs) return `${formatDay(timeMs)} ${time.getFullYear()}`;
  return `${days[time.getDay()]} ${formatDay(timeMs)}, ${formatClock(timeMs)}`;
}

/** Moments in UTC within a sentence, as they are for the reader: `since 2026-05-28T04:10:00Z` → `since 04:10`. */
export function localMoments(sentence: string, nowMs: number): string {
  return sentence.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (text) => {
    const timeMs = Date.parse(text);
    return Number.isNaN(timeMs) ? text : formatMoment(timeMs, nowMs);
  });
}

/** `04:10`. */
function formatClock(timeMs: number): string {
  const time = new Date(timeMs);
  return `${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}`;
}

/** `04:10:09`. */
export function formatClockSeconds(timeMs: number): string {
  return `${formatClock(timeMs)}:${twoDigits(new Date(timeMs).getSeconds())}`;
}

/** `28 May`. */
function formatDay(timeMs: number): string {
  const time = new Date(timeMs);
  return `${time.getDate()} ${months[time.getMonth()]}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

/** Label of a tick on a time axis whose ticks are `stepMs` apart. */
export function formatTick(timeMs: number, stepMs: number): string {
  if (stepMs >= 86_400_000) return formatDay(timeMs);
  if (stepMs < 60_000) return formatClockSeconds(timeMs);
  const time = new Date(timeMs);
  return time.getHours() === 0 && time.getMinutes() === 0 ? formatDay(timeMs) : formatClock(timeMs);
}

function startOfDay(timeMs: number): number {
  const day = new Date(timeMs);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}
