/**
 * What this account may not see, found out by trying: of a process of another user, and of the kernel. The files are opened and not
 * read, so that nothing is computed for it.
 */
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { missingFor } from '../kernel/read.ts';
import { notPermitted } from '../model/reading.ts';

interface Sight {
  /** Below /proc/[pid], or below /proc. */
  file: string;
  /** What is not seen without it. */
  what: string;
}

const ofProcesses: readonly Sight[] = [
  { file: 'fd', what: 'which files and sockets they hold' },
  { file: 'cwd', what: 'the folder that they run in' },
  { file: 'io', what: 'how much they read and write' },
  { file: 'smaps_rollup', what: 'what of their memory is shared' },
];
const ofKernel: readonly Sight[] = [
  { file: 'slabinfo', what: 'the caches of the kernel' },
  { file: 'vmallocinfo', what: 'who in the kernel allocated what' },
];

export interface Permissions {
  /** Named with the file; empty when all is seen. */
  unseenOfProcesses: string[];
  unseenOfKernel: string[];
}

/** `otherPid`: a process of another user; null when there is none that is listed. */
export function tryPermissions(procRoot: string, otherPid: number | null): Permissions {
  const unseen = (sights: readonly Sight[], folder: string, shown: string) =>
    sights.filter(({ file }) => isRefused(`${folder}/${file}`)).map(({ file, what }) => `${what} (${shown}/${file})`);
  return {
    unseenOfProcesses: otherPid === null ? [] : unseen(ofProcesses, `${procRoot}/${otherPid}`, '/proc/PID'),
    unseenOfKernel: unseen(ofKernel, procRoot, '/proc'),
  };
}

function isRefused(path: string): boolean {
  try {
    if (path.endsWith('/cwd')) readlinkSync(path);
    else closeSync(openSync(path, 'r'));
    return false;
  } catch (error) {
    return missingFor(error) === notPermitted;
  }
}
