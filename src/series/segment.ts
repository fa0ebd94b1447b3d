/**
 * A segment: one SQLite file with the chunks of one tier over some hours or days. Each is complete by itself, so that
 * one that is old is just deleted and one that is corrupt takes no other with it.
 *
 * An epoch is what was flushed together: in the fine tier a run of ticks, in a coarse tier what came of one fine segment.
 * A chunk is one subject in one epoch; its key is made of both, so that an epoch lies together on disk.
 */
import { existsSync, rmSync, statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Subject } from '../model/subject.ts';
import { corrupt } from './bytes.ts';
import { type Chunk, chunkIsWhole, openChunk, sealChunk } from './chunk.ts';
import { bytesIn, createDatabase, inTransaction, numberIn, openDatabase, type SqlRow, textIn } from './database.ts';
import type { SalvagedTable } from './salvage.ts';
import { parseSubject, subjectDocument } from './subjectDocument.ts';

export type Tier = 'fine' | 'mid' | 'coarse';

const subjectsPerEpoch = 2 ** 22;
/** Names that go into checksums: nothing may turn up in another place than it was written to. */
const epochOwner = (ordinal: number): string => `epoch ${ordinal}`;
const chunkOwner = (id: string, ordinal: number): string => `${ordinal} ${id}`;

/** What of a damaged segment is worth keeping. */
export const segmentTables: readonly SalvagedTable[] = [
  { name: 'epoch', orderBy: 'ordinal', isSound: isSoundEpoch },
  { name: 'subject', orderBy: 'no', isSound: isSoundSubject },
  { name: 'chunk', orderBy: 'key', isSound: hasWholeChunk },
];

function isSoundEpoch(row: SqlRow): boolean {
  return chunkIsWhole(epochOwner(epochRow(row).ordinal), bytesIn(row, 'payload'));
}

function isSoundSubject(row: SqlRow): boolean {
  return [0, 1, 2].includes(numberIn(row, 'isRolled')) && seenSubject(row).subject.id === textIn(row, 'id');
}

function hasWholeChunk(row: SqlRow, saved: DatabaseSync): boolean {
  const key = numberIn(row, 'key');
  const subject = saved.prepare('SELECT id FROM subject WHERE no = ?').get(key % subjectsPerEpoch);
  const ordinal = Math.floor(key / subjectsPerEpoch);
  const epoch = saved.prepare('SELECT 1 FROM epoch WHERE ordinal = ?').get(ordinal);
  return subject !== undefined && epoch !== undefined && chunkIsWhole(chunkOwner(textIn(subject, 'id'), ordinal), bytesIn(row, 'bytes'));
}

export const segmentSchema = `
  CREATE TABLE epoch (ordinal INTEGER PRIMARY KEY, firstTick INTEGER NOT NULL UNIQUE, minMs REAL NOT NULL, maxMs REAL NOT NULL,
    checksum INTEGER NOT NULL, payload BLOB NOT NULL);
  CREATE TABLE subject (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL,
    firstSeenMs REAL NOT NULL, lastSeenMs REAL NOT NULL, isRolled INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX unrolled ON subject (no) WHERE isRolled = 0;
  CREATE TABLE chunk (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);`;

export interface EpochRow {
  ordinal: number;
  firstTick: number;
  minMs: number;
  maxMs: number;
}

export interface SeenSubject {
  subject: Subject;
  firstSeenMs: number;
  lastSeenMs: number;
}

