/**
 * /proc/[pid]/maps: `start-end perms offset dev inode path`, one line for each piece of the address space. Reading needs ptrace rights.
 * https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html
 */
import type { Reading } from '../model/reading.ts';
import { isValue } from '../model/reading.ts';
import { readText } from './read.ts';

export interface MemoryMap {
  /** Files that are mapped, each once. */
  files: string[];
  /** Writable memory without a name that begins where glibc puts an arena beside the main one: at a multiple of 64 MiB. */
  arenas: number;
}

const maxBytes = 4 << 20;
const arenaBytes = 64n << 20n;
const mapLine = /^([0-9a-f]{1,16})-[0-9a-f]{1,16} (\S{4}) \S+ \S+ \d+ *(.*)$/gm;

export function readPidMaps(procRoot: string, pid: number): Reading<MemoryMap> {
  const text = readText(`${procRoot}/${pid}/maps`, maxBytes);
  return isValue(text) ? parsePidMaps(text) : text;
}

export function parsePidMaps(text: string): MemoryMap {
  const files = new Set<string>();
  let arenas = 0;
  for (const [, start = '0', perms = '', path = ''] of text.matchAll(mapLine)) {
    if (path.startsWith('/')) files.add(path);
    else if (path === '' && perms.startsWith('rw') && BigInt(`0x${start}`) % arenaBytes === 0n) arenas += 1;
  }
  return { files: [...files], arenas };
}
