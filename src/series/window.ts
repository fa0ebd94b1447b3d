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
  floors: number[];
  /** Cumulative CPU seconds and the moment of their last reading in the bucket; NaN when there was none. */
  cpuSeconds: number;
  cpuAtMs: number;
}

interface LevelState {
  filled: number;
  closed: number;
  startIndex: Float64Array;
  constants: number[];
  varying: (Float64Array | null)[];
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
  values: number[];
  cpuSeconds: number;
}

class Level {
  readonly widthMs: number;
  /** Buckets in the ring, at most 96. */
  filled = 0;
  /** Buckets closed so far: tells a caller whether anything new is here. */
  closed = 0;
  readonly open: OpenBucket;
  /** Bucket start divided by the width. Plain arrays: they grow with their subject, and small typed ones cost more than they hold. */
  private startIndex: number[] = [];
  /** Channels, and the CPU rate after them: a single number as long as the value never changes, which is what most counts do. */
  private readonly constants: number[];
  private readonly varying: (number[] | null)[];
  private readonly loadChannel: number;
  private previousCpuSeconds = Number.NaN;
  private previousCpuAtMs = Number.NaN;

  constructor(widthMs: number, channelCount: number) {
    this.widthMs = widthMs;
    this.loadChannel = channelCount;
    this.constants = new Array<number>(channelCount + 1).fill(Number.NaN);
    this.varying = new Array<number[] | null>(channelCount + 1).fill(null);
    this.open = {
      startMs: Number.NaN,
      floors: new Array<number>(channelCount).fill(Number.NaN),
      cpuSeconds: Number.NaN,
      cpuAtMs: Number.NaN,
    };
  }

  copyFloors(channel: number, count: number, into: Float64Array): number {
    const values = this.varying[channel] ?? null;
    if (values === null) {
      if (Number.isNaN(this.constants[channel] ?? Number.NaN)) return 0;
      const n = Math.min(this.filled, count);
      into.fill(this.constants[channel] ?? Number.NaN, 0, n);
      return n;
    }
    let n = 0;
    for (let i = this.closed - Math.min(this.filled, count); i < this.closed; i += 1) {
      const value = values[i % bucketsPerLevel] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      into[n] = value;
      n += 1;
    }
    return n;
  }

  copyView(channel: number, count: number, into: WindowView): void {
    const values = this.varying[channel] ?? null;
    const load = this.varying[this.loadChannel] ?? null;
    const constant = this.constants[channel] ?? Number.NaN;
    const constantLoad = this.constants[this.loadChannel] ?? Number.NaN;
    let n = 0;
    for (let i = this.closed - Math.min(this.filled, count); i < this.closed; i += 1) {
      const slot = i % bucketsPerLevel;
      const value = (values === null ? constant : values[slot]) ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      into.timeMs[n] = ((this.startIndex[slot] ?? 0) + 0.5) * this.widthMs;
      into.floor[n] = value;
      into.load[n] = (load === null ? constantLoad : load[slot]) ?? Number.NaN;
      n += 1;
    }
    into.widthMs = this.widthMs;
    into.length = n;
  }

  isConstant(channel: number): boolean {
    return (this.varying[channel] ?? null) === null;
  }

  get state(): LevelState {
    const { filled, closed, constants, open, previousCpuSeconds, previousCpuAtMs } = this;
    const startIndex = Float64Array.from(this.startIndex);
    const varying = this.varying.map((values) => (values === null ? null : Float64Array.from(values)));
    return { filled, closed, startIndex, constants, varying, open, previousCpuSeconds, previousCpuAtMs };
  }

  set state(state: LevelState) {
    this.filled = state.filled;
    this.closed = state.closed;
    this.startIndex = [...state.startIndex];
    for (const [c, constant] of state.constants.entries()) this.constants[c] = constant;
    for (const [c, values] of state.varying.entries()) this.varying[c] = values === null ? null : [...values];
    this.open.startMs = state.open.startMs;
    for (const [c, floor] of state.open.floors.entries()) this.open.floors[c] = floor;
    this.open.cpuSeconds = state.open.cpuSeconds;
    this.open.cpuAtMs = state.open.cpuAtMs;
    this.previousCpuSeconds = state.previousCpuSeconds;
    this.previousCpuAtMs = state.previousCpuAtMs;
  }

  close(): void {
    const { open } = this;
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
      values = new Array<number>(this.filled).fill(constant);
      this.varying[channel] = values;
    }
    values[slot] = value;
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
  push(timeMs: number, values: readonly number[], cpuSeconds: number): boolean {
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

  /** Width of the buckets of a level; NaN for a level that is not in use. */
  widthMs(level: number): number {
    return this.levels[level]?.widthMs ?? Number.NaN;
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

  /**
   * Copies the floors of the last `count` buckets of a channel into `into`, oldest first, without those in which it was absent.
   * Returns how many there are.
   */
  floors(level: number, channel: number, count: number, into: Float64Array): number {
    return this.levels[level]?.copyFloors(channel, count, into) ?? 0;
  }

  /** The same with the time and the CPU rate of each bucket. */
  view(level: number, channel: number, count: number, into: WindowView): WindowView {
    into.length = 0;
    this.levels[level]?.copyView(channel, count, into);
    return into;
  }

  private learn(timeMs: number, values: readonly number[], cpuSeconds: number): boolean {
    this.learning.push({ timeMs, values: [...values], cpuSeconds });
    if (this.learning.length <= intervalsToLearnFrom) return false;
    const gaps = this.learning.slice(1).map((s, i) => s.timeMs - (this.learning[i]?.timeMs ?? 0));
    gaps.sort((a, b) => a - b);
    const typicalMs = gaps[gaps.length >> 1] ?? 1_000;
    const finest = levelWidthsMs.findLastIndex((width) => width <= typicalMs * 1.05);
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

  private pushAt(index: number, timeMs: number, cpuAtMs: number, values: readonly number[], cpuSeconds: number): boolean {
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
