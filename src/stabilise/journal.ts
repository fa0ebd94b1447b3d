/**
 * What was done to the server, in a file that survives a kill and a reboot: a line of JSON an event, on the disk before the event is
 * acted on; in an emergency, written before. Whoever acts appends to it, the daemon and `stanch do` alike, one at a time, and whoever starts puts right what a dead one left
 * half done.
 */
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Action, ActionPlan, ActionProof, ActionState } from '../model/action.ts';
import { StanchError } from '../model/errors.ts';
import type { ProcessId } from '../model/subject.ts';
import { whileLocked } from './journalLock.ts';
import { syncFolder } from './syncFolder.ts';

type Event =
  /** `runner`: the process of stanch that carries it out. */
  | { event: 'start'; id: string; atMs: number; by: string; plan: ActionPlan; runner: ProcessId }
  | { event: 'begin-step' | 'end-step'; id: string; atMs: number; index: number }
  /** Somebody is taking it back, or leaves it again without having done so. */
  | { event: 'claim'; id: string; atMs: number; runner: ProcessId }
  | { event: 'release'; id: string; atMs: number }
  | { event: 'end'; id: string; atMs: number; state: ActionState; error: string | null }
  | { event: 'proof'; id: string; atMs: number; proof: ActionProof };

export interface JournalEntry {
  action: Action;
  runner: ProcessId;
  /** The process of stanch that takes it back; null: none does. */
  claimedBy: ProcessId | null;
  /** Steps that were begun, whether or not they were finished. */
  stepsBegun: number;
}

const mostBytes = 4 << 20;
/** Old ones go when the file has become too large. */
const mostActions = 1000;

/** Which file was read, and how far. */
interface ReadUntil {
  inode: number;
  bytes: number;
}

export class ActionJournal {
  readonly #path: string;
  /** What was read, so that the file is not read and parsed again until it grew. */
  #known = new Map<string, JournalEntry>();
  #read: ReadUntil | null = null;
  #isLocked = false;
  /** Ids of what is under way in an emergency. */
  readonly #urgent = new Set<string>();
  #isInFolder = true;

  constructor(path: string) {
    this.#path = path;
  }

