import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Epoch } from './epoch.ts';
import { PageArena } from './pageArena.ts';
import { setFileAside } from './setAside.ts';
import { recoverEpoch, TickJournal, type WriteCall } from './tickJournal.ts';

const journalName = /^journal-(\d+)\.log$/;

export interface HeldEpoch {
  epoch: Epoch;
  /** Its journal, deleted once the epoch is in a segment; null when it was only in memory. */
  journalPath: string | null;
}

/** The epochs in memory, oldest first: those that wait to be flushed, and the one that grows. */
export class EpochLine {
  readonly arena: PageArena = new PageArena();
  readonly waiting: HeldEpoch[] = [];
  current: HeldEpoch | null = null;
  nextTick = 0;
  readonly #dir: string;
  readonly #write: WriteCall;
  #journal: TickJournal | null = null;
  #flushedJournal: string | null = null;

  constructor(dir: string, write: WriteCall) {
    this.#dir = dir;
    this.#write = write;
  }

  get epochs(): Epoch[] {
    const held = this.current === null ? this.waiting : [...this.waiting, this.current];
    return held.map(({ epoch }) => epoch);
  }

  /**
   * Takes back what a former run had not flushed. What is damaged is set aside, up to there everything is kept.
   * `isFlushed` says whether a segment has the epoch already.
   */
  recover(nowMs: number, isFlushed: (epoch: Epoch) => boolean): void {
    const names = readdirSync(this.#dir).filter((name) => journalName.test(name));
    names.sort((a, b) => tickOf(a) - tickOf(b));
    for (const name of names) {
      const path = join(this.#dir, name);
      const file = readFileSync(path);
      const { epoch, soundBytes, damage } = recoverEpoch(file, this.arena);
      const isEmpty = epoch === null || epoch.timesMs.length === 0;
      if (damage !== null) this.#replaceDamaged(path, isEmpty ? null : file.subarray(0, soundBytes), nowMs);
      else if (isEmpty) rmSync(path);
      if (epoch === null || isEmpty) continue;
      epoch.freeze();
      this.waiting.push({ epoch, journalPath: path });
      if (isFlushed(epoch)) this.#dropFlushed();
      this.nextTick = Math.max(this.nextTick, epoch.firstTick + epoch.timesMs.length);
    }
  }

  /** Starts an epoch with a journal of its own; throws what creating the file ran into. */
  startOnDisk(): Epoch {
    const path = join(this.#dir, `journal-${this.nextTick}.log`);
    this.#journal = new TickJournal(path, this.nextTick, this.#write);
    this.current = { epoch: new Epoch(this.nextTick, this.arena), journalPath: path };
    return this.current.epoch;
  }

  startInMemory(): Epoch {
    this.current = { epoch: new Epoch(this.nextTick, this.arena), journalPath: null };
    return this.current.epoch;
  }

  /** Ends the running epoch: it now waits to be flushed. */
  freeze(): void {
    this.stopJournal();
    if (this.current === null) return;
    this.current.epoch.freeze();
    if (this.current.epoch.timesMs.length > 0) this.waiting.push(this.current);
    else if (this.current.journalPath !== null) rmSync(this.current.journalPath, { force: true });
    this.current = null;
  }

  writeJournal(payload: Uint8Array): void {
    this.#journal?.append(payload);
  }

  get hasJournal(): boolean {
    return this.#journal !== null;
  }

  /** The epoch goes on in memory. */
  stopJournal(): void {
    this.#journal?.close();
    this.#journal = null;
  }

  /** Drops the oldest epoch from memory; a journal of it stays for the next start. */
  dropOldest(): void {
    const dropped = this.waiting.shift();
    if (dropped === undefined) return;
    for (const slot of [...dropped.epoch.slots.values()]) dropped.epoch.release(slot);
  }

  /** The oldest epoch is in a segment. Its journal goes an hour later, when the kernel has surely written the segment. */
  flushed(): void {
    const done = this.waiting.shift();
    this.removeFlushed();
    this.#flushedJournal = done?.journalPath ?? null;
  }

  removeFlushed(): void {
    if (this.#flushedJournal !== null) rmSync(this.#flushedJournal, { force: true });
    this.#flushedJournal = null;
  }

  #dropFlushed(): void {
    const held = this.waiting.pop();
    for (const slot of [...(held?.epoch.slots.values() ?? [])]) held?.epoch.release(slot);
    if (held?.journalPath != null) rmSync(held.journalPath, { force: true });
  }

  /** Keeps the sound part under the journal's name until it is flushed, in case the next crash comes first. */
  #replaceDamaged(path: string, sound: Uint8Array | null, nowMs: number): void {
    const rescued = `${path}.rescued`;
    if (sound !== null) writeFileSync(rescued, sound, { mode: 0o600 });
    setFileAside(this.#dir, basename(path), nowMs);
    if (sound !== null) renameSync(rescued, path);
  }
}

function tickOf(name: string): number {
  return Number(journalName.exec(name)?.[1] ?? 0);
}
