/** node:sqlite as the store uses it: one process, one connection a file, errors told apart. */
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { type ErrorCode, StanchError } from '../model/errors.ts';
import { corrupt } from './bytes.ts';

/**
 * Exclusive locking keeps the index of the log out of shared memory, which on a full disk ends in SIGBUS. Nothing waits for
 * the disk: on a server that swaps that takes seconds, and then above all the scan must go on. kill -9 costs nothing, since
 * the kernel has what was written; a power cut can damage what was written in the half minute before, which is then set aside.
 */
export function openDatabase(path: string): DatabaseSync {
  checkHeader(path);
  // For the owner alone, also in a folder that others may look into; the log gets the same mode.
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path);
  try {
    database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -128; PRAGMA temp_store = MEMORY;
      PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      PRAGMA wal_autocheckpoint = 128; PRAGMA journal_size_limit = 0;`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * SQLite takes an empty file for a new database, and one with an unknown write version for one that may only be read.
 * https://www.sqlite.org/fileformat.html, section 1.3
 */
function checkHeader(path: string): void {
  if (!existsSync(path)) return;
  const header = Buffer.alloc(20);
  const fd = openSync(path, 'r');
  try {
    const length = readSync(fd, header, 0, header.length, 0);
    const isKnown = header.toString('latin1', 0, 16) === 'SQLite format 3\0' && isVersion(header[18]) && isVersion(header[19]);
    if (length < header.length || !isKnown) throw corrupt('a file that is no SQLite database');
  } finally {
    closeSync(fd);
  }
}

function isVersion(value: number | undefined): boolean {
  return value === 1 || value === 2;
}

/** Creates the file under another name first: a crash never leaves one without its tables. */
export function createDatabase(path: string, schema: string): DatabaseSync {
  const unfinished = `${path}.new`;
  for (const leftOver of [unfinished, `${unfinished}-wal`, `${unfinished}-shm`]) rmSync(leftOver, { force: true });
  const database = openDatabase(unfinished);
  try {
    database.exec(`BEGIN; ${schema} COMMIT;`);
  } finally {
    database.close();
  }
  renameSync(unfinished, path);
  return openDatabase(path);
}

export function openOrCreateDatabase(path: string, schema: string): DatabaseSync {
  return existsSync(path) ? openDatabase(path) : createDatabase(path, schema);
}

export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk may have rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

export type SqlRow = Record<string, SQLOutputValue> | undefined;

export function numberIn(row: SqlRow, column: string): number {
  const value = row?.[column];
  if (typeof value !== 'number') throw corrupt(`no number in ${column}`);
  return value;
}

export function textIn(row: SqlRow, column: string): string {
  const value = row?.[column];
  if (typeof value !== 'string') throw corrupt(`no text in ${column}`);
  return value;
}

export function bytesIn(row: SqlRow, column: string): Uint8Array {
  const value = row?.[column];
  if (!(value instanceof Uint8Array)) throw corrupt(`no bytes in ${column}`);
  return value;
}

/** What a failed read or write means for the store. */
export type Trouble = 'full' | 'denied' | 'locked' | 'corrupt' | 'io' | 'bug';

/** https://www.sqlite.org/rescode.html, low byte. */
const sqliteTroubles = new Map<number, Trouble>([
  [1, 'corrupt'],
  [3, 'denied'],
  [5, 'locked'],
  [6, 'locked'],
  [8, 'denied'],
  [10, 'io'],
  [11, 'corrupt'],
  [13, 'full'],
  [14, 'denied'],
  [15, 'locked'],
  [26, 'corrupt'],
]);

const systemTroubles = new Map<string, Trouble>([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'denied'],
  ['ENOTDIR', 'denied'],
  ['EEXIST', 'denied'],
  ['ENOENT', 'denied'],
  ['ELOOP', 'denied'],
  ['ENAMETOOLONG', 'denied'],
  ['EIO', 'io'],
  ['EFBIG', 'io'],
  ['EMFILE', 'io'],
  ['ENFILE', 'io'],
  ['ERR_OUT_OF_RANGE', 'corrupt'],
]);

const stanchTroubles = new Map<ErrorCode, Trouble>([
  ['STANCH_E_STORE_CORRUPT', 'corrupt'],
  ['STANCH_E_STORE_DISK_FULL', 'full'],
  ['STANCH_E_DATA_DIR', 'denied'],
  ['STANCH_E_STORE_LOCKED', 'locked'],
]);

export function troubleOf(error: unknown): Trouble {
  if (error instanceof StanchError) return stanchTroubles.get(error.code) ?? 'bug';
  if (!(error instanceof Error)) return 'bug';
  if ('errcode' in error && typeof error.errcode === 'number') return sqliteTroubles.get(error.errcode & 0xff) ?? 'io';
  if ('code' in error && typeof error.code === 'string') return systemTroubles.get(error.code) ?? 'bug';
  return 'bug';
}
