import { bucketsPerLevel, finestLevel, intervalsToLearnFrom, levelWidthsMs, type WindowView } from '../series/window.ts';

/** Everything that is held, as plain data. */
export interface RunFloorsState {
  learning: [timeMs: number, value: number][];
  finest: number;
  kept: number;
  open: number[];
  buckets: number[];
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
  /** Start and floor of the open bucket of each level in use, finest first. */
  private open: number[] = [];
  /** Start and floor of each bucket that is kept, oldest first. */
  private buckets: number[] = [];

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
      const at = 2 * (level - this.finest);
      const widthMs = levelWidthsMs[level] ?? 0;
      if (at >= open.length) {
        open.push(startOf(startMs, widthMs), floor);
        break;
      }
      const openMs = open[at] ?? 0;
      const openFloor = open[at + 1] ?? 0;
      if (startMs - openMs < widthMs) {
        if (floor < openFloor) open[at + 1] = floor;
        break;
      }
      // It closes, and is what comes next for the coarser level.
      if (level === this.kept) this.buckets.push(openMs, openFloor);
      open[at] = startOf(startMs, widthMs);
      open[at + 1] = floor;
      startMs = openMs;
      floor = openFloor;
    }
    if (this.buckets.length > 2 * bucketsPerLevel) this.coarsen();
  }

  /** The closed buckets, oldest first; none when the run is too long for any level. */
  view(into: WindowView): WindowView {
    into.widthMs = levelWidthsMs[this.kept] ?? Number.NaN;
    into.length = this.buckets.length / 2;
    for (let n = 0; n < into.length; n += 1) {
      into.timeMs[n] = (this.buckets[2 * n] ?? 0) + into.widthMs / 2;
      into.floor[n] = this.buckets[2 * n + 1] ?? 0;
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
    const coarser: number[] = [];
    for (let at = 0; at < this.buckets.length; at += 2) {
      const startMs = this.buckets[at] ?? 0;
      const floor = this.buckets[at + 1] ?? 0;
      const last = coarser.length - 2;
      if (last >= 0 && startMs - (coarser[last] ?? 0) < widthMs) coarser[last + 1] = Math.min(coarser[last + 1] ?? floor, floor);
      else coarser.push(startOf(startMs, widthMs), floor);
    }
    coarser.length = Math.max(0, coarser.length - 2);
    this.buckets = coarser;
  }
}

function startOf(timeMs: number, widthMs: number): number {
  return Math.floor(timeMs / widthMs) * widthMs;
}
