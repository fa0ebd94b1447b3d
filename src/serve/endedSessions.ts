/**
 * Sessions that somebody ended before their time: a signature alone would let them live on. Kept in `ended-sessions` of the data folder,
 * a line each with the nonce and the end it would have had, so that a restart revives none.
 */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { partsOfSession } from './session.ts';

/** Beyond that the one that would end first is forgotten: nobody logs out so often within a week. */
const most = 4096;

export class EndedSessions {
  readonly #path: string;
  /** When each would have ended, ms since the epoch, by nonce. */
  readonly #ended: Map<string, number>;

  /** Throws what the system throws. */
  constructor(dataDir: string, nowMs: number) {
    this.#path = join(dataDir, 'ended-sessions');
    const isThere = statSync(this.#path, { throwIfNoEntry: false }) !== undefined;
    this.#ended = isThere ? parseEnded(readFileSync(this.#path, 'utf8'), nowMs) : new Map();
  }

  has(session: string): boolean {
    return this.#ended.has(partsOfSession(session)?.nonce ?? '');
  }

  /** It is over at once; throws what the system throws when that could not be kept for the next start. */
  end(session: string, nowMs: number): void {
    const parts = partsOfSession(session);
    if (parts === null) return;
    this.#ended.set(parts.nonce, parts.untilMs);
    const left = [...this.#ended].filter(([, untilMs]) => untilMs > nowMs).sort(([, a], [, b]) => b - a);
    this.#ended.clear();
    for (const [nonce, untilMs] of left.slice(0, most)) this.#ended.set(nonce, untilMs);
    const text = [...this.#ended].map(([nonce, untilMs]) => `${nonce} ${untilMs}\n`).join('');
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

/** What is no line of this file is left out, as is what is over anyway. */
function parseEnded(text: string, nowMs: number): Map<string, number> {
  const ended = new Map<string, number>();
  for (const [, nonce = '', until] of text.matchAll(/^([\w-]{16}) (\d{1,15})$/gm))
    if (Number(until) > nowMs) ended.set(nonce, Number(until));
  return ended;
}
