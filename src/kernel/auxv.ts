/**
 * /proc/[pid]/auxv: what the kernel told the program when it started, as pairs of a number and its value, each as long as a pointer
 * (64 bits wherever stanch runs), in the byte order of the machine. AT_NULL ends it.
 * https://man7.org/linux/man-pages/man3/getauxval.3.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readRecord } from './read.ts';

const atNull = 0n;
const atPageSize = 6n;

/** Bytes of a page of memory. */
export function readPageBytes(procRoot: string): Reading<number> {
  const bytes = Buffer.alloc(4096);
  const length = readRecord(`${procRoot}/self/auxv`, bytes);
  return isValue(length) ? parsePageBytes(bytes, length) : length;
}

export function parsePageBytes(bytes: Uint8Array, length: number): Reading<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, Math.max(0, Math.min(length, bytes.length)));
  for (let at = 0; at + 16 <= view.byteLength; at += 16) {
    const type = view.getBigUint64(at, true);
    if (type === atNull) return absent;
    if (type === atPageSize) return Number(view.getBigUint64(at + 8, true));
  }
  return absent;
}
