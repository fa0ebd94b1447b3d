/** Who did what: a line of JSON each in `audit.jsonl` of the data folder. When it is full it becomes `audit.jsonl.1`, and the one before goes. */
import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface AuditEntry {
  atMs: number;
  /** As they call themselves: everybody who acts has the same token. */
  by: string;
  /** Where from. */
  address: string;
  action: string;
  subject: string;
  detail: string;
}

const maxBytes = 1024 * 1024;

export class AuditLog {
  readonly #path: string;

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'audit.jsonl');
  }

  /** Throws what the system throws: what cannot be put down must not be done. */
  write(entry: AuditEntry): void {
    if ((statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) renameSync(this.#path, `${this.#path}.1`);
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  }

  /** Latest first. A line that was cut off by a crash is left out. */
  read(limit: number): AuditEntry[] {
    const text = statSync(this.#path, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(this.#path, 'utf8');
    return text
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .slice(-limit)
      .reverse()
      .map((line): AuditEntry => JSON.parse(line));
  }
}
