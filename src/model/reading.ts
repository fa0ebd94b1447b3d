/** Why a kernel reading has no value: the kernel does not offer it here, or this account may not see it. */
export const absent: unique symbol = Symbol('absent');
export const notPermitted: unique symbol = Symbol('not permitted');

export type Missing = typeof absent | typeof notPermitted;

/** A value, absent or not permitted. Absent is never 0. */
export type Reading<T> = T | Missing;

export function isValue<T>(reading: Reading<T>): reading is T {
  return reading !== absent && reading !== notPermitted;
}

/** The value, or `null` for JSON documents, where the reason is told elsewhere. */
export function valueOrNull<T>(reading: Reading<T>): T | null {
  return isValue(reading) ? reading : null;
}

/** The value, or NaN for typed arrays, which can hold nothing else. */
export function valueOrNaN(reading: Reading<number>): number {
  return isValue(reading) ? reading : Number.NaN;
}
