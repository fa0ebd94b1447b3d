/**
 * Files without a name that a process keeps: the links of /proc/[pid]/fd, and the lines of /proc/[pid]/maps, whose target ends in
 * ` (deleted)`. Those in memory (memfd, shared mappings, files of a tmpfs) hold RAM for as long as somebody holds them.
 * Dear: a readlink for each open file, a line for each mapping. Bounded, on demand only; needs ptrace rights.
 * https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html and https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html
 */
import { isValue, type Reading } from '../model/reading.ts';
import { type FdLink, parseFdLink, readFdLink, readFdNames } from './pidFd.ts';
import { readText } from './read.ts';

export interface HeldFile {
  kind: 'deleted' | 'memfd';
  /** `/dev/shm/x`, `/SYSV00000000`, `/dev/zero` (a shared mapping of memory), or the name of a memfd: Latin-1, as the process chose it. */
  name: string;
  /** In /proc: can be opened and asked for its size while the process lives. */
  path: string;
}

const maxMapsBytes = 1 << 22;
const maxMapsLines = 32768;

/** Open files without a name. Stops after `maxFiles` open files, or when `isLate` says so; `complete` tells. */
export function readDeletedFds(
  directory: string,
  maxFiles: number,
  isLate: () => boolean,
): Reading<{ files: HeldFile[]; complete: boolean }> {
  const names = readFdNames(`${directory}/fd`, maxFiles);
  if (!isValue(names)) return names;
  const files: HeldFile[] = [];
  for (const name of names) {
    if (isLate()) return { files, complete: false };
    const path = `${directory}/fd/${name}`;
    const link = readFdLink(path);
    const held = isValue(link) ? heldFile(link, path) : null;
    if (held !== null) files.push(held);
  }
  return { files, complete: names.length < maxFiles };
}

function heldFile({ kind, name }: FdLink, path: string): HeldFile | null {
  return kind === 'deleted' || kind === 'memfd' ? { kind, name, path } : null;
}

export function readDeletedMappings(directory: string): Reading<HeldFile[]> {
  const text = readText(`${directory}/maps`, maxMapsBytes);
  return isValue(text) ? parseDeletedMappings(text, `${directory}/map_files`) : text;
}

/** `5560-5580 rw-s 00000000 00:01 32769 /dev/zero (deleted)`: one for each inode, with its path below `mapFiles`. */
export function parseDeletedMappings(text: string, mapFiles: string): HeldFile[] {
  const mappings = new Map<string, HeldFile>();
  for (const row of text.split('\n', maxMapsLines)) {
    if (!row.endsWith(' (deleted)')) continue;
    const match = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) \S{4} [0-9a-f]{1,16} (\S{1,16} \d{1,20}) {1,128}(.{1,4096})$/.exec(row);
    const [from, to, inode, target] = match?.slice(1) ?? [];
    if (from === undefined || to === undefined || inode === undefined || target === undefined) continue;
    const held = heldFile(parseFdLink(target), `${mapFiles}/${trimmed(from)}-${trimmed(to)}`);
    if (held !== null) mappings.set(inode, held);
  }
  return [...mappings.values()];
}

/** map_files writes addresses without the zeros that maps pads them with. */
function trimmed(address: string): string {
  return address.replace(/^0+(?=.)/, '');
}

/** System V segments have names that the kernel makes up; a memfd may be called like one. */
export function isSysvSegment({ kind, name }: HeldFile): boolean {
  return kind === 'deleted' && /^\/SYSV[0-9a-f]{8}$/.test(name);
}
