import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { inTransaction, openOrCreateDatabase } from './database.ts';
import { isDamage, type SalvagedTable, salvage } from './salvage.ts';
import { setFileAside } from './setAside.ts';

export interface GuardedFile {
  dir: string;
  name: string;
  schema: string;
  tables: readonly SalvagedTable[];
  now: () => number;
}

export type Prepare = (sql: string) => StatementSync;

/** A database that is never fatal: a damaged file is set aside, what can be read of it is kept, and the work is done again. */
export class GuardedDatabase {
  readonly #file: GuardedFile;
  #database: DatabaseSync | null = null;
  readonly #statements = new Map<string, StatementSync>();
  #isBatching = false;
  /** Made of what could be read of a damaged one. What is damaged a second time is beyond saving. */
  #isRescued = false;

  constructor(file: GuardedFile) {
    this.#file = file;
  }

  run<T>(work: (prepare: Prepare) => T): T {
    try {
      return work(this.#prepare);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#replace();
      return this.#isRescued ? this.#tryRescued(work) : work(this.#prepare);
    }
  }

  /** Starts anew when what was saved is no good either. */
  #tryRescued<T>(work: (prepare: Prepare) => T): T {
    try {
      return work(this.#prepare);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#replace();
      return work(this.#prepare);
    }
  }

  transaction<T>(work: (prepare: Prepare) => T): T {
    this.commit();
    return this.run((prepare) => inTransaction(this.#open(), () => work(prepare)));
  }

  /** Like `run`, in a transaction that stays open until `commit`: many small writes for the price of one. */
  batch(work: (prepare: Prepare) => void): void {
    this.run((prepare) => {
      if (!this.#isBatching) this.#open().exec('BEGIN');
      this.#isBatching = true;
      work(prepare);
    });
  }

  commit(): void {
    if (!this.#isBatching) return;
    this.#isBatching = false;
    try {
      this.#open().exec('COMMIT');
    } catch (error) {
      this.rollback();
      if (!isDamage(error)) throw error;
      this.#replace();
    }
  }

  rollback(): void {
    this.#isBatching = false;
    if (this.#database?.isTransaction) this.#database.exec('ROLLBACK');
  }

  close(): void {
    this.#isBatching = false;
    this.#statements.clear();
    this.#database?.close();
    this.#database = null;
  }

  #replace(): void {
    this.close();
    const { dir, name, schema, tables, now } = this.#file;
    const path = join(dir, name);
    if (!existsSync(path)) return;
    const rescued = `${path}.rescued`;
    let count = 0;
    try {
      if (!this.#isRescued) count = salvage(path, rescued, schema, tables);
    } catch (error) {
      // Not readable at all, or no room for a copy: the file set aside still has it.
      if (!(error instanceof Error)) throw error;
    }
    setFileAside(dir, name, now());
    this.#isRescued = count > 0;
    if (this.#isRescued) renameSync(rescued, path);
    else rmSync(rescued, { force: true });
  }

  #open(): DatabaseSync {
    const { dir, name, schema } = this.#file;
    this.#database ??= openOrCreateDatabase(join(dir, name), schema);
    return this.#database;
  }

  readonly #prepare: Prepare = (sql) => {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#open().prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  };
}
