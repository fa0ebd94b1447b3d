/**
 * The bounded memory of one subject: floors of every resource at nine resolutions at once, from seconds to months.
 *
 * A level keeps the last 96 non-empty buckets of one width. A bucket holds the smallest value seen in it (the floor survives any
 * down-sampling) and the CPU rate over it. A bucket that closes is folded into the next level, so that the cost of a sample does
 * not depend on the length of the history. Bucket edges are multiples of the width since the epoch: the same samples give the same
 * buckets, however they arrive.
 */

/** Each width divides the next, so that a bucket never straddles two. */
const levelWidthsMs = [1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000] as const;

export const bucketsPerLevel = 96;
export const levelCount = levelWidthsMs.length;

/** Intervals looked at before the finest useful level is chosen. */
const intervalsToLearnFrom = 8;

interface OpenBucket {
  /** Start of the bucket, ms since the epoch; NaN before the first sample. */
  startMs: number;
  floors: Float64Array;
  /** Cumulative CPU seconds and the moment of their last reading in the bucket; NaN when there was none. */
  cpuSeconds: number;
  cpuAtMs: number;
}

/** One channel of a level's ring: a single number as long as the value never changes, which is what most counts do. */
class Channel {
  private constant = Number.NaN;
  private values: Float32Array | null = null;

  set(slot: number, value: number, filled: number): void {
    if (this.values === null) {
      if (filled === 0) {
        this.constant = value;
        return;
      }
      if (value === this.constant || (Number.isNaN(value) && Number.isNaN(this.constant))) return;
      this.values = new Float32Array(bucketsPerLevel).fill(this.constant);
    }
    this.values[slot] = value;
  }

  get(slot: number): number {
    return this.values === null ? this.constant : (this.values[slot] ?? Number.NaN);
  }

  get isConstant(): boolean {
    return this.values === null;
  }

  clear(): void {
    this.constant = Number.NaN;
    this.values = null;
  }
}

class Level {
  readonly widthMs: number;
  /** Buckets in the ring, at most 96. */
  filled = 0;
  /** Buckets closed so far: tells a caller whether anything new is here. */
  closed = 0;
  /** Bucket start divided by the width: 32 bits reach to the year 2106 at one second. */
  readonly startIndex = new Uint32Array(bucketsPerLevel);
  readonly load = new Channel();
  readonly floors: Channel[];
  readonly open: OpenBucket;
  private previousCpuSeconds = Number.NaN;
  private previousCpuAtMs = Number.NaN;

  constructor(widthMs: number, channelCount: number) {
    this.widthMs = widthMs;
    this.floors = Array.from({ length: channelCount }, () => new Channel());
    this.open = {
      startMs: Number.NaN,
      floors: new Float64Array(channelCount).fill(Number.NaN),
      cpuSeconds: Number.NaN,
      cpuAtMs: Number.NaN,
    };
  }

  /** Slot of the i-th bucket, oldest first. */
  slot(i: number): number {
    return (this.closed - this.filled + i) % bucketsPerLevel;
  }

  close(): void {
    const slot = this.closed % bucketsPerLevel;
    const { open } = this;
    this.startIndex[slot] = open.startMs / this.widthMs;
    let rate = (open.cpuSeconds - this.previousCpuSeconds) / ((open.cpuAtMs - this.previousCpuAtMs) / 1000);
    if (rate < 0) rate = Number.NaN;
    this.load.set(slot, rate, this.filled);
    for (let c = 0; c < this.floors.length; c += 1) this.floors[c]?.set(slot, open.floors[c] ?? Number.NaN, this.filled);
    if (!Number.isNaN(open.cpuSeconds)) {
      this.previousCpuSeconds = open.cpuSeconds;
      this.previousCpuAtMs = open.cpuAtMs;
    }
    this.closed += 1;
    this.filled = Math.min(this.filled + 1, bucketsPerLevel);
    open.startMs = Number.NaN;
    open.floors.fill(Number.NaN);
    open.cpuSeconds = Number.NaN;
  }
}

/** Buckets of one channel over one level, oldest first. `length` of the arrays' heads is valid. */
export interface WindowView {
  widthMs: number;
  length: number;
  /** Middle of each bucket, ms since the epoch. */
  timeMs: Float64Array;
  floor: Float64Array;
  /** CPU seconds a second; NaN where unknown. */
  load: Float64Array;
}

