/**
 * A file whose path a process named. It may name anything: a pipe that nobody writes to, a device that acts on being opened, or a file of a
 * server that is gone. So the path is opened as a mere reference first, and read only when an ordinary file is behind it. Linux only.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { missingFor, readText } from '../../kernel/read.ts';
import { mayNeverAnswer } from '../../kernel/remoteFiles.ts';
import { absent, type Reading } from '../../model/reading.ts';

/** O_PATH of open(2): Node has no name for it. */
const pathOnly = 0o10000000;

export interface OrdinaryFile {
  text: string;
  modifiedMs: number;
}

/** At most `maxBytes` as Latin-1 text; absent when it is no ordinary file. */
export function readOrdinaryFile(path: string, maxBytes: number): Reading<OrdinaryFile> {
  return mayBeRead(path) ? readFile(path, maxBytes) : absent;
}

function readFile(path: string, maxBytes: number): Reading<OrdinaryFile> {
  try {
    const fd = openSync(path, constants.O_RDONLY | pathOnly);
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
  if (!mayBeRead(path)) return [];
  try {
    const names = readdirSync(path).sort();
    return names.map((name) => ({ name, read: (maxBytes) => readFile(`${path}/${name}`, maxBytes) }));
  } catch (error) {
    missingFor(error);
    return [];
  }
}

function mayBeRead(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0') && !mayNeverAnswer(path);
}
