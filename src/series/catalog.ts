import type { Finding } from '../model/finding.ts';
import { openChunk, sealChunk } from './chunk.ts';
import { bytesIn, numberIn, textIn } from './database.ts';
import { GuardedDatabase } from './guardedDatabase.ts';
import { minLifeMsOf } from './rollUp.ts';
import type { SeenSubject } from './segment.ts';
import { parseSubject, subjectDocument } from './subjectDocument.ts';

const catalogFile = 'catalog.sqlite';
const maxFindings = 2000;

const schema = `
  CREATE TABLE subject (id TEXT PRIMARY KEY, kind TEXT NOT NULL, document TEXT NOT NULL, firstSeenMs REAL NOT NULL, lastSeenMs REAL NOT NULL);
  CREATE INDEX subjectByAge ON subject (lastSeenMs);
  CREATE TABLE finding (id TEXT PRIMARY KEY, lastSeenMs REAL NOT NULL, document BLOB NOT NULL);
  CREATE INDEX findingByAge ON finding (lastSeenMs);`;

/** Who was seen, and the findings. Subjects are in the segments too; findings are only here. */
export class Catalog {
  readonly #file: GuardedDatabase;

  constructor(dir: string, now: () => number) {
    this.#file = new GuardedDatabase({
      dir,
      name: catalogFile,
      schema,
      now,
      tables: [
        { name: 'subject', orderBy: 'id', isSound: (row) => parseSubject(textIn(row, 'document')).id === textIn(row, 'id') },
        {
          name: 'finding',
          orderBy: 'rowid',
          isSound: (row) => openChunk(textIn(row, 'id'), bytesIn(row, 'document')).bytes.length > 0,
        },
      ],
    });
  }

  /** Sets the file aside when it is no catalog. */
  check(): void {
    this.#file.run((prepare) => {
      for (const table of ['subject', 'finding']) prepare(`SELECT * FROM ${table} LIMIT 1`).all();
    });
  }

  get isEmpty(): boolean {
    return this.#file.run((prepare) => prepare('SELECT 1 FROM subject LIMIT 1').get() === undefined);
  }

  putSubjects(seen: readonly SeenSubject[]): void {
    this.#file.transaction((prepare) => {
      const put = prepare(
        `INSERT INTO subject (id, kind, document, firstSeenMs, lastSeenMs) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, document = excluded.document,
           firstSeenMs = min(firstSeenMs, excluded.firstSeenMs), lastSeenMs = excluded.lastSeenMs`,
      );
      for (const { subject, firstSeenMs, lastSeenMs } of seen) {
        put.run(subject.id, subject.kind, subjectDocument(subject), firstSeenMs, lastSeenMs);
      }
    });
  }

  findSubject(id: string): SeenSubject | null {
    return this.#file.run((prepare) => {
      const row = prepare('SELECT document, firstSeenMs, lastSeenMs FROM subject WHERE id = ?').get(id);
      return row === undefined ? null : seenSubject(row);
    });
  }

  subjects(): SeenSubject[] {
    return this.#file.run((prepare) => prepare('SELECT document, firstSeenMs, lastSeenMs FROM subject').all().map(seenSubject));
  }

  /** Forgets up to `limit` subjects whose data has expired; returns their ids. How long that takes depends on their life: rollUp.ts. */
  forgetSubjects(before: { fineMs: number; midMs: number; coarseMs: number }, limit: number): string[] {
    return this.#file.transaction((prepare) => {
      const rows = prepare(
        `DELETE FROM subject WHERE id IN (SELECT id FROM subject WHERE lastSeenMs < ? AND (lastSeenMs < ? OR kind = 'process' AND
           (lastSeenMs - firstSeenMs < ? OR lastSeenMs < ? AND lastSeenMs - firstSeenMs < ?)) LIMIT ?) RETURNING id`,
      ).all(before.fineMs, before.coarseMs, minLifeMsOf.mid, before.midMs, minLifeMsOf.coarse, limit);
      return rows.map((row) => textIn(row, 'id'));
    });
  }

  putFindings(findings: readonly Finding[]): void {
    this.#file.transaction((prepare) => {
      const put = prepare('INSERT OR REPLACE INTO finding (id, lastSeenMs, document) VALUES (?, ?, ?)');
      for (const finding of findings) {
        const document = new TextEncoder().encode(JSON.stringify(finding));
        put.run(finding.id, finding.lastSeenMs, sealChunk(finding.id, 0, 0, document));
      }
      prepare('DELETE FROM finding WHERE id IN (SELECT id FROM finding ORDER BY lastSeenMs DESC LIMIT -1 OFFSET ?)').run(maxFindings);
    });
  }

  /** Last seen first. */
  findings(sinceMs: number, limit: number): Finding[] {
    return this.#file.run((prepare) =>
      prepare('SELECT id, document FROM finding WHERE lastSeenMs >= ? ORDER BY lastSeenMs DESC, id LIMIT ?')
        .all(sinceMs, limit)
        .map((row) => readFinding(openChunk(textIn(row, 'id'), bytesIn(row, 'document')).bytes)),
    );
  }

  forgetFindings(beforeMs: number): void {
    this.#file.run((prepare) => prepare('DELETE FROM finding WHERE lastSeenMs < ?').run(beforeMs));
  }

  close(): void {
    this.#file.close();
  }
}

/** The checksum around it says that it is what `putFindings` wrote. */
function readFinding(bytes: Uint8Array): Finding {
  const finding: Finding = JSON.parse(new TextDecoder().decode(bytes));
  return finding;
}

function seenSubject(row: Parameters<typeof textIn>[0]): SeenSubject {
  return {
    subject: parseSubject(textIn(row, 'document')),
    firstSeenMs: numberIn(row, 'firstSeenMs'),
    lastSeenMs: numberIn(row, 'lastSeenMs'),
  };
}
