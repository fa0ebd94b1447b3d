/**
 * /dev/kmsg: the kernel's log, a record with each read, from the oldest that the kernel still has.
 *
 *   6,1043,336104992,-;Out of memory: Killed process 172 (mariadbd) total-vm:…
 *    SUBSYSTEM=…
 *
 * Priority and facility in one number, sequence, microseconds since boot, flags; after `;` the text, in which bytes that are no printable
 * ASCII stand as `\x0a`. Facility 0 is the kernel itself; programs may write records of any other.
 * A read fails with EAGAIN when there is no more, with EPIPE when the next record was overwritten meanwhile: reading goes on after the gap.
 * https://docs.kernel.org/admin-guide/abi-testing.html (dev-kmsg)
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { absent, isValue, type Reading } from '../model/reading.ts';
import type { KernelLogLine } from './kernelLogText.ts';
import { countRead, missingFor } from './read.ts';

/** The kernel's own limit of a record and its dictionary. */
const maxRecordBytes = 8192;
/** Major 1, minor 11. */
const kmsgDevice = (1 << 8) | 11;
const record = Buffer.allocUnsafeSlow(maxRecordBytes);

/** Kept open, it goes on where it was left. */
export class KernelLog {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Absent where another device stands in its place, as containers have it: reading from a console would take away what is typed there. */
  static open(path = '/dev/kmsg'): Reading<KernelLog> {
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      if (fstatSync(fd).rdev === kmsgDevice) return new KernelLog(fd);
      closeSync(fd);
      return absent;
    } catch (error) {
      return missingFor(error);
    }
  }

  /** At most `maxRecords` of what has come since the last call, the kernel's own; fewer may mean that there is no more. */
  *read(maxRecords: number): Generator<KernelLogLine, void, void> {
    for (let count = 0; count < maxRecords; count += 1) {
      const length = this.#readOne();
      if (length === 'end') return;
      if (length === 'gap') continue;
      const line = parseKmsgRecord(record.toString('latin1', 0, length));
      if (isValue(line)) yield line;
    }
  }

  #readOne(): number | 'end' | 'gap' {
    try {
      countRead();
      const length = readSync(this.#fd, record, 0, maxRecordBytes, null);
      return length === 0 ? 'end' : length;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPIPE') return 'gap';
      if (code === 'EAGAIN') return 'end';
      // Whatever else a device says means that nothing more comes from it.
      missingFor(error);
      return 'end';
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Absent: not of the kernel, or no record. */
export function parseKmsgRecord(text: string): Reading<KernelLogLine> {
  const match = /^(\d{1,4}),\d{1,20},(\d{1,16}),[^;]{0,200};([^\n]*)/.exec(text);
  if (match === null || Number(match[1]) >> 3 !== 0) return absent;
  return { source: 'kernel', sinceBootMs: Math.round(Number(match[2]) / 1000), atMs: null, message: match[3] ?? '' };
}
