/** Evidence on disk: one file each, readable by its owner alone, the oldest given up first. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StanchError } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';

const most = 100;
const mostBytes = 16 << 20;
const oldestMs = 90 * 86_400_000;
const mostFileBytes = 1 << 20;
const mostRemembered = 200;
const ending = '.json';
const scratchEnding = '.taken';
const oldestScratchMs = 3_600_000;
const idPattern = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/;

export class EvidenceFolder {
  readonly #path: string;
  /** What a file is about never changes: those about others are not read again. */
  readonly #subjectIds = new Map<string, string | null>();

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'evidence');
  }

  /** Where it was written. Errors: STANCH_E_OUTPUT. */
  put(evidence: Evidence): string {
    const path = join(this.#path, `${evidence.id}${ending}`);
    try {
      this.#make();
      writeFileSync(`${path}.new`, `${JSON.stringify(evidence, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
      renameSync(`${path}.new`, path);
    } catch (cause) {
      rmSync(`${path}.new`, { force: true });
      throw cannotKeep(this.#path, cause);
    }
    this.prune(evidence.takenAtMs);
    return path;
  }

  /** For a file that is only there while something is taken. Errors: STANCH_E_OUTPUT. */
  scratchPath(nowMs: number): string {
    try {
      this.#make();
    } catch (cause) {
      throw cannotKeep(this.#path, cause);
    }
    this.prune(nowMs);
    return join(this.#path, `${randomBytes(8).toString('hex')}${scratchEnding}`);
  }

  /** Latest first, at most `limit`; `isAbout`: of subjects that it holds for. Files that are damaged are left out. */
  list(limit: number = most, isAbout: (subjectId: string | null) => boolean = () => true): Evidence[] {
    const found: Evidence[] = [];
    for (const id of this.#ids()) {
      if (found.length >= limit) break;
      const known = this.#subjectIds.get(id);
      if (known !== undefined && !isAbout(known)) continue;
      const evidence = this.get(id);
      if (evidence === null) continue;
      if (this.#subjectIds.size >= mostRemembered) this.#subjectIds.clear();
      this.#subjectIds.set(id, evidence.subject.subjectId);
      if (isAbout(evidence.subject.subjectId)) found.push(evidence);
    }
    return found;
  }

  /** Null: there is none of that id. */
  get(id: string): Evidence | null {
    if (!idPattern.test(id)) return null;
    try {
      const path = join(this.#path, `${id}${ending}`);
      if (statSync(path).size > mostFileBytes) return null;
      const document: Evidence = JSON.parse(readFileSync(path, 'utf8'));
      return document.schema === 'stanch.evidence/1' && document.id === id ? document : null;
    } catch (error) {
      if (error instanceof SyntaxError || isMissing(error)) return null;
      throw error;
    }
  }

  /** Gives up what is too old, too many or too large together, and what was only there for a while and left by force. */
  prune(nowMs: number): void {
    for (const name of this.#names(scratchEnding)) {
      const path = join(this.#path, name);
      const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: nowMs };
      if (nowMs - mtimeMs > oldestScratchMs) rmSync(path, { force: true });
    }
    let bytes = 0;
    for (const [index, id] of this.#ids().entries()) {
      const path = join(this.#path, `${id}${ending}`);
      const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: nowMs };
      bytes += size;
      if (index > 0 && (index >= most || bytes > mostBytes || nowMs - mtimeMs > oldestMs)) rmSync(path, { force: true });
    }
  }

  #make(): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    chmodSync(this.#path, 0o700);
  }

  /** Latest first. */
  #ids(): string[] {
    return this.#names(ending)
      .map((name) => name.slice(0, -ending.length))
      .filter((id) => idPattern.test(id))
      .sort()
      .reverse();
  }

  #names(end: string): string[] {
    try {
      return readdirSync(this.#path).filter((name) => name.endsWith(end));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }
}

function cannotKeep(path: string, cause: unknown): StanchError {
  return new StanchError('STANCH_E_OUTPUT', {
    expected: `to keep the evidence in ${path}`,
    found: cause instanceof Error ? cause.message : String(cause),
    next: 'Make room there, or choose another folder: --data DIR',
    cause,
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
