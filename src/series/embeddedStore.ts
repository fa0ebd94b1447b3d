/**
 * The embedded store: one folder of files, one writer.
 *
 *     lock                      taken for the life of the process
 *     journal-<tick>.log        the running epoch, one record a tick (tickJournal.ts)
 *     fine-<n>.sqlite           every sample, in chunks of a subject and an epoch (segment.ts, rowCodec.ts)
 *     mid-<n>, coarse-<n>       5-minute and 1-hour buckets: min, mean, max, last (bucketCodec.ts)
 *     catalog.sqlite            subjects and findings; states.sqlite: the detector's windows
 *     *.corrupt-<time>          what was damaged and set aside
 *
 * A tick goes into the open epoch and the journal. An epoch ends after an hour or when it gets large, is flushed into the
 * fine segment in slices, and its journal is deleted. A full segment is rolled up into the coarse tiers.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { DatabaseSync } from 'node:sqlite';
import { StanchError } from '../model/errors.ts';
import type { Finding } from '../model/finding.ts';
import type { Gauge, Sample } from '../model/gauge.ts';
import type { Subject } from '../model/subject.ts';
import { Catalog } from './catalog.ts';
import { troubleOf } from './database.ts';
import { type DiskCalls, systemDisk } from './diskCalls.ts';
import { DiskState } from './diskState.ts';
import type { Epoch } from './epoch.ts';
import { EpochLine } from './epochLine.ts';
import { Flusher } from './flusher.ts';
import { lockFolder } from './folderLock.ts';
import { Housekeeping } from './housekeeping.ts';
import { KnownSubjects } from './knownSubjects.ts';
import { replaySamples } from './replaySamples.ts';
import { RetentionClock } from './retentionClock.ts';
import { SegmentShelf } from './segmentShelf.ts';
import { SeriesReader } from './seriesReader.ts';
import { listSetAside } from './setAside.ts';
import { StateFile, type WindowState } from './stateFile.ts';
import type { Points, SeriesStore, StoreHealth } from './store.ts';
import { limitsOf, type Retention, type StoreLimits } from './storeLimits.ts';
import { TickWriter } from './tickWriter.ts';

export interface StoreOptions {
  /** Folder of the store; made when missing. */
  dir: string;
  retention: Retention;
  /** The wall clock, ms since the epoch. */
  now?: () => number;
}

/** How long `maintain` may hold up a scan. */
const sliceMs = 15;
/** Epochs that wait in memory while the disk is full, or the flush is late. */
const maxWaiting = 2;
const maxPendingFindings = 500;
const maxAttempts = 4;
const defaultFindingLimit = 1000;
/** A tick without a row takes memory too. */
const maxTicksInEpoch = 100_000;
/** Subjects that came and went since the epoch began, over those there are. */
const maxGoneInEpoch = 2048;
/** Left over by a crash between creating a file and giving it its name. */
const unfinished = /\.(new|rescued)(-wal|-shm)?$/;

/**
 * Opens the store, and takes back what a former run left in its journal.
 * Throws STANCH_E_DATA_DIR when the folder can't be used and STANCH_E_STORE_LOCKED when another process uses it. A full disk
 * is no error: samples are then kept in memory, `health` says so, and the store goes back to disk by itself.
 */
export function openStore(options: StoreOptions): SeriesStore {
  return openStoreOn(options, systemDisk);
}

/** @param disk what may fail; tests give one that does. */
export function openStoreOn({ dir, retention, now = Date.now }: StoreOptions, disk: DiskCalls): SeriesStore {
  return new EmbeddedStore(dir, limitsOf(retention), now, disk);
}

