import { type ErrorCode, StanchError } from '../model/errors.ts';
import { formatBytes } from '../model/units.ts';
import { troubleOf } from './database.ts';
import type { DiskCalls } from './diskCalls.ts';

/** Never takes the last bytes: those belong to the databases and logs of the server. */
const maxReserveBytes = 32 * 1024 * 1024;
const reserveShare = 0.01;
const probeBytes = 64 * 1024;
/** Calls to `mayReturn` between two attempts grow up to this. */
const maxPause = 6;

/** Whether the store writes to its folder, and why not. */
export class DiskState {
  readonly #dir: string;
  readonly #disk: DiskCalls;
  #reason: string | null = null;
  #pause = 0;
  #waited = 0;

  constructor(dir: string, disk: DiskCalls) {
    this.#dir = dir;
    this.#disk = disk;
  }

  get isOn(): boolean {
    return this.#reason === null;
  }

  /** Starts with the error's code; null while all is well. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Does something on disk; when the disk can't, goes over to memory and gives `otherwise`. A bug is thrown on. */
  attempt<T>(work: () => T, otherwise: T): T {
    if (!this.isOn) return otherwise;
    try {
      return work();
    } catch (error) {
      this.fail(error);
      return otherwise;
    }
  }

  fail(error: unknown): void {
    const trouble = troubleOf(error);
    if (trouble === 'bug') throw error;
    const said = error instanceof Error ? error.message : String(error);
    const { expected, found } = error instanceof StanchError ? error : { expected: `room on the disk of ${this.#dir}`, found: said };
    this.#reason =
      trouble === 'full'
        ? explain('STANCH_E_STORE_DISK_FULL', expected, found, 'Free space there, or give a larger disk with --data')
        : explain('STANCH_E_DATA_DIR', `to be able to write to ${this.#dir}`, said, 'Check the folder, its owner and its disk');
    this.#waited = 0;
  }

  /** Throws STANCH_E_STORE_DISK_FULL when writing on would take the last bytes of the disk. */
  checkSpace(): void {
    const { freeBytes, totalBytes } = this.#disk.space(this.#dir);
    const reserveBytes = Math.min(maxReserveBytes, totalBytes * reserveShare);
    if (totalBytes > 0 && freeBytes < reserveBytes) throw this.#full(freeBytes, reserveBytes);
  }

  /** Whether to go back to disk now: tried at growing intervals, and only with room for what waits in memory. */
  mayReturn(waitingBytes: number): boolean {
    this.#waited += 1;
    if (this.#waited <= this.#pause) return false;
    this.#waited = 0;
    this.#pause = Math.min(maxPause, this.#pause + 1);
    try {
      this.checkSpace();
      this.#disk.probe(this.#dir, probeBytes + 2 * waitingBytes);
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  returned(): void {
    this.#reason = null;
    this.#pause = 0;
  }

  #full(freeBytes: number, reserveBytes: number): StanchError {
    return new StanchError('STANCH_E_STORE_DISK_FULL', {
      expected: `at least ${formatBytes(reserveBytes)} free on the disk of ${this.#dir}`,
      found: formatBytes(freeBytes),
      next: 'Free space there.',
    });
  }
}

function explain(code: ErrorCode, expected: string, found: string, next: string): string {
  return `${code}: expected ${expected}; found ${found}. ${next}; until then samples are kept in memory only, and stanch goes back to disk by itself.`;
}
