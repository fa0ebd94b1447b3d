/**
 * Reading kernel files into shared buffers, with the errors that a living system makes mapped to readings:
 * a process that ends between two reads is absent, a file this account may not read is not permitted.
 */
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { absent, type Missing, notPermitted, type Reading } from '../model/reading.ts';

/** Gone, never there, switched off, or not offered for this object. ENODEV: the cgroup was removed while open. */
const absentCodes = new Set([
  'ENOENT',
  'ESRCH',
  'ENOTDIR',
  'ENODEV',
  'ESTALE',
  'ENOTCONN',
  'EHOSTDOWN',
  'ETIMEDOUT',
  'ENXIO',
  'EOPNOTSUPP',
  'ENOTSUP',
  'EINVAL',
  'EIO',
  'ELOOP',
  'ENAMETOOLONG',
]);
const notPermittedCodes = new Set(['EACCES', 'EPERM']);

let reads = 0;

/** For everything in this room that asks the kernel: one read, one look into a folder, one link. */
export function countRead(): void {
  reads += 1;
}

/** How often the kernel was asked for something since the start of stanch: what the budget of reads is held against. */
export function kernelReads(): number {
  return reads;
}

/** What an error of a read stands for. Errors that say something about stanch itself (EMFILE, ENOMEM) are thrown on. */
export function missingFor(error: unknown): Missing {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code === 'string') {
    if (absentCodes.has(code)) return absent;
    if (notPermittedCodes.has(code)) return notPermitted;
  }
  throw error;
}

/** One read from the start of an open file: how many bytes came. For files that the kernel writes as one record. */
export function readKept(fd: number, buffer: Uint8Array): Reading<number> {
  try {
    countRead();
    return readSync(fd, buffer, 0, buffer.length, 0);
  } catch (error) {
    return missingFor(error);
  }
}

/** Opens, reads once and closes: how many bytes came. */
export function readRecord(path: string, buffer: Uint8Array): Reading<number> {
  try {
    const fd = openSync(path, 'r');
    try {
      countRead();
      return readSync(fd, buffer, 0, buffer.length, null);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return missingFor(error);
  }
}

/** A whole file as Latin-1 text, so that every byte stays what it is; at most `maxBytes`. For files read rarely. */
export function readText(path: string, maxBytes = 1 << 20): Reading<string> {
  try {
    const fd = openSync(path, 'r');
    try {
      return readChunks(fd, maxBytes).toString('latin1');
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return missingFor(error);
  }
}

/** What a link says, without following it; null: it is gone, is none, or may not be known. */
export function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch (error) {
    missingFor(error);
    return null;
  }
}

/** Kernel files come in pieces of a page at a time and don't know their size. */
function readChunks(fd: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total < maxBytes) {
    const chunk = Buffer.allocUnsafe(Math.min(16384, maxBytes - total));
    countRead();
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks, total);
}
