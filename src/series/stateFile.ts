import { openChunk, sealChunk } from './chunk.ts';
import { bytesIn, numberIn, textIn } from './database.ts';
import { GuardedDatabase } from './guardedDatabase.ts';

const stateFileName = 'states.sqlite';
const pageOfStates = 64;

const schema = 'CREATE TABLE state (subjectId TEXT PRIMARY KEY, timeMs REAL NOT NULL, bytes BLOB NOT NULL) WITHOUT ROWID;';

export interface WindowState {
  subjectId: string;
  timeMs: number;
  bytes: Uint8Array;
}

/** The detector's windows. They can be made again from the samples, so a damaged file only costs the time of doing so. */
export class StateFile {
  readonly #file: GuardedDatabase;

  constructor(dir: string, now: () => number) {
    const tables = [
      {
        name: 'state',
        orderBy: 'subjectId',
        isSound: (row: Parameters<typeof textIn>[0]) => openChunk(textIn(row, 'subjectId'), bytesIn(row, 'bytes')).first === 0,
      },
    ];
    this.#file = new GuardedDatabase({ dir, name: stateFileName, schema, tables, now });
  }

  /** Sets the file aside when it holds no states. */
  check(): void {
    this.#file.run((prepare) => prepare('SELECT * FROM state LIMIT 1').all());
  }

  put(state: WindowState): void {
    this.#file.batch((prepare) => {
      prepare('INSERT OR REPLACE INTO state (subjectId, timeMs, bytes) VALUES (?, ?, ?)').run(
        state.subjectId,
        state.timeMs,
        sealChunk(state.subjectId, 0, 0, state.bytes),
      );
    });
  }

  commit(): void {
    this.#file.commit();
  }

  rollback(): void {
    this.#file.rollback();
  }

  /** A page at a time, so that the store may be written while they are read. */
  *all(): Generator<WindowState> {
    let after = '';
    while (true) {
      const page = this.#page(after);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.subjectId;
    }
  }

  remove(subjectIds: readonly string[]): void {
    if (subjectIds.length === 0) return;
    this.#file.transaction((prepare) => {
      const remove = prepare('DELETE FROM state WHERE subjectId = ?');
      for (const id of subjectIds) remove.run(id);
    });
  }

  forget(beforeMs: number): void {
    this.#file.run((prepare) => prepare('DELETE FROM state WHERE timeMs < ?').run(beforeMs));
  }

  close(): void {
    this.#file.close();
  }

  #page(after: string): WindowState[] {
    return this.#file.run((prepare) =>
      prepare('SELECT subjectId, timeMs, bytes FROM state WHERE subjectId > ? ORDER BY subjectId LIMIT ?')
        .all(after, pageOfStates)
        .map((row) => {
          const subjectId = textIn(row, 'subjectId');
          return { subjectId, timeMs: numberIn(row, 'timeMs'), bytes: openChunk(subjectId, bytesIn(row, 'bytes')).bytes };
        }),
    );
  }
}
