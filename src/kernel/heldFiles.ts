/**
 * Files without a name that a process keeps: the links of /proc/[pid]/fd, and the lines of /proc/[pid]/maps, whose target ends in
 * ` (deleted)`. Those in memory (memfd, shared mappings, files of a tmpfs) hold RAM for as long as somebody holds them.
 * Dear: a readlink for each open file, a line for each mapping. Bounded, on demand only; needs ptrace rights.
 * https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html and https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html
 */
import { opendirSync, readlinkSync } from 'node:fs';
import { isValue, type Reading } from '../model/reading.ts';
import { missingFor, readText } from './read.ts';

export interface HeldFile {
  /** `/memfd:name`, `/dev/shm/x`, `/SYSV00000000`, `/dev/zero` (a shared mapping of memory): Latin-1, as the process chose it. */
  name: string;
  /** In /proc: can be opened and asked for its size while the process lives. */
  path: string;
}

const deletedEnd = ' (deleted)';
const maxMapsBytes = 1 << 22;
const maxMapsLines = 32768;

/** Open files without a name. Stops after `maxFiles` open files, or when `isLate` says so; `complete` tells. */
export function readDeletedFds(
  directory: string,
  maxFiles: number,
  isLate: () => boolean,
): Reading<{ files: HeldFile[]; complete: boolean }> {
  const files: HeldFile[] = [];
  try {
    const entries = opendirSync(`${directory}/fd`);
    try {
      for (let count = 0; ; count += 1) {
        const entry = entries.readSync();
        if (entry === null) return { files, complete: true };
        if (count >= maxFiles || isLate()) return { files, complete: false };
        const path = `${directory}/fd/${entry.name}`;
        const target = targetOf(path);
        if (isValue(target) && target.endsWith(deletedEnd)) files.push({ name: target.slice(0, -deletedEnd.length), path });
      }
    } finally {
      entries.closeSync();
    }
  } catch (error) {
    return missingFor(error);
  }
}

function targetOf(link: string): Reading<string> {
  try {
    return readlinkSync(link, 'latin1');
  } catch (error) {
    return missingFor(error);
  }
}

export function readDeletedMappings(directory: string): Reading<HeldFile[]> {
  const text = readText(`${directory}/maps`, maxMapsBytes);
  if (!isValue(text)) return text;
  return parseDeletedMappings(text).map(({ name, range }) => ({ name, path: `${directory}/map_files/${range}` }));
}

/** `5560-5580 rw-s 00000000 00:01 32769 /dev/zero (deleted)`: one for each inode. */
export function parseDeletedMappings(text: string): { name: string; range: string }[] {
  const mappings = new Map<string, { name: string; range: string }>();
  for (const row of text.split('\n', maxMapsLines)) {
    if (!row.endsWith(deletedEnd)) continue;
    const match = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) \S{4} [0-9a-f]{1,16} (\S{1,16} \d{1,20}) {1,128}(.{1,4096})$/.exec(row);
    const [from, to, inode, target] = match?.slice(1) ?? [];
    if (from === undefined || to === undefined || inode === undefined || target === undefined) continue;
    mappings.set(inode, { name: target.slice(0, -deletedEnd.length), range: `${trimmed(from)}-${trimmed(to)}` });
  }
  return [...mappings.values()];
}

/** map_files writes addresses without the zeros that maps pads them with. */
function trimmed(address: string): string {
  return address.replace(/^0+(?=.)/, '');
}

export function isSysvName(name: string): boolean {
  return /^\/SYSV[0-9a-f]{8}$/.test(name);
}
