import { byteAt, dot, nine, zero } from './bytes.ts';

/** Up to this many digits the digits as an integer are exact, and so is the division by a power of ten below. */
export const exactDigits = 15;
export const powersOfTen = Float64Array.from({ length: exactDigits + 1 }, (_, power) => Number(`1e${power}`));
const decimalForm = /^\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/;
/** Longer than any number a program prints. */
const maxNumberBytes = 400;

/**
 * A number of 0 or more in `bytes[from, to)`, rounded as `Number(text)` rounds: digits, a fraction, an exponent.
 * NaN for anything else: a sign, blanks, `inf`, hexadecimal, or more than a double holds.
 */
export function parseDecimal(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > exactDigits + 1) return parseExotic(bytes, from, to);
  let digits = 0;
  let at = from;
  for (; at < to; at += 1) {
    const byte = byteAt(bytes, at);
    if (byte < zero || byte > nine) break;
    digits = digits * 10 + (byte - zero);
  }
  if (at === to) return at > from && at - from <= exactDigits ? digits : parseExotic(bytes, from, to);
  if (at === from || byteAt(bytes, at) !== dot) return parseExotic(bytes, from, to);
  const fractionFrom = at + 1;
  for (at = fractionFrom; at < to; at += 1) {
    const byte = byteAt(bytes, at);
    if (byte < zero || byte > nine) return parseExotic(bytes, from, to);
    digits = digits * 10 + (byte - zero);
  }
  return digits / (powersOfTen[to - fractionFrom] ?? 1);
}

function parseExotic(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > maxNumberBytes) return Number.NaN;
  let text = '';
  for (let at = from; at < to; at += 1) text += String.fromCharCode(byteAt(bytes, at));
  if (!decimalForm.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}
