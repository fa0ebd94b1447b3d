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
export const compactClassShift = 10;
/** Before JDK 24. */
const earlierHashEnd = 39;

export function objectHeader(vm: VmStructs, switches: ReadonlySet<string>): ObjectHeader {
  const hashEnd = vm.constant('markWord::hash_shift') + vm.constant('markWord::hash_bits') || earlierHashEnd;
  const hashedBelow = 2 ** (hashEnd - 32);
  return switches.has('UseCompactObjectHeaders')
    ? { isCompact: true, bytes: 8, leastUnits: 1, lengthWord: 2, hashedBelow }
    : { isCompact: false, bytes: 12, leastUnits: 2, lengthWord: 3, hashedBelow };
}
