/**
 * A file whose path a process named. It may name anything: a pipe that nobody writes to, a device that acts on being opened, or a file of a
 * server that is gone. So the path is opened as a mere reference first, and read only when an ordinary file is behind it. Linux only.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { readMountinfo } from '../../kernel/mountinfo.ts';
import { missingFor, readText } from '../../kernel/read.ts';
import { pathOnThisMachine } from '../../kernel/remoteFiles.ts';
import { absent, isValue, type Reading } from '../../model/reading.ts';

/** O_PATH of open(2): Node has no name for it. */
const pathOnly = 0o10000000;

export interface OrdinaryFile {
  text: string;
  modifiedMs: number;
}

/** At most `maxBytes` as Latin-1 text; absent when it is no ordinary file. */
export function readOrdinaryFile(path: string, maxBytes: number): Reading<OrdinaryFile> {
  const place = placeOf(path);
  return place === null ? absent : readFile(place, maxBytes);
}

function readFile(path: string, maxBytes: number): Reading<OrdinaryFile> {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | pathOnly);
    try {
      const found = fstatSync(fd);
      if (!found.isFile()) return absent;
      const text = readText(`/proc/self/fd/${fd}`, maxBytes);
      return typeof text === 'string' ? { text, modifiedMs: found.mtimeMs } : text;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return missingFor(error);
  }
}

export interface FileOfFolder {
  name: string;
  read: (maxBytes: number) => Reading<OrdinaryFile>;
}

/** In the order of their names; none where there is no such folder. */
export function filesOfFolder(path: string): FileOfFolder[] {
  const place = placeOf(path);
  if (place === null) return [];
  try {
    const names = readdirSync(place).sort();
    return names.map((name) => ({ name, read: (maxBytes) => readFile(`${place}/${name}`, maxBytes) }));
  } catch (error) {
    missingFor(error);
    return [];
  }
}

/** Null of what is no path, or leads to another machine. */
function placeOf(path: string): string | null {
  if (!path.startsWith('/') || path.includes('\0')) return null;
  const mounts = readMountinfo('/proc');
  return pathOnThisMachine(path, isValue(mounts) ? mounts : [], '');
}
