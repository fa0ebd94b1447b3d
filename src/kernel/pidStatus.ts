/**
 * /proc/[pid]/status: lines `Key:\tvalue`. Readable for everybody unless /proc is mounted with hidepid.
 * Kernel threads, zombies and processes on their way out have no Rss and Vm lines: their memory is absent.
 * RssAnon, RssFile and RssShmem since Linux 4.5, VmSwap since 2.6.34.
 * https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { ByteCursor } from './byteCursor.ts';
import { readRecord } from './read.ts';

export interface PidStatus {
  /** The pid of the process that the thread belongs to: its own for the first thread. */
  processId: Reading<number>;
  effectiveUid: Reading<number>;
  anonBytes: Reading<number>;
  fileBytes: Reading<number>;
  shmemBytes: Reading<number>;
  swapBytes: Reading<number>;
  threads: Reading<number>;
}

export function emptyPidStatus(): PidStatus {
  return {
    processId: absent,
    effectiveUid: absent,
    anonBytes: absent,
    fileBytes: absent,
    shmemBytes: absent,
    swapBytes: absent,
    threads: absent,
  };
}

/** Of one process, looked at now and then; `directory` is its folder under /proc. */
export function readPidStatus(directory: string): Reading<PidStatus> {
  const bytes = Buffer.alloc(16_384);
  const length = readRecord(`${directory}/status`, bytes);
  if (!isValue(length)) return length;
  const status = emptyPidStatus();
  parsePidStatus(bytes, length, status);
  return status;
}

const processIdKey = Buffer.from('Tgid:');
const uidKey = Buffer.from('Uid:');
const anonKey = Buffer.from('RssAnon:');
const fileKey = Buffer.from('RssFile:');
const shmemKey = Buffer.from('RssShmem:');
const swapKey = Buffer.from('VmSwap:');
const threadsKey = Buffer.from('Threads:');
const cursor = new ByteCursor();

/** Fills `into`; what the file doesn't hold becomes absent. */
export function parsePidStatus(bytes: Uint8Array, length: number, into: PidStatus): void {
  into.processId = absent;
  into.effectiveUid = absent;
  into.anonBytes = absent;
  into.fileBytes = absent;
  into.shmemBytes = absent;
  into.swapBytes = absent;
  into.threads = absent;
  cursor.reset(bytes, length);
  for (; !cursor.atEnd; cursor.nextLine()) {
    const first = cursor.byte;
    if (first === 0x55 && cursor.accept(uidKey)) {
      cursor.skipWord();
      into.effectiveUid = count();
    } else if (first === 0x52) {
      if (cursor.accept(anonKey)) into.anonBytes = kibibytes();
      else if (cursor.accept(fileKey)) into.fileBytes = kibibytes();
      else if (cursor.accept(shmemKey)) into.shmemBytes = kibibytes();
    } else if (first === 0x56 && cursor.accept(swapKey)) {
      into.swapBytes = kibibytes();
    } else if (first === 0x54) {
      if (cursor.accept(processIdKey)) into.processId = count();
      else if (cursor.accept(threadsKey)) {
        into.threads = count();
        // Everything that is wanted stands above this line.
        return;
      }
    }
  }
}

function count(): Reading<number> {
  const value = cursor.decimal();
  return value >= 0 ? value : absent;
}

function kibibytes(): Reading<number> {
  const value = cursor.decimal();
  return value >= 0 ? value * 1024 : absent;
}