export class Segment {
  readonly path: string;
  readonly tier: Tier;
  readonly sequence: number;
  /** Made of what could be read of a damaged one. */
  readonly isRescued: boolean;
  minMs: number = Number.POSITIVE_INFINITY;
  maxMs: number = Number.NEGATIVE_INFINITY;
  firstTick: number = Number.POSITIVE_INFINITY;
  lastTick = -1;
  /** As they are in the file, in the order of their ordinals: they are few, and every read asks for them. */
  #epochs: readonly EpochRow[] = [];
  #database: DatabaseSync | null = null;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, tier: Tier, sequence: number, isRescued = false) {
    this.path = path;
    this.tier = tier;
    this.sequence = sequence;
    this.isRescued = isRescued;
  }

  get isOpen(): boolean {
    return this.#database !== null;
  }

  create(): void {
    this.#database = createDatabase(this.path, segmentSchema);
  }

  /** Reads what the shelf must know; throws when the file is no segment. */
  inspect(): void {
    this.#epochs = this.#prepare('SELECT ordinal, firstTick, minMs, maxMs, checksum FROM epoch ORDER BY ordinal').all().map(epochRow);
    this.#prepare('SELECT no, id, document, firstSeenMs, lastSeenMs, isRolled FROM subject LIMIT 1').get();
    this.#prepare('SELECT key, bytes FROM chunk LIMIT 1').get();
    for (const { ordinal, firstTick, minMs, maxMs } of this.#epochs) {
      this.minMs = Math.min(this.minMs, minMs);
      this.maxMs = Math.max(this.maxMs, maxMs);
      this.firstTick = Math.min(this.firstTick, firstTick);
      this.lastTick = Math.max(this.lastTick, firstTick + Math.max(0, this.#tickCount(ordinal) - 1));
    }
  }

  /** Size on disk with the write-ahead log. */
  bytes(): number {
    return sizeOf(this.path) + sizeOf(`${this.path}-wal`);
  }

  transaction<T>(work: () => T): T {
    const before = this.#epochs;
    try {
      return inTransaction(this.#open(), work);
    } catch (error) {
      this.#epochs = before;
      throw error;
    }
  }

  /**
   * Records an epoch, or finds it when a flush was interrupted, and returns its ordinal. `tickCount` is 0 in the coarse
   * tiers; `payload` is what all its chunks need: the times of its ticks, or the shared buckets.
   */
  putEpoch(epoch: { firstTick: number; tickCount: number; minMs: number; maxMs: number; payload: Uint8Array }): number {
    const { firstTick, tickCount, payload } = epoch;
    const before = this.#epochs.find((known) => known.firstTick === firstTick);
    const minMs = Math.min(epoch.minMs, before?.minMs ?? epoch.minMs);
    const maxMs = Math.max(epoch.maxMs, before?.maxMs ?? epoch.maxMs);
    const ordinal = before?.ordinal ?? (this.#epochs.at(-1)?.ordinal ?? 0) + 1;
    this.#prepare('INSERT OR REPLACE INTO epoch (ordinal, firstTick, minMs, maxMs, checksum, payload) VALUES (?, ?, ?, ?, ?, ?)').run(
      ordinal,
      firstTick,
      minMs,
      maxMs,
      epochChecksum({ ordinal, firstTick, minMs, maxMs }),
      sealChunk(epochOwner(ordinal), 0, tickCount, payload, false),
    );
    const row = { ordinal, firstTick, minMs, maxMs };
    this.#epochs = before === undefined ? [...this.#epochs, row] : this.#epochs.map((known) => (known === before ? row : known));
    this.minMs = Math.min(this.minMs, minMs);
    this.maxMs = Math.max(this.maxMs, maxMs);
    this.lastTick = Math.max(this.lastTick, firstTick + Math.max(0, tickCount - 1));
    this.firstTick = Math.min(this.firstTick, firstTick);
    return ordinal;
  }

  putChunk(ordinal: number, seen: SeenSubject, chunk: Chunk): void {
    const { subject, firstSeenMs, lastSeenMs } = seen;
    const no = numberIn(
      this.#prepare(
        `INSERT INTO subject (id, document, firstSeenMs, lastSeenMs) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET document = excluded.document, firstSeenMs = min(firstSeenMs, excluded.firstSeenMs),
           lastSeenMs = excluded.lastSeenMs RETURNING no`,
      ).get(subject.id, subjectDocument(subject), firstSeenMs, lastSeenMs),
      'no',
    );
    if (no >= subjectsPerEpoch) throw corrupt('a segment with millions of subjects');
    const bytes = sealChunk(chunkOwner(subject.id, ordinal), chunk.first, chunk.last, chunk.bytes);
    this.#prepare('INSERT OR REPLACE INTO chunk (key, bytes) VALUES (?, ?)').run(ordinal * subjectsPerEpoch + no, bytes);
  }

  epochs(fromMs: number, toMs: number): EpochRow[] {
    return this.#epochs.filter(({ minMs, maxMs }) => maxMs >= fromMs && minMs <= toMs);
  }

  payload(ordinal: number): Uint8Array {
    return openChunk(epochOwner(ordinal), bytesIn(this.#prepare('SELECT payload FROM epoch WHERE ordinal = ?').get(ordinal), 'payload'))
      .bytes;
  }

  findSubject(id: string): { no: number; isRolled: boolean } | null {
    const row = this.#prepare('SELECT no, isRolled FROM subject WHERE id = ?').get(id);
    return row === undefined ? null : { no: numberIn(row, 'no'), isRolled: numberIn(row, 'isRolled') === 1 };
  }

  chunk(ordinal: number, no: number, id: string): Chunk | null {
    const row = this.#prepare('SELECT bytes FROM chunk WHERE key = ?').get(ordinal * subjectsPerEpoch + no);
    return row === undefined ? null : openChunk(chunkOwner(id, ordinal), bytesIn(row, 'bytes'));
  }

  /** Every chunk of an epoch with its subject's id. */
  *chunks(ordinal: number): Generator<{ id: string; chunk: Chunk }> {
    const rows = this.#prepare(
      'SELECT s.id AS id, c.bytes AS bytes FROM chunk c JOIN subject s ON s.no = c.key - ? WHERE c.key >= ? AND c.key < ? ORDER BY c.key',
    ).iterate(ordinal * subjectsPerEpoch, ordinal * subjectsPerEpoch, (ordinal + 1) * subjectsPerEpoch);
    for (const row of rows) {
      const id = textIn(row, 'id');
      yield { id, chunk: openChunk(chunkOwner(id, ordinal), bytesIn(row, 'bytes')) };
    }
  }

  subjects(afterNo = 0, limit = -1): (SeenSubject & { no: number })[] {
    const statement = this.#prepare('SELECT no, document, firstSeenMs, lastSeenMs FROM subject WHERE no > ? ORDER BY no LIMIT ?');
    return statement.all(afterNo, limit).map(seenSubject);
  }

  /** Subjects whose coarse points are not made yet. */
  unrolled(limit: number): (SeenSubject & { no: number })[] {
    const statement = this.#prepare('SELECT no, document, firstSeenMs, lastSeenMs FROM subject WHERE isRolled = 0 ORDER BY no LIMIT ?');
    return statement.all(limit).map(seenSubject);
  }

  /** `skipped` subjects keep being read from here as long as the segment lives. */
  markRolled(no: number, how: 'rolled' | 'skipped'): void {
    this.#prepare('UPDATE subject SET isRolled = ? WHERE no = ?').run(how === 'rolled' ? 1 : 2, no);
  }

  /** Checks the next `limit` chunks after `afterKey`: the key it came to, null at the end, and whether all are whole. */
  verify(afterKey: number, limit: number): { lastKey: number | null; isWhole: boolean } {
    const rows = this.#prepare(
      `SELECT c.key AS key, c.bytes AS bytes, s.id AS id FROM chunk c LEFT JOIN subject s ON s.no = c.key % ${subjectsPerEpoch}
       WHERE c.key > ? ORDER BY c.key LIMIT ?`,
    ).iterate(afterKey, limit);
    let lastKey: number | null = null;
    for (const row of rows) {
      lastKey = numberIn(row, 'key');
      const owner = chunkOwner(textIn(row, 'id'), Math.floor(lastKey / subjectsPerEpoch));
      if (!chunkIsWhole(owner, bytesIn(row, 'bytes'))) return { lastKey, isWhole: false };
    }
    return { lastKey, isWhole: true };
  }

  /** Whether an epoch is in here with all its `chunkCount` chunks. */
  hasWholeEpoch(firstTick: number, chunkCount: number): boolean {
    const row = this.#prepare(
      `SELECT count(*) AS chunkCount FROM epoch e JOIN chunk c ON c.key >= e.ordinal * ${subjectsPerEpoch} AND c.key < (e.ordinal + 1) * ${subjectsPerEpoch}
       WHERE e.firstTick = ?`,
    ).get(firstTick);
    return numberIn(row, 'chunkCount') === chunkCount;
  }

  close(): void {
    this.#statements.clear();
    this.#database?.close();
    this.#database = null;
  }

  remove(): void {
    this.close();
    for (const path of [this.path, `${this.path}-wal`, `${this.path}-shm`]) rmSync(path, { force: true });
  }

  #tickCount(ordinal: number): number {
    return openChunk(epochOwner(ordinal), bytesIn(this.#prepare('SELECT payload FROM epoch WHERE ordinal = ?').get(ordinal), 'payload'))
      .last;
  }

  #open(): DatabaseSync {
    if (this.#database === null) {
      if (!existsSync(this.path)) throw corrupt('no file any more');
      this.#database = openDatabase(this.path);
    }
    return this.#database;
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#open().prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function epochRow(row: SqlRow): EpochRow {
  const epoch = {
    ordinal: numberIn(row, 'ordinal'),
    firstTick: numberIn(row, 'firstTick'),
    minMs: numberIn(row, 'minMs'),
    maxMs: numberIn(row, 'maxMs'),
  };
  if (numberIn(row, 'checksum') !== epochChecksum(epoch)) throw corrupt('an epoch with a wrong checksum');
  return epoch;
}

function epochChecksum({ ordinal, firstTick, minMs, maxMs }: EpochRow): number {
  return crc32(`${ordinal} ${firstTick} ${minMs} ${maxMs}`);
}

function seenSubject(row: SqlRow): SeenSubject & { no: number } {
  return {
    no: numberIn(row, 'no'),
    subject: parseSubject(textIn(row, 'document')),
    firstSeenMs: numberIn(row, 'firstSeenMs'),
    lastSeenMs: numberIn(row, 'lastSeenMs'),
  };
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