class EmbeddedStore implements SeriesStore {
  readonly #dir: string;
  readonly #limits: StoreLimits;
  readonly #now: () => number;
  readonly #disk: DiskState;
  readonly #shelf: SegmentShelf;
  readonly #catalog: Catalog;
  readonly #states: StateFile;
  readonly #line: EpochLine;
  readonly #known: KnownSubjects;
  readonly #ticks: TickWriter;
  readonly #flusher: Flusher;
  readonly #reader: SeriesReader;
  readonly #pendingFindings = new Map<string, Finding>();
  #lock: DatabaseSync | null = null;
  #housekeeping: Housekeeping | null = null;
  #clock = new RetentionClock(null);

  constructor(dir: string, limits: StoreLimits, now: () => number, disk: DiskCalls) {
    this.#dir = dir;
    this.#limits = limits;
    this.#now = now;
    this.#disk = new DiskState(dir, disk);
    this.#shelf = new SegmentShelf(dir, now);
    this.#catalog = new Catalog(dir, now);
    this.#states = new StateFile(dir, now);
    this.#line = new EpochLine(dir, disk.write);
    this.#known = new KnownSubjects((id) => this.#reading(() => this.#catalog.findSubject(id), null));
    this.#ticks = new TickWriter(this.#known);
    this.#flusher = new Flusher(this.#line, this.#shelf, this.#catalog, limits);
    this.#reader = new SeriesReader(this.#shelf, () => this.#line.epochs);
    this.#open();
  }

