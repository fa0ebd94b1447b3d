import { bucketsPerLevel, finestLevel, intervalsToLearnFrom, levelWidthsMs, type WindowView } from '../series/window.ts';

interface Bucket {
  startMs: number;
  floor: number;
}

/** Everything that is held, as plain data. */
export interface RunFloorsState {
  learning: [timeMs: number, value: number][];
  finest: number;
  kept: number;
  open: Bucket[];
  buckets: Bucket[];
}

/**
 * The floors of one resource from the beginning of a run: what the finest level of a `SubjectWindow` that still has all of them would hold.
 * Finer levels have only their open bucket here, coarser ones are made from it when it is full.
 */
export class RunFloors {
  private learning: RunFloorsState['learning'] = [];
  /** Index of the finest level in use; -1 while the interval is being learnt. */
  private finest = -1;
  /** Index of the level that is kept; none is when it is the number of levels. */
  private kept = -1;
  /** The open bucket of each level in use, finest first. */
  private open: Bucket[] = [];
  private buckets: Bucket[] = [];

  /** Times must not go back. */
  push(timeMs: number, value: number): void {
    if (this.finest < 0) {
      this.learn(timeMs, value);
      return;
    }
    const { open } = this;
    let startMs = timeMs;
    let floor = value;
    for (let level = this.finest; level < levelWidthsMs.length; level += 1) {
      const bucket = open[level - this.finest];
      const widthMs = levelWidthsMs[level] ?? 0;
      if (bucket === undefined) {
        open.push({ startMs: startOf(startMs, widthMs), floor });
        break;
      }
      if (startMs - bucket.startMs < widthMs) {
        if (floor < bucket.floor) bucket.floor = floor;
        break;
      }
      // It closes, and is what comes next for the coarser level.
      const closed = bucket.startMs;
      const closedFloor = bucket.floor;
      if (level === this.kept) this.buckets.push({ startMs: closed, floor: closedFloor });
      bucket.startMs = startOf(startMs, widthMs);
      bucket.floor = floor;
      startMs = closed;
      floor = closedFloor;
    }
    if (this.buckets.length > bucketsPerLevel) this.coarsen();
  }

  /** The closed buckets, oldest first; none when the run is too long for any level. */
  view(into: WindowView): WindowView {
    into.widthMs = levelWidthsMs[this.kept] ?? Number.NaN;
    into.length = this.buckets.length;
    for (const [n, { startMs, floor }] of this.buckets.entries()) {
      into.timeMs[n] = startMs + into.widthMs / 2;
      into.floor[n] = floor;
    }
    return into;
  }

  get state(): RunFloorsState {
    const { learning, finest, kept, open, buckets } = this;
    return { learning, finest, kept, open, buckets };
  }

  set state(state: RunFloorsState) {
    Object.assign(this, state);
  }

  private learn(timeMs: number, value: number): void {
    this.learning.push([timeMs, value]);
    if (this.learning.length <= intervalsToLearnFrom) return;
    this.finest = finestLevel(this.learning.map(([learntMs]) => learntMs));
    this.kept = this.finest;
    const learnt = this.learning;
    this.learning = [];
    for (const [learntMs, learntValue] of learnt) this.push(learntMs, learntValue);
  }

  /** What is kept from now on is the next coarser level; the bucket that the newest one belongs to is open there. */
  private coarsen(): void {
    this.kept += 1;
    const widthMs = levelWidthsMs[this.kept] ?? Number.POSITIVE_INFINITY;
    const coarser: Bucket[] = [];
    for (const { startMs, floor } of this.buckets) {
      const last = coarser.at(-1);
      if (last !== undefined && startMs - last.startMs < widthMs) last.floor = Math.min(last.floor, floor);
      else coarser.push({ startMs: startOf(startMs, widthMs), floor });
    }
    coarser.pop();
    this.buckets = coarser;
  }
}

function startOf(timeMs: number, widthMs: number): number {
  return Math.floor(timeMs / widthMs) * widthMs;
}
