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
  if (!mayBeRead(path)) return absent;
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

/** Empty where there is none. */
export function namesInFolder(path: string): string[] {
  if (!mayBeRead(path)) return [];
  try {
    return readdirSync(path);
  } catch (error) {
    missingFor(error);
    return [];
  }
}

function mayBeRead(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0') && !mayNeverAnswer(path);
}
