import type { DatabaseSync } from 'node:sqlite';
import { createDatabase, openDatabase, type SqlRow, troubleOf } from './database.ts';

export interface SalvagedTable {
  name: string;
  orderBy: string;
  /** Whether a row is worth keeping; may ask for rows of the tables saved before. */
  isSound: (row: SqlRow, saved: DatabaseSync) => boolean;
}

/**
 * Copies what is still readable of a damaged database into a new one at `target`. Each table is read from both ends, so
 * that one bad page costs only what is on it. Returns how many rows were saved.
 */
export function salvage(source: string, target: string, schema: string, tables: readonly SalvagedTable[]): number {
  const damaged = openDatabase(source);
  try {
    const saved = createDatabase(target, schema);
    try {
      saved.exec('BEGIN');
      let count = 0;
      for (const table of tables) {
        for (const direction of ['ASC', 'DESC'] as const) {
          const copied = copyRows(damaged, saved, table, direction);
          count += copied.count;
          if (copied.isComplete) break;
        }
      }
      saved.exec('COMMIT');
      return count;
    } finally {
      saved.close();
    }
  } finally {
    damaged.close();
  }
}

function copyRows(damaged: DatabaseSync, saved: DatabaseSync, table: SalvagedTable, direction: 'ASC' | 'DESC') {
  let count = 0;
  try {
    for (const row of damaged.prepare(`SELECT * FROM ${table.name} ORDER BY ${table.orderBy} ${direction}`).iterate()) {
      if (!isSound(table, row, saved)) continue;
      const names = Object.keys(row);
      const places = names.map(() => '?').join(', ');
      const insert = saved.prepare(`INSERT OR IGNORE INTO ${table.name} (${names.join(', ')}) VALUES (${places})`);
      count += Number(insert.run(...Object.values(row)).changes);
    }
    return { count, isComplete: true };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { count, isComplete: false };
  }
}

function isSound(table: SalvagedTable, row: SqlRow, saved: DatabaseSync): boolean {
  try {
    return table.isSound(row, saved);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  }
}

/** Whether an error says that a file is damaged, rather than that it can't be used just now. */
export function isDamage(error: unknown): boolean {
  const trouble = troubleOf(error);
  return trouble === 'corrupt' || trouble === 'io';
}