export class SubjectWindow {
  readonly channelCount: number;
  private levels: Level[] = [];
  /** Index of the finest level in use; -1 while the interval is being learnt. */
  private base = -1;
  private learning: { timeMs: number; values: Float64Array; cpuSeconds: number }[] = [];

  constructor(channelCount: number) {
    this.channelCount = channelCount;
  }

  /** `values` one a channel, NaN where absent. Times must not go back. Returns true when a bucket of the finest level closed. */
  push(timeMs: number, values: Float64Array, cpuSeconds: number): boolean {
    if (this.base < 0) return this.learn(timeMs, values, cpuSeconds);
    return this.pushAt(0, timeMs, timeMs, values, cpuSeconds);
  }

  /** Levels in use, finest first. */
  get levelsInUse(): number {
    return this.levels.length;
  }

  /** Buckets closed so far at a level. */
  closedCount(level: number): number {
    return this.levels[level]?.closed ?? 0;
  }

  isConstant(level: number, channel: number): boolean {
    return this.levels[level]?.floors[channel]?.isConstant ?? true;
  }

  /** Copies the last `count` buckets of a channel into `into`, skipping those in which it was absent. */
  view(level: number, channel: number, count: number, into: WindowView): WindowView {
    const source = this.levels[level];
    into.length = 0;
    if (source === undefined) return into;
    const floors = source.floors[channel];
    if (floors === undefined) return into;
    into.widthMs = source.widthMs;
    for (let i = Math.max(0, source.filled - count); i < source.filled; i += 1) {
      const slot = source.slot(i);
      const value = floors.get(slot);
      if (Number.isNaN(value)) continue;
      into.timeMs[into.length] = ((source.startIndex[slot] ?? 0) + 0.5) * source.widthMs;
      into.floor[into.length] = value;
      into.load[into.length] = source.load.get(slot);
      into.length += 1;
    }
    return into;
  }

  private learn(timeMs: number, values: Float64Array, cpuSeconds: number): boolean {
    this.learning.push({ timeMs, values: Float64Array.from(values), cpuSeconds });
    if (this.learning.length <= intervalsToLearnFrom) return false;
    const gaps = this.learning.slice(1).map((s, i) => s.timeMs - (this.learning[i]?.timeMs ?? 0));
    gaps.sort((a, b) => a - b);
    const typicalMs = gaps[gaps.length >> 1] ?? 1_000;
    const finest = levelWidthsMs.findLastIndex((width) => width <= typicalMs * 1.5);
    this.base = Math.max(0, finest);
    this.levels.push(new Level(levelWidthsMs[this.base] ?? 1_000, this.channelCount));
    const learnt = this.learning;
    this.learning = [];
    for (const s of learnt) this.pushAt(0, s.timeMs, s.timeMs, s.values, s.cpuSeconds);
    return true;
  }

  private levelAt(index: number): Level | undefined {
    const width = levelWidthsMs[this.base + index];
    if (width === undefined) return undefined;
    let level = this.levels[index];
    if (level === undefined) {
      level = new Level(width, this.channelCount);
      this.levels.push(level);
    }
    return level;
  }

  private pushAt(index: number, timeMs: number, cpuAtMs: number, values: Float64Array, cpuSeconds: number): boolean {
    const level = this.levelAt(index);
    if (level === undefined) return false;
    const { open } = level;
    const startMs = Math.floor(timeMs / level.widthMs) * level.widthMs;
    let closed = false;
    if (startMs !== open.startMs) {
      if (!Number.isNaN(open.startMs)) {
        this.pushAt(index + 1, open.startMs, open.cpuAtMs, open.floors, open.cpuSeconds);
        level.close();
        closed = true;
      }
      open.startMs = startMs;
    }
    const { floors } = open;
    for (let c = 0; c < floors.length; c += 1) {
      const value = values[c] ?? Number.NaN;
      const old = floors[c] ?? Number.NaN;
      if (value < old || Number.isNaN(old)) floors[c] = value;
    }
    if (!Number.isNaN(cpuSeconds)) {
      open.cpuSeconds = cpuSeconds;
      open.cpuAtMs = cpuAtMs;
    }
    return closed;
  }
}
