/** A small file of configuration, written as a whole or not at all, and put back byte for byte. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
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
    if (found === before) return;
    if (found !== after) throw changedSince(path);
    put(path, before);
  },
};

/** null: there is none. Throws STANCH_E_NOT_PERMITTED. */
export function contentOf(path: string): string | null {
  try {
    if (statSync(path).size > mostBytes) throw changedSince(path);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw failed(path, error);
  }
}

function put(path: string, content: string | null): void {
  const folder = dirname(path);
  try {
    if (content === null) {
      rmSync(path, { force: true });
      syncFolder(folder);
      removeIfEmpty(folder);
      return;
    }
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o755 });
    const temporary = join(folder, `.stanch-${process.pid}.tmp`);
    const fd = openSync(temporary, 'w', 0o644);
    try {
      writeSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (error) {
    throw failed(path, error);
  }
}

/** The folder of drop-ins that was made for this one. */
function removeIfEmpty(folder: string): void {
  if (!folder.endsWith('.d')) return;
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!isCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
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