  putSubject(subject: Subject, seenMs: number): void {
    if (this.#known.put(subject, seenMs)) this.#line.current?.epoch.redefine(subject.id);
  }

  subjects(): { subject: Subject; firstSeenMs: number; lastSeenMs: number }[] {
    const stored = this.#reading(() => this.#catalog.subjects(), []);
    const byId = new Map(stored.map((seen) => [seen.subject.id, seen]));
    for (const seen of this.#known.all()) byId.set(seen.subject.id, { ...seen });
    return [...byId.values()];
  }

  append(timeMs: number, rows: Iterable<{ subjectId: string; sample: Sample }>): void {
    if (!(timeMs >= 0 && timeMs <= Number.MAX_SAFE_INTEGER)) throw new RangeError(`not a time in ms since the epoch: ${timeMs}`);
    if (!this.#disk.isOn && this.#disk.mayReturn(this.#line.arena.usedBytes)) this.#returnToDisk();
    this.#reader.forget();
    const epoch = this.#epochFor(timeMs);
    this.#line.nextTick += 1;
    const payload = this.#encode(epoch, timeMs, rows);
    this.#clock.tick(timeMs);
    if (!this.#line.hasJournal) return;
    this.#onDisk(() => {
      this.#disk.checkSpace();
      this.#line.writeJournal(payload);
    });
  }

  read(subjectId: string, gauge: Gauge, fromMs: number, toMs: number, maxPoints: number): Points {
    return this.#reader.read(subjectId, gauge, fromMs, toMs, maxPoints);
  }

  replay(fromMs: number): Iterable<{ subjectId: string; sample: Sample }> {
    return replaySamples(this.#shelf, () => this.#line.epochs, fromMs);
  }

  putState(subjectId: string, timeMs: number, bytes: Uint8Array): void {
    this.#onDisk(() => this.#states.put({ subjectId, timeMs, bytes }));
  }

  states(): Iterable<WindowState> {
    this.#onDisk(() => this.#states.commit());
    // Where the disk had no room for the folder's files there are none to read.
    return this.#housekeeping === null ? [] : this.#states.all();
  }

  putFinding(finding: Finding): void {
    this.#pendingFindings.set(finding.id, finding);
    this.#writeFindings();
    // While the disk is full, the latest matter most.
    for (const id of [...this.#pendingFindings.keys()].slice(0, -maxPendingFindings)) this.#pendingFindings.delete(id);
  }

  findings({ sinceMs = 0, limit = defaultFindingLimit }: { sinceMs?: number; limit?: number }): Finding[] {
    const stored = this.#reading(() => this.#catalog.findings(sinceMs, limit), []).filter(({ id }) => !this.#pendingFindings.has(id));
    const pending = [...this.#pendingFindings.values()].filter(({ lastSeenMs }) => lastSeenMs >= sinceMs);
    return [...pending, ...stored].sort((a, b) => b.lastSeenMs - a.lastSeenMs).slice(0, limit);
  }

  /** Retention goes by the times of the samples, which a clock that jumps does not fool: retentionClock.ts. */
  maintain(): boolean {
    this.#reader.forget();
    let hasMore = false;
    this.#onDisk(() => {
      this.#writeFindings();
      this.#states.commit();
      const deadlineMs = performance.now() + sliceMs;
      hasMore = this.#flusher.flush(deadlineMs) || (this.#housekeeping?.slice(this.#clock.nowMs, deadlineMs) ?? false);
    });
    return hasMore && this.#disk.isOn;
  }

  health(): StoreHealth {
    return {
      mode: this.#disk.isOn ? 'disk' : 'memory',
      reason: this.#disk.reason,
      bytes: this.#housekeeping?.bytes ?? 0,
      setAside: this.#reading(() => listSetAside(this.#dir), []),
    };
  }

  close(): void {
    this.#onDisk(() => {
      this.#writeFindings();
      this.#states.commit();
    });
    this.#line.stopJournal();
    if (this.#disk.isOn) this.#line.removeFlushed();
    this.#shelf.close();
    this.#states.close();
    this.#catalog.close();
    this.#lock?.close();
    this.#lock = null;
  }

  #open(): void {
    try {
      makeFolder(this.#dir);
      accessSync(this.#dir, constants.R_OK | constants.W_OK | constants.X_OK);
      this.#load();
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === 'full') {
        this.#disk.fail(error);
        return;
      }
      if (trouble === 'bug' || trouble === 'locked') throw error;
      throw new StanchError('STANCH_E_DATA_DIR', {
        expected: `a folder ${this.#dir} that stanch can write to`,
        found: error instanceof Error ? error.message : String(error),
        next: 'Make it writable for the user stanch runs as, or give another folder with --data.',
        cause: error,
      });
    }
  }

  /** Takes the lock and reads the folder. Done again when the disk was too full for it before. */
  #load(): void {
    this.#lock ??= lockFolder(this.#dir);
    if (this.#housekeeping !== null) return;
    for (const name of readdirSync(this.#dir)) {
      if (unfinished.test(name)) rmSync(join(this.#dir, name), { force: true });
    }
    this.#shelf.load();
    this.#catalog.check();
    this.#states.check();
    this.#restoreCatalog();
    this.#line.recover(this.#now(), (epoch) => this.#isFlushed(epoch));
    for (const { epoch } of this.#line.waiting) {
      for (const { seen } of epoch.slots.values()) this.#known.restore(seen);
    }
    const segments = (['fine', 'mid', 'coarse'] as const).flatMap((tier) => [...this.#shelf.of(tier)]);
    this.#line.nextTick = Math.max(this.#line.nextTick, ...segments.map(({ lastTick }) => lastTick + 1));
    this.#housekeeping = new Housekeeping(this.#dir, this.#shelf, this.#catalog, this.#states, this.#limits);
    const newestMs = this.#line.waiting.at(-1)?.epoch.maxMs ?? this.#shelf.current('fine')?.maxMs;
    this.#clock = new RetentionClock(newestMs === undefined ? null : Math.min(newestMs, this.#now()));
  }

  #isFlushed({ firstTick, slots }: Epoch): boolean {
    const chunkCount = [...slots.values()].filter(({ firstOffset }) => firstOffset >= 0).length;
    const segments = this.#shelf.of('fine').filter((segment) => segment.firstTick <= firstTick && segment.lastTick >= firstTick);
    return segments.some((segment) => this.#shelf.attempt(segment, () => segment.hasWholeEpoch(firstTick, chunkCount), false));
  }

  /** The catalog of subjects can be made again from the segments. */
  #restoreCatalog(): void {
    if (!this.#catalog.isEmpty) return;
    for (const tier of ['fine', 'mid', 'coarse'] as const) {
      for (const segment of [...this.#shelf.of(tier)]) {
        const seen = this.#shelf.attempt(segment, () => segment.subjects(), []);
        if (seen.length > 0) this.#catalog.putSubjects(seen);
      }
    }
  }

  #epochFor(timeMs: number): Epoch {
    const current = this.#line.current?.epoch;
    if (current !== undefined && !this.#isFull(current, timeMs)) return current;
    this.#rotate();
    return this.#startEpoch();
  }

  #encode(epoch: Epoch, timeMs: number, rows: Iterable<{ subjectId: string; sample: Sample }>): Uint8Array {
    try {
      return this.#ticks.encode(epoch, timeMs, rows);
    } catch (error) {
      // Half a tick is in memory and not in the journal: they must not go on together.
      this.#line.freeze();
      throw error;
    }
  }

  #startEpoch(): Epoch {
    return (
      this.#disk.attempt(() => {
        this.#disk.checkSpace();
        return this.#line.startOnDisk();
      }, null) ?? this.#line.startInMemory()
    );
  }

  #isFull(epoch: Epoch, timeMs: number): boolean {
    const { epochSpanMs, epochBytes } = this.#limits;
    const startMs = epoch.timesMs[0] ?? timeMs;
    // Without a disk, what is in memory is all there is: it is kept as long as it has room.
    const isOver = this.#disk.isOn && Math.floor(startMs / epochSpanMs) !== Math.floor(timeMs / epochSpanMs);
    return (
      isOver ||
      epoch.logBytes >= epochBytes ||
      epoch.slotCount >= 2 * epoch.rowCount + maxGoneInEpoch ||
      epoch.timesMs.length >= maxTicksInEpoch
    );
  }

  /** Ends the running epoch and makes sure that not too much waits. */
  #rotate(): void {
    this.#line.freeze();
    this.#onDisk(() => {
      // More often than once only when a damaged segment had to be set aside in between.
      for (let attempt = 0; attempt < maxAttempts && this.#line.waiting.length > maxWaiting; attempt += 1) {
        this.#flusher.flush(Number.POSITIVE_INFINITY);
      }
    });
    while (this.#line.waiting.length > maxWaiting) this.#line.dropOldest();
    const open = this.#line.epochs;
    const gone = this.#known.prune((id) => open.some(({ slots }) => slots.has(id)));
    this.#onDisk(() => this.#catalog.putSubjects(gone));
  }

  #returnToDisk(): void {
    try {
      this.#load();
      this.#disk.returned();
      this.#rotate();
    } catch (error) {
      this.#disk.fail(error);
    }
  }

  /** Does something on disk while there is one; otherwise, and when it fails, the store goes on in memory. */
  #onDisk(work: () => void): void {
    if (!this.#disk.isOn) return;
    this.#disk.attempt(work, undefined);
    if (this.#disk.isOn) return;
    this.#line.stopJournal();
    this.#states.rollback();
  }

  /** What is on disk can be read while it is full, too. */
  #reading<T>(work: () => T, otherwise: T): T {
    if (this.#housekeeping === null) return otherwise;
    try {
      return work();
    } catch (error) {
      if (troubleOf(error) === 'bug') throw error;
      return otherwise;
    }
  }

  #writeFindings(): void {
    if (this.#pendingFindings.size === 0) return;
    this.#onDisk(() => {
      this.#catalog.putFindings([...this.#pendingFindings.values()]);
      this.#pendingFindings.clear();
    });
  }
}

/** Not `recursive: true`, which never returns for a folder under /proc. */
function makeFolder(dir: string): void {
  if (existsSync(dir)) return;
  makeFolder(dirname(dir));
  mkdirSync(dir, { mode: 0o700 });
}
