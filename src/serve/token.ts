/** The tokens that open the API: each 32 random bytes in base64url, in the data folder, readable by its owner alone. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, closeSync, constants, fstatSync, linkSync, lstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StanchError } from '../model/errors.ts';

const pattern = /^[A-Za-z0-9_-]{43}$/;

export function tokenPath(dataDir: string): string {
  return join(dataDir, 'token');
}

/** The other one opens reading only. */
export function readTokenPath(dataDir: string): string {
  return join(dataDir, 'read-token');
}

/** Errors: STANCH_E_DATA_DIR when it can be neither read nor made. */
export function loadOrCreateToken(dataDir: string, path = tokenPath(dataDir)): string {
  const fresh = randomBytes(32).toString('base64url');
  try {
    const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
    return isThere || !keepToken(path, fresh) ? repair(path) : fresh;
  } catch (cause) {
    // The daemon runs on a full disk, too: with a token that is for this run only.
    if (isNoRoom(cause)) return fresh;
    throw new StanchError('STANCH_E_DATA_DIR', {
      expected: `to keep the token in ${path}`,
      found: cause instanceof Error ? cause.message : String(cause),
      next: 'Give the folder to the account stanch runs as, or choose another: stanch run --data DIR',
      cause,
    });
  }
}

function isNoRoom(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/** false: there is one already. Written under another name first: a crash or a full disk leaves no empty one behind. */
function keepToken(path: string, token: string): boolean {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  const fd = openSync(unfinished, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, `${token}\n`);
    linkSync(unfinished, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    closeSync(fd);
    rmSync(unfinished, { force: true });
  }
}

function repair(path: string): string {
  const token = readToken(path);
  if (token === null) throw new Error('it holds no token: remove it and a new one is made');
  chmodSync(path, 0o600);
  return token;
}

/** null: not a token. Throws what the system throws. */
export function readToken(path: string): string | null {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) return null;
    const buffer = Buffer.alloc(256);
    const text = buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, 0)).trim();
    return pattern.test(text) ? text : null;
  } finally {
    closeSync(fd);
  }
}

/** In constant time. */
export function isToken(given: string, token: string): boolean {
  const a = Buffer.alloc(64);
  const b = Buffer.alloc(64);
  a.write(given.slice(0, 64));
  b.write(token);
  return timingSafeEqual(a, b) && given.length === token.length;
}
