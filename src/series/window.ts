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

interface LevelState {
  filled: number;
  closed: number;
  startIndex: Uint32Array;
  constants: Float64Array;
  varying: (Float32Array | null)[];
  open: OpenBucket;
  previousCpuSeconds: number;
  previousCpuAtMs: number;
}

/** Everything a window holds, as plain data that can be stored and given back. */
export interface WindowState {
  base: number;
  levels: LevelState[];
  learning: LearntSample[];
}

interface LearntSample {
  timeMs: number;
  values: Float64Array;
  cpuSeconds: number;
}

/** Slots of a new level; rings grow as they fill, since most subjects are young and most levels hold little. */
const firstCapacity = 12;

class Level {
  readonly widthMs: number;
  /** Buckets in the ring, at most 96. */
  filled = 0;
  /** Buckets closed so far: tells a caller whether anything new is here. */
  closed = 0;
  readonly open: OpenBucket;
  /** Bucket start divided by the width: 32 bits reach to the year 2106 at one second. */
  private startIndex: Uint32Array = new Uint32Array(firstCapacity);
  /** Channels, and the CPU rate after them: a single number as long as the value never changes, which is what most counts do. */
  private readonly constants: Float64Array;
  private readonly varying: (Float32Array | null)[];
  private readonly loadChannel: number;
  private previousCpuSeconds = Number.NaN;
  private previousCpuAtMs = Number.NaN;

  constructor(widthMs: number, channelCount: number) {
    this.widthMs = widthMs;
    this.loadChannel = channelCount;
    this.constants = new Float64Array(channelCount + 1).fill(Number.NaN);
    this.varying = new Array<Float32Array | null>(channelCount + 1).fill(null);
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

  startMs(slot: number): number {
    return (this.startIndex[slot] ?? 0) * this.widthMs;
  }

  floor(channel: number, slot: number): number {
    const values = this.varying[channel] ?? null;
    return (values === null ? this.constants[channel] : values[slot]) ?? Number.NaN;
  }

  load(slot: number): number {
    return this.floor(this.loadChannel, slot);
  }

  isConstant(channel: number): boolean {
    return (this.varying[channel] ?? null) === null;
  }

  get state(): LevelState {
    const { filled, closed, startIndex, constants, varying, open, previousCpuSeconds, previousCpuAtMs } = this;
    return { filled, closed, startIndex, constants, varying, open, previousCpuSeconds, previousCpuAtMs };
  }

  set state(state: LevelState) {
    this.filled = state.filled;
    this.closed = state.closed;
    this.startIndex = state.startIndex;
    this.constants.set(state.constants);
    for (const c of this.varying.keys()) this.varying[c] = state.varying[c] ?? null;
    this.open.startMs = state.open.startMs;
    this.open.floors.set(state.open.floors);
    this.open.cpuSeconds = state.open.cpuSeconds;
    this.open.cpuAtMs = state.open.cpuAtMs;
    this.previousCpuSeconds = state.previousCpuSeconds;
    this.previousCpuAtMs = state.previousCpuAtMs;
  }

  close(): void {
    const { open } = this;
    if (this.filled === this.startIndex.length && this.filled < bucketsPerLevel) this.grow();
    const slot = this.closed % bucketsPerLevel;
    this.startIndex[slot] = open.startMs / this.widthMs;
    for (let c = 0; c < this.loadChannel; c += 1) this.set(c, slot, open.floors[c] ?? Number.NaN);
    const rate = (open.cpuSeconds - this.previousCpuSeconds) / ((open.cpuAtMs - this.previousCpuAtMs) / 1000);
    this.set(this.loadChannel, slot, rate >= 0 ? rate : Number.NaN);
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

  private set(channel: number, slot: number, value: number): void {
    let values = this.varying[channel] ?? null;
    if (values === null) {
      const constant = this.constants[channel] ?? Number.NaN;
      if (this.filled === 0) this.constants[channel] = value;
      if (this.filled === 0 || value === constant || (Number.isNaN(value) && Number.isNaN(constant))) return;
      values = new Float32Array(this.startIndex.length).fill(constant);
      this.varying[channel] = values;
    }
    values[slot] = value;
  }

  private grow(): void {
    const capacity = Math.min(bucketsPerLevel, this.startIndex.length * 2);
    const startIndex = new Uint32Array(capacity);
    startIndex.set(this.startIndex);
    this.startIndex = startIndex;
    for (const [c, old] of this.varying.entries()) {
      if (old === null) continue;
      const values = new Float32Array(capacity);
      values.set(old);
      this.varying[c] = values;
    }
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
  private learning: LearntSample[] = [];

  constructor(channelCount: number) {
    this.channelCount = channelCount;
  }

  /** `values` one a channel, NaN where absent. Times must not go back. Returns true when a bucket of the finest level closed. */
  push(timeMs: number, values: Float64Array, cpuSeconds: number): boolean {
    if (this.base < 0) return this.learn(timeMs, values, cpuSeconds);
    return this.pushAt(0, timeMs, timeMs, values, cpuSeconds);
  }

  get state(): WindowState {
    return { base: this.base, levels: this.levels.map((level) => level.state), learning: this.learning };
  }

  set state(state: WindowState) {
    this.base = state.base;
    this.learning = state.learning;
    this.levels = [];
    for (const [index, levelState] of state.levels.entries()) {
      const level = this.levelAt(index);
      if (level !== undefined) level.state = levelState;
    }
  }

  /** Levels in use, finest first. */
  get levelsInUse(): number {
    return this.levels.length;
  }

  /** Buckets closed so far at a level. */
  closedCount(level: number): number {
    return this.levels[level]?.closed ?? 0;
  }

  /** Whether a level still holds every bucket since the first sample. */
  holdsWholeLife(level: number): boolean {
    const source = this.levels[level];
    return source !== undefined && source.closed === source.filled;
  }

  isConstant(level: number, channel: number): boolean {
    return this.levels[level]?.isConstant(channel) ?? true;
  }

  /** Copies the last `count` buckets of a channel into `into`, skipping those in which it was absent. */
  view(level: number, channel: number, count: number, into: WindowView): WindowView {
    const source = this.levels[level];
    into.length = 0;
    if (source === undefined) return into;
    into.widthMs = source.widthMs;
    for (let i = Math.max(0, source.filled - count); i < source.filled; i += 1) {
      const slot = source.slot(i);
      const value = source.floor(channel, slot);
      if (Number.isNaN(value)) continue;
      into.timeMs[into.length] = source.startMs(slot) + source.widthMs / 2;
      into.floor[into.length] = value;
      into.load[into.length] = source.load(slot);
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
