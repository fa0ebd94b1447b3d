/** A small file of configuration, written as a whole or not at all, and put back byte for byte. */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import { formatBytes } from '../../model/units.ts';
import { syncFolder } from '../syncFolder.ts';
import type { StepRunner } from './step.ts';

type WriteFile = Extract<Step, { do: 'write-file' }>;

const mostBytes = 64 * 1024;

export const writeFile: StepRunner<WriteFile> = {
  async run({ path, before, after }) {
    const found = contentOf(path);
    if (found === after) return;
    if (found !== before) throw changedSince(path);
    put(path, after);
  },
  async undo({ path, before, after }) {
    const found = contentOf(path);
    if (found === before) {
      // A stanch that was killed may have made the folder, and half of the new file beside it.
      tidy(path);
      return;
    }
    if (found !== after) throw changedSince(path);
    put(path, before);
  },
};

/** null: there is none. Throws STANCH_E_NOT_PERMITTED, and STANCH_E_NOT_POSSIBLE for what could not be put back byte for byte. */
export function contentOf(path: string): string | null {
  try {
    const found = lstatSync(path);
    if (!found.isFile() || found.size > mostBytes) throw notAText(path, 'a link, a folder, or too large');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
    if (isCode(error, 'ERR_ENCODING_INVALID_ENCODED_DATA')) throw notAText(path, 'bytes that are no UTF-8');
    throw failed(path, error);
  }
}

function notAText(path: string, found: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', {
    expected: `${path} to be a text file of at most ${formatBytes(mostBytes)}`,
    found,
    next: 'Change it by hand.',
  });
}

function put(path: string, content: string | null): void {
  const folder = dirname(path);
  try {
    if (content === null) {
      rmSync(path, { force: true });
      syncFolder(folder);
      tidy(path);
      return;
    }
    const temporary = temporaryOf(path);
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o755 });
    rmSync(temporary, { force: true });
    const fd = openSync(temporary, 'wx', 0o644);
    try {
      keepOwner(path, fd);
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncFolder(folder);
    syncFolder(dirname(folder));
  } catch (error) {
    throw failed(path, error);
  }
}

/** Who may read a file that is replaced stays as it was. */
function keepOwner(path: string, fd: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  fchownSync(fd, found.uid, found.gid);
  fchmodSync(fd, found.mode & 0o7777);
}

/** systemd passes it over, its name does not end in `.conf`. */
function temporaryOf(path: string): string {
  return `${path}.stanch-new`;
}

/** Takes away what is left of a write: half a file, and the folder of drop-ins that was made for it. */
function tidy(path: string): void {
  const folder = dirname(path);
  try {
    rmSync(temporaryOf(path), { force: true });
    if (folder.endsWith('.d')) rmdirSync(folder);
  } catch (error) {
    if (!isCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR')) throw failed(path, error);
  }
}

function changedSince(path: string): StanchError {
  return new StanchError('STANCH_E_CHANGED_SINCE', {
    expected: `${path} as it was when this was planned`,
    found: 'something else there: somebody changed it since',
    next: 'Look at it, and plan again. stanch left it as it is.',
  });
}

function failed(path: string, error: unknown): StanchError {
  if (error instanceof StanchError) return error;
  return new StanchError(isCode(error, 'EACCES', 'EPERM', 'EROFS') ? 'STANCH_E_NOT_PERMITTED' : 'STANCH_E_OUTPUT', {
    expected: `to read and write ${path}`,
    found: error instanceof Error ? error.message : String(error),
    next: 'Run stanch as root to act.',
    cause: error,
  });
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