  /** Oldest first. A line that is cut off, as a power cut leaves it, is passed over. */
  entries(): JournalEntry[] {
    const now = this.#onDisk();
    if (now === null) return [];
    if (now.inode !== this.#read?.inode || now.bytes !== this.#read.bytes) {
      this.#known = new Map();
      for (const line of this.#lines()) {
        const event = parseEvent(line);
        if (event !== null) apply(this.#known, event);
      }
      this.#read = now;
    }
    return [...this.#known.values()].map((entry) => ({ ...entry, action: { ...entry.action } }));
  }

  /** What is read and written in the work is so with nobody else in between. Throws STANCH_E_BUSY, STANCH_E_DATA_DIR. */
  exclusively<T>(work: () => T): T {
    if (this.#isLocked) return work();
    this.#makeFolder();
    this.#isLocked = true;
    try {
      return whileLocked(`${this.#path}.lock`, work);
    } catch (error) {
      throw unusable(this.#path, error);
    } finally {
      this.#isLocked = false;
    }
  }

  start(id: string, by: string, plan: ActionPlan, runner: ProcessId): void {
    this.#append({ event: 'start', id, atMs: Date.now(), by, plan, runner });
  }

  beginStep(id: string, index: number): void {
    this.#append({ event: 'begin-step', id, atMs: Date.now(), index });
  }

  endStep(id: string, index: number): void {
    this.#append({ event: 'end-step', id, atMs: Date.now(), index });
  }

  claim(id: string, runner: ProcessId): void {
    this.#append({ event: 'claim', id, atMs: Date.now(), runner });
  }

  release(id: string): void {
    this.#append({ event: 'release', id, atMs: Date.now() });
  }

  end(id: string, state: ActionState, error: string | null): void {
    this.#append({ event: 'end', id, atMs: Date.now(), state, error });
  }

  prove(id: string, proof: ActionProof): void {
    this.#append({ event: 'proof', id, atMs: Date.now(), proof });
  }

  /** null: there is none yet. */
  #onDisk(): ReadUntil | null {
    try {
      const { ino, size } = statSync(this.#path);
      return { inode: ino, bytes: size };
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw unusable(this.#path, error);
    }
  }

  #lines(): string[] {
    try {
      return readFileSync(this.#path, 'utf8').split('\n');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw unusable(this.#path, error);
    }
  }

  #append(event: Event): void {
    if (event.event === 'start' && event.by === 'emergency') this.#urgent.add(event.id);
    this.exclusively(() => this.#appendAlone(event, !this.#urgent.has(event.id)));
    if (event.event === 'end') this.#urgent.delete(event.id);
  }

  /**
   * `waitsForDisk`: not in an emergency, when the disk is what everybody waits for. What is written then survives stanch all the same, and a
   * loss of power from its proof on.
   */
  #appendAlone(event: Event, waitsForDisk: boolean): void {
    try {
      if (waitsForDisk) this.#shortenIfLong();
      if (this.#onDisk() === null) this.#isInFolder = false;
      const fd = openSync(this.#path, 'a+', 0o600);
      try {
        // After a line that was cut off, a new one begins on its own.
        writeFileSync(fd, `${endsInLine(fd) ? '' : '\n'}${JSON.stringify(event)}\n`);
        if (waitsForDisk) fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      if (this.#isInFolder || !waitsForDisk) return;
      syncFolder(dirname(this.#path));
      this.#isInFolder = true;
    } catch (error) {
      throw unusable(this.#path, error);
    }
  }

  #makeFolder(): void {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw unusable(this.#path, error);
    }
  }

  #shortenIfLong(): void {
    if ((this.#onDisk()?.bytes ?? 0) > mostBytes) this.#shorten();
  }

  /** What is running, and of the rest the latest in half the room, so that not every line that follows makes it write all anew. */
  #shorten(): void {
    const kept: string[][] = [];
    let bytes = 0;
    for (const entry of this.entries()
      .slice(-mostActions / 2)
      .reverse()) {
      const lines = linesOf(entry);
      bytes += lines.reduce((sum, line) => sum + line.length, 0);
      if (bytes > mostBytes / 2 && kept.length > 0 && entry.action.state !== 'running') continue;
      kept.push(lines);
    }
    const temporary = `${this.#path}.tmp`;
    const fd = openSync(temporary, 'w', 0o600);
    try {
      writeFileSync(fd, kept.reverse().flat().join(''));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, this.#path);
    syncFolder(dirname(this.#path));
  }
}

function linesOf({ action, runner, claimedBy, stepsBegun }: JournalEntry): string[] {
  const { id, atMs } = action;
  const events: Event[] = [
    { event: 'start', id, atMs, by: action.by, plan: action.plan, runner },
    ...Array.from({ length: stepsBegun }, (_, index): Event => ({ event: 'begin-step', id, atMs, index })),
    ...Array.from({ length: action.stepsDone }, (_, index): Event => ({ event: 'end-step', id, atMs, index })),
    ...(action.endedMs === null ? [] : [{ event: 'end' as const, id, atMs: action.endedMs, state: action.state, error: action.error }]),
    ...(claimedBy === null ? [] : [{ event: 'claim' as const, id, atMs, runner: claimedBy }]),
    ...(action.proof === null ? [] : [{ event: 'proof' as const, id, atMs, proof: action.proof }]),
  ];
  return events.map((event) => `${JSON.stringify(event)}\n`);
}

function endsInLine(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
}

/** null: no line of a journal, or cut off. Its writer is stanch alone, in a folder of its own: what parses has its shape. */
function parseEvent(line: string): Event | null {
  if (line === '') return null;
  try {
    const event: unknown = JSON.parse(line);
    return isEvent(event) ? event : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isEvent(event: unknown): event is Event {
  return (
    typeof event === 'object' && event !== null && 'event' in event && 'id' in event && typeof event.id === 'string' && 'atMs' in event
  );
}

function apply(entries: Map<string, JournalEntry>, event: Event): void {
  if (event.event === 'start') {
    const { id, atMs, by, plan, runner } = event;
    const action: Action = { id, atMs, by, plan, state: 'running', stepsDone: 0, error: null, endedMs: null, proof: null };
    entries.set(id, { action, runner, claimedBy: null, stepsBegun: 0 });
    return;
  }
  const entry = entries.get(event.id);
  if (entry === undefined) return;
  const { action } = entry;
  if (event.event === 'begin-step') entry.stepsBegun = Math.max(entry.stepsBegun, event.index + 1);
  if (event.event === 'end-step') action.stepsDone = Math.max(action.stepsDone, event.index + 1);
  if (event.event === 'claim') entry.claimedBy = event.runner;
  if (event.event === 'release' || event.event === 'end') entry.claimedBy = null;
  if (event.event === 'end') Object.assign(action, { state: event.state, error: event.error, endedMs: event.atMs });
  if (event.event === 'proof') action.proof = event.proof;
}

function unusable(path: string, error: unknown): StanchError {
  if (error instanceof StanchError) return error;
  return new StanchError('STANCH_E_DATA_DIR', {
    expected: `to write down in ${path} what is done`,
    found: error instanceof Error ? error.message : String(error),
    next: 'Nothing is done that is not written down first. Make room, or name another folder: --data DIR',
    cause: error,
  });
}
