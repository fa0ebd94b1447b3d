import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from './catalog.ts';
import { writableSegment } from './flusher.ts';
import { RollUp } from './rollUp.ts';
import { type Segment, sizeOf, type Tier } from './segment.ts';
import type { SegmentShelf } from './segmentShelf.ts';
import { dropOldestSetAside } from './setAside.ts';
import type { StateFile } from './stateFile.ts';
import type { StoreLimits } from './storeLimits.ts';

const subjectsForgottenAtOnce = 500;
const chunksVerifiedAtOnce = 200;
/** Age and size are looked at that often, and after each roll-up. */
const lookEveryMs = 60_000;
const tiers: readonly Tier[] = ['fine', 'mid', 'coarse'];

/** What keeps the store small and sound: coarse points, retention, and a look at every chunk once a run. Works in slices. */
export class Housekeeping {
  readonly #dir: string;
  readonly #shelf: SegmentShelf;
  readonly #catalog: Catalog;
  readonly #states: StateFile;
  readonly #limits: StoreLimits;
  #rollUp: RollUp | null = null;
  readonly #rolled = new WeakSet<Segment>();
  readonly #toVerify: Segment[];
  #verifiedKey = -1;
  /** Size of the whole folder when it was last looked at. */
  bytes = 0;
  #isDue = true;
  #lookedMs = 0;

  constructor(dir: string, shelf: SegmentShelf, catalog: Catalog, states: StateFile, limits: StoreLimits) {
    this.#dir = dir;
    this.#shelf = shelf;
    this.#catalog = catalog;
    this.#states = states;
    this.#limits = limits;
    this.#toVerify = tiers.flatMap((tier) => [...shelf.of(tier)]);
    this.measure();
  }

  measure(): void {
    this.bytes = readdirSync(this.#dir).reduce((sum, name) => sum + sizeOf(join(this.#dir, name)), 0);
  }

  /** One slice; true while there is more to do. `nowMs` is the time retention goes by, null before the first sample. */
  slice(nowMs: number | null, deadlineMs: number): boolean {
    if (this.#rollUpSlice(deadlineMs)) {
      this.#isDue = true;
      return true;
    }
    if (nowMs !== null && Math.abs(nowMs - this.#lookedMs) >= lookEveryMs) this.#isDue = true;
    if (this.#isDue) {
      this.measure();
      const isForgetting = nowMs !== null && this.#forget(nowMs);
      const isDropping = this.#dropForSpace();
      this.#isDue = isForgetting || isDropping;
      this.#lookedMs = nowMs ?? 0;
      if (this.#isDue) return true;
    }
    return this.#verifySlice();
  }

  #rollUpSlice(deadlineMs: number): boolean {
    const source =
      this.#rollUp?.source ??
      this.#shelf
        .of('fine')
        .slice(0, -1)
        .find((segment) => !this.#rolled.has(segment));
    if (source === undefined) return false;
    if (this.#rollUp === null && !this.#hasUnrolled(source)) {
      this.#rolled.add(source);
      return true;
    }
    const rollUp = this.#rollUp ?? this.#startRollUp(source);
    this.#rollUp = rollUp;
    const outcome = rollUp.slice(deadlineMs);
    if (outcome === 'more') return true;
    this.#rollUp = null;
    if (outcome === 'done') this.#rolled.add(source);
    return true;
  }

  #hasUnrolled(source: Segment): boolean {
    return this.#shelf.attempt(source, () => source.unrolled(1).length > 0, false);
  }

  #startRollUp(source: Segment): RollUp {
    const mid = writableSegment(this.#shelf, 'mid', source.minMs, this.#limits);
    const coarse = writableSegment(this.#shelf, 'coarse', source.minMs, this.#limits);
    return new RollUp(source, { mid, coarse }, (segment, work, otherwise) => this.#shelf.attempt(segment, work, otherwise));
  }

  #forget(nowMs: number): boolean {
    const { ageMs } = this.#limits;
    const cutMs = { fine: nowMs - ageMs.fine, mid: nowMs - ageMs.mid, coarse: nowMs - ageMs.coarse };
    for (const tier of tiers) {
      for (const segment of this.#expired(tier, cutMs[tier])) this.#shelf.remove(segment);
    }
    this.#catalog.forgetFindings(cutMs.coarse);
    this.#states.forget(cutMs.coarse);
    const gone = this.#catalog.forgetSubjects({ fineMs: cutMs.fine, midMs: cutMs.mid, coarseMs: cutMs.coarse }, subjectsForgottenAtOnce);
    this.#states.remove(gone);
    return gone.length === subjectsForgottenAtOnce;
  }

  /** Segments older than the cut. Later ones were written later: a time in the future that a wrong clock left does not keep one for ever. */
  #expired(tier: Tier, cutMs: number): Segment[] {
    const segments = this.#droppable(tier);
    const all = this.#shelf.of(tier);
    return segments.filter((segment) => earliestEnd(all.slice(all.indexOf(segment))) < cutMs);
  }

  /** All but the one that is written to; of the fine ones those whose coarse points are made. */
  #droppable(tier: Tier): Segment[] {
    const closed = this.#shelf.of(tier).slice(0, -1);
    return closed.filter((segment) => (tier === 'fine' ? this.#rolled.has(segment) : !this.#isTarget(segment)));
  }

  #isTarget(segment: Segment): boolean {
    return this.#rollUp?.writesTo(segment) ?? false;
  }

  /** What was set aside goes first, then the oldest of the finest tier. */
  #dropForSpace(): boolean {
    if (this.bytes <= this.#limits.maxBytes) return false;
    if (dropOldestSetAside(this.#dir)) return true;
    for (const tier of tiers) {
      const [oldest] = this.#droppable(tier);
      if (oldest === undefined) continue;
      this.#shelf.remove(oldest);
      return true;
    }
    return false;
  }

  #verifySlice(): boolean {
    const segment = this.#toVerify[0];
    if (segment === undefined) return false;
    const isListed = this.#shelf.of(segment.tier).includes(segment);
    const checked = isListed ? this.#shelf.attempt(segment, () => segment.verify(this.#verifiedKey, chunksVerifiedAtOnce), null) : null;
    if (checked !== null && !checked.isWhole) this.#shelf.condemn(segment);
    const isDone = checked === null || checked.lastKey === null || !checked.isWhole;
    this.#verifiedKey = isDone ? -1 : (checked.lastKey ?? -1);
    if (isDone) this.#toVerify.shift();
    return this.#toVerify.length > 0;
  }
}

/** Of segments that follow each other, the earliest of their ends; one that was just begun has none yet. */
function earliestEnd(segments: readonly Segment[]): number {
  return Math.min(...segments.map(({ maxMs }) => (Number.isFinite(maxMs) ? maxMs : Number.POSITIVE_INFINITY)));
}
