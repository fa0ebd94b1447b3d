/**
 * Moments of a series file: Unix seconds with or without a fraction, or RFC 3339 with Z or an offset
 * (https://www.rfc-editor.org/rfc/rfc3339 section 5.6; a blank in place of the T is allowed there and here).
 */
import { byteAt, dot, minus, nine, zero } from './bytes.ts';
import { parseDecimal } from './decimal.ts';

/** The last millisecond that RFC 3339 can write. Unix milliseconds taken for seconds end up beyond it. */
export const maxTimeMs = 253_402_300_799_999;

const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Ms since the epoch, rounded to whole ones; NaN when `bytes[from, to)` is no moment from 1970 to 9999. */
export function parseMoment(bytes: Uint8Array, from: number, to: number): number {
  const timeMs = to - from >= 20 && byteAt(bytes, from + 4) === minus ? parseRfc3339(bytes, from, to) : parseUnixSeconds(bytes, from, to);
  return timeMs >= 0 && timeMs <= maxTimeMs ? timeMs : Number.NaN;
}

function parseUnixSeconds(bytes: Uint8Array, from: number, to: number): number {
  let seconds = 0;
  let at = from;
  // Twelve digits reach beyond the year 9999.
  const lastSecondDigit = Math.min(to, from + 12);
  for (; at < lastSecondDigit; at += 1) {
    const byte = byteAt(bytes, at);
    if (byte < zero || byte > nine) break;
    seconds = seconds * 10 + (byte - zero);
  }
  if (at === to && at > from) return seconds * 1000;
  if (at > from && byteAt(bytes, at) === dot) {
    const fractionMs = parseFractionMs(bytes, at + 1, to);
    if (!Number.isNaN(fractionMs)) return seconds * 1000 + fractionMs;
  }
  return Math.round(parseDecimal(bytes, from, to) * 1000);
}

/** The digits after the point as ms, rounded; NaN when `bytes[from, to)` is anything but digits. */
function parseFractionMs(bytes: Uint8Array, from: number, to: number): number {
  let ms = 0;
  let scale = 100;
  for (let at = from; at < to; at += 1) {
    const digit = byteAt(bytes, at) - zero;
    if (digit < 0 || digit > 9) return Number.NaN;
    if (at < from + 3) {
      ms += digit * scale;
      scale = Math.floor(scale / 10);
    } else if (at === from + 3 && digit >= 5) {
      ms += 1;
    }
  }
  return from < to ? ms : Number.NaN;
}

function parseRfc3339(bytes: Uint8Array, from: number, to: number): number {
  const year = twoDigits(bytes, from) * 100 + twoDigits(bytes, from + 2);
  const month = twoDigits(bytes, from + 5);
  const day = twoDigits(bytes, from + 8);
  const hour = twoDigits(bytes, from + 11);
  const minute = twoDigits(bytes, from + 14);
  const second = twoDigits(bytes, from + 17);
  const separator = byteAt(bytes, from + 10);
  const colon = 0x3a;
  const formed =
    byteAt(bytes, from + 7) === minus &&
    (separator === 0x54 || separator === 0x74 || separator === 0x20) &&
    byteAt(bytes, from + 13) === colon &&
    byteAt(bytes, from + 16) === colon;
  // NaN fails each comparison. 60 is a leap second.
  if (!formed || !(year >= 1969 && hour <= 23 && minute <= 59 && second <= 60 && isDay(year, month, day))) return Number.NaN;

  let zoneFrom = from + 19;
  let fractionMs = 0;
  if (byteAt(bytes, zoneFrom) === dot) {
    const fractionFrom = zoneFrom + 1;
    for (zoneFrom = fractionFrom; zoneFrom < to && byteAt(bytes, zoneFrom) >= zero && byteAt(bytes, zoneFrom) <= nine; ) zoneFrom += 1;
    fractionMs = parseFractionMs(bytes, fractionFrom, zoneFrom);
  }
  return Date.UTC(year, month - 1, day, hour, minute, second) + fractionMs - parseOffsetMs(bytes, zoneFrom, to);
}

/** `Z`, `+02:00` or `-05:30`; NaN for anything else. */
function parseOffsetMs(bytes: Uint8Array, from: number, to: number): number {
  const sign = byteAt(bytes, from);
  if (to - from === 1) return sign === 0x5a || sign === 0x7a ? 0 : Number.NaN;
  if (to - from !== 6 || (sign !== 0x2b && sign !== minus) || byteAt(bytes, from + 3) !== 0x3a) return Number.NaN;
  const hours = twoDigits(bytes, from + 1);
  const minutes = twoDigits(bytes, from + 4);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return (sign === minus ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = byteAt(bytes, at) - zero;
  const ones = byteAt(bytes, at + 1) - zero;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function isDay(year: number, month: number, day: number): boolean {
  const leapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && !leapYear ? 28 : (monthDays[month - 1] ?? 0);
  return day >= 1 && day <= days;
}
