/**
 * What an object of HotSpot begins with: its mark, with the hash once it was asked for, and its class. Compact headers, of JDK 24 and newer,
 * have the class in the upper bits of the mark.
 * https://github.com/openjdk/jdk/blob/master/src/hotspot/share/oops/markWord.hpp
 */
import type { VmStructs } from './vmStructs.ts';

export interface ObjectHeader {
  isCompact: boolean;
  bytes: number;
  /** Of the shortest object, 8 bytes each. */
  leastUnits: number;
  /** Word of 4 bytes in which an array has its length. */
  lengthWord: number;
  /** The upper half of the mark of an object that nobody has locked. */
  hashedBelow: number;
}

/** In the upper half of a compact header. */
const compactClassShift = 10;
/** Of what is locked, the mark is elsewhere, and this its address. */
const pointersBelow = 0x8000;
/** Before JDK 24. */
const earlierHashEnd = 39;

export function objectHeader(vm: Pick<VmStructs, 'constant'>, switches: ReadonlySet<string>): ObjectHeader {
  const hashEnd = vm.constant('markWord::hash_shift') + vm.constant('markWord::hash_bits') || earlierHashEnd;
  const hashedBelow = 2 ** (hashEnd - 32);
  return switches.has('UseCompactObjectHeaders')
    ? { isCompact: true, bytes: 8, leastUnits: 1, lengthWord: 2, hashedBelow }
    : { isCompact: false, bytes: 12, leastUnits: 2, lengthWord: 3, hashedBelow };
}

/**
 * The narrow pointer to the class of an object, of the two halves of its mark and the word after it; 0 where there is none. A mark is unlocked,
 * perhaps hashed, or locked, while nothing moves.
 */
export function classKey({ isCompact, hashedBelow }: ObjectHeader, low: number, high: number, next: number): number {
  if (isCompact) return (low & 7) > 2 ? 0 : high >>> compactClassShift;
  const isMark = (low & 7) === 1 ? high < hashedBelow : (low & 3) !== 3 && (low !== 0 || high !== 0) && high < pointersBelow;
  return isMark ? next : 0;
}
