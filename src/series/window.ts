/**
 * The bounded memory of one subject: floors of every resource at nine resolutions at once, from seconds to months.
 *
 * A level keeps the last 96 non-empty buckets of one width. A bucket holds the smallest value seen in it (the floor survives any
 * down-sampling) and the CPU rate over it. A bucket that closes is folded into the next level, so that the cost of a sample does
 * not depend on the length of the history. Bucket edges are multiples of the width since the epoch: the same samples give the same
 * buckets, however they arrive.
 */

/** Each width divides the next, so that a bucket never straddles two. */
export const levelWidthsMs: readonly number[] = [1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000];

export const bucketsPerLevel = 96;
export const levelCount = levelWidthsMs.length;

/** Intervals looked at before the finest useful level is chosen. */
export const intervalsToLearnFrom = 8;

/**
 * A bucket as a row of numbers, side by side because thousands of subjects take turns in the processor's cache: its start in ms since
 * the epoch (of a sample, its time), the last reading of the cumulative CPU seconds and the moment of it, then the floor of
 * each channel. NaN where there is none.
 */
type Bucket = number[];
const start = 0;
const cpu = 1;
const cpuAt = 2;
const floor = 3;

function emptyBucket(channelCount: number): Bucket {
  return new Array<number>(floor + channelCount).fill(Number.NaN);
}

interface LevelState {
  filled: number;
  closed: number;
  startIndex: Float64Array;
  constants: number[];
  varying: (Float64Array | null)[];
  open: { startMs: number; floors: number[]; cpuSeconds: number; cpuAtMs: number };
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

/** Rows that the table of a level begins with; it doubles until it holds 96. */
const fewestRows = 12;

class Level {
  readonly widthMs: number;
  /** Buckets in the ring, at most 96. */
  filled = 0;
  /** Buckets closed so far: tells a caller whether anything new is here. */
  closed = 0;
  open: Bucket;
  /** Behind the channels. */
  private readonly loadChannel: number;
  /** The value of each channel that never changed yet, which is what most counts do. */
  private readonly constants: number[];
  /** Where the others are in a row of the table, 0 for those above. */
  private readonly columns: number[];
  /**
   * The ring: a row a bucket, its start divided by the width in front. A plain array, for it grows with its subject, and small typed
   * ones cost more than they hold.
   */
  private table: number[];
  private rowLength = 1;
  private previousCpuSeconds = Number.NaN;
  private previousCpuAtMs = Number.NaN;

  constructor(widthMs: number, channelCount: number) {
    this.widthMs = widthMs;
    this.loadChannel = channelCount;
    this.open = emptyBucket(channelCount);
    this.constants = new Array<number>(channelCount + 1).fill(Number.NaN);
    this.columns = new Array<number>(channelCount + 1).fill(0);
    this.table = new Array<number>(fewestRows).fill(Number.NaN);
  }

  get isOpen(): boolean {
    return !Number.isNaN(this.open[start]);
  }

  get fromMs(): number {
    const oldest = (this.closed - this.filled) % bucketsPerLevel;
    return this.filled === 0 ? Number.NaN : (this.table[oldest * this.rowLength] ?? Number.NaN) * this.widthMs;
  }

  /** Adds a sample, or a bucket of the finer level, to the open bucket; false when it belongs to a later one. */
  merge(incoming: Bucket, channels: readonly number[]): boolean {
    const { open } = this;
    // False for what has no bucket yet, too.
    if (!((incoming[start] ?? 0) - (open[start] ?? 0) < this.widthMs)) return false;
    for (let i = 0; i < channels.length; i += 1) {
      const at = floor + (channels[i] ?? 0);
      const value = incoming[at] ?? Number.NaN;
      const old = open[at] ?? Number.NaN;
      if (value < old || Number.isNaN(old)) open[at] = value;
    }
    const cpuSeconds = incoming[cpu] ?? Number.NaN;
    if (Number.isNaN(cpuSeconds)) return true;
    open[cpu] = cpuSeconds;
    open[cpuAt] = incoming[cpuAt] ?? Number.NaN;
    return true;
  }

  /** Makes what is the first in it the open bucket, and returns the one that was open. */
  begin(incoming: Bucket): Bucket {
    const { open } = this;
    incoming[start] = Math.floor((incoming[start] ?? 0) / this.widthMs) * this.widthMs;
    this.open = incoming;
    return open;
  }

  /** Puts the open bucket into the ring. `channels` are those that have ever been read. */
  close(channels: readonly number[]): void {
    const { open } = this;
    const slot = this.closed % bucketsPerLevel;
    if (slot * this.rowLength >= this.table.length) this.relay(this.rowLength);
    this.table[slot * this.rowLength] = (open[start] ?? 0) / this.widthMs;
    for (let i = 0; i < channels.length; i += 1) {
      const c = channels[i] ?? 0;
      this.put(c, slot, open[floor + c] ?? Number.NaN);
    }
    this.put(this.loadChannel, slot, this.closeLoad());
    this.closed += 1;
    if (this.filled < bucketsPerLevel) this.filled += 1;
  }

  copyFloors(channel: number, count: number, into: Float64Array): number {
    const { table, rowLength } = this;
    const column = this.columns[channel] ?? 0;
    const buckets = Math.min(this.filled, count);
    if (column === 0) {
      const constant = this.constants[channel] ?? Number.NaN;
      if (Number.isNaN(constant)) return 0;
      into.fill(constant, 0, buckets);
      return buckets;
    }
    let n = 0;
    let at = ((this.closed - buckets) % bucketsPerLevel) * rowLength + column;
    for (let left = buckets; left > 0; left -= 1) {
      const value = table[at] ?? Number.NaN;
      at += rowLength;
      if (at >= bucketsPerLevel * rowLength) at = column;
      if (Number.isNaN(value)) continue;
      into[n] = value;
      n += 1;
    }
    return n;
  }

  copyView(channel: number, count: number, into: WindowView): void {
    const { table, rowLength, widthMs } = this;
    const { timeMs, floor, load } = into;
    const column = this.columns[channel] ?? 0;
    const loadColumn = this.columns[this.loadChannel] ?? 0;
    const constant = this.constants[channel] ?? Number.NaN;
    const constantLoad = this.constants[this.loadChannel] ?? Number.NaN;
    let n = 0;
    const buckets = Math.min(this.filled, count);
    let next = ((this.closed - buckets) % bucketsPerLevel) * rowLength;
    for (let left = buckets; left > 0; left -= 1) {
      const row = next;
      next = row + rowLength < bucketsPerLevel * rowLength ? row + rowLength : 0;
      const value = (column === 0 ? constant : table[row + column]) ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      timeMs[n] = ((table[row] ?? 0) + 0.5) * widthMs;
      floor[n] = value;
      load[n] = (loadColumn === 0 ? constantLoad : table[row + loadColumn]) ?? Number.NaN;
      n += 1;
    }
    into.widthMs = widthMs;
    into.length = n;
  }

  isConstant(channel: number): boolean {
    return this.columns[channel] === 0;
  }

  /** Whether a channel was ever read. */
  isRead(channel: number): boolean {
    return !(this.isConstant(channel) && Number.isNaN(this.constants[channel]) && Number.isNaN(this.open[floor + channel]));
  }

  get state(): LevelState {
    const { filled, closed, constants, open, loadChannel, previousCpuSeconds, previousCpuAtMs } = this;
    return {
      filled,
      closed,
      startIndex: this.column(0),
      constants,
      varying: this.columns.map((column) => (column === 0 ? null : this.column(column))),
      open: {
        startMs: open[start] ?? Number.NaN,
        floors: open.slice(floor, floor + loadChannel),
        cpuSeconds: open[cpu] ?? Number.NaN,
        cpuAtMs: open[cpuAt] ?? Number.NaN,
      },
      previousCpuSeconds,
      previousCpuAtMs,
    };
  }

  set state(state: LevelState) {
    this.filled = state.filled;
    this.closed = state.closed;
    for (const [c, constant] of state.constants.entries()) this.constants[c] = constant;
    this.columns.fill(0);
    const columns = [state.startIndex];
    for (const [c, values] of state.varying.entries()) {
      if (values === null) continue;
      this.columns[c] = columns.length;
      columns.push(values);
    }
    this.rowLength = columns.length;
    this.table = new Array<number>(this.rowLength * rowsFor(this.filled)).fill(Number.NaN);
    for (const [column, values] of columns.entries()) {
      for (const [slot, value] of values.entries()) this.table[slot * this.rowLength + column] = value;
    }
    this.open[start] = state.open.startMs;
    this.open[cpu] = state.open.cpuSeconds;
    this.open[cpuAt] = state.open.cpuAtMs;
    for (const [c, value] of state.open.floors.entries()) this.open[floor + c] = value;
    this.previousCpuSeconds = state.previousCpuSeconds;
    this.previousCpuAtMs = state.previousCpuAtMs;
  }

  private column(column: number): Float64Array {
    return Float64Array.from({ length: this.filled }, (_, slot) => this.table[slot * this.rowLength + column] ?? Number.NaN);
  }

  private put(channel: number, slot: number, value: number): void {
    let column = this.columns[channel] ?? 0;
    if (column === 0) {
      const constant = this.constants[channel] ?? Number.NaN;
      if (this.filled === 0) this.constants[channel] = value;
      if (this.filled === 0 || value === constant || (Number.isNaN(value) && Number.isNaN(constant))) return;
      column = this.addColumn(channel, constant);
    }
    this.table[slot * this.rowLength + column] = value;
  }

  /** The CPU rate over the open bucket. */
  private closeLoad(): number {
    const cpuSeconds = this.open[cpu] ?? Number.NaN;
    if (Number.isNaN(cpuSeconds)) return Number.NaN;
    const cpuAtMs = this.open[cpuAt] ?? Number.NaN;
    const rate = (cpuSeconds - this.previousCpuSeconds) / ((cpuAtMs - this.previousCpuAtMs) / 1000);
    this.previousCpuSeconds = cpuSeconds;
    this.previousCpuAtMs = cpuAtMs;
    return rate >= 0 ? rate : Number.NaN;
  }

  /** From now on the channel varies; in all buckets so far it had the same value. Returns its column. */
  private addColumn(channel: number, value: number): number {
    const column = this.rowLength;
    this.relay(column + 1);
    this.columns[channel] = column;
    for (let slot = 0; slot < this.filled; slot += 1) this.table[slot * this.rowLength + column] = value;
    return column;
  }

  /** Lays the table out anew: with longer rows, and with room for one more. */
  private relay(rowLength: number): void {
    const table = new Array<number>(rowLength * rowsFor(this.filled + 1)).fill(Number.NaN);
    for (let from = 0, to = 0; from < this.table.length; from += this.rowLength, to += rowLength) {
      for (let column = 0; column < this.rowLength; column += 1) table[to + column] = this.table[from + column] ?? Number.NaN;
    }
    this.table = table;
    this.rowLength = rowLength;
  }
}

/** Rows of a table that is to hold so many. */
function rowsFor(buckets: number): number {
  let rows = fewestRows;
  while (rows < buckets && rows < bucketsPerLevel) rows *= 2;
  return rows;
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
  /** Those that have ever been read: nothing is done for the others. */
  private readonly channels: number[] = [];
  private unread: number[];
  /** Room for the next sample. */
  private sample: Bucket;

  constructor(channelCount: number) {
    this.channelCount = channelCount;
    this.sample = emptyBucket(channelCount);
    this.unread = Array.from({ length: channelCount }, (_, channel) => channel);
  }

  /**
   * `values` one a channel, NaN where absent. Times must not go back. Returns at how many levels, counted from the finest, a bucket
   * closed.
   */
  push(timeMs: number, values: readonly number[], cpuSeconds: number): number {
    if (this.base < 0) return this.learn(timeMs, values, cpuSeconds);
    const { unread, channels } = this;
    for (let i = 0; i < unread.length; i += 1) {
      const value = values[unread[i] ?? 0] ?? Number.NaN;
      if (!Number.isNaN(value)) this.noticeChannel(unread[i] ?? 0);
    }
    const { sample } = this;
    sample[start] = timeMs;
    sample[cpu] = cpuSeconds;
    sample[cpuAt] = timeMs;
    for (let i = 0; i < channels.length; i += 1) {
      const c = channels[i] ?? 0;
      sample[floor + c] = values[c] ?? Number.NaN;
    }
    return this.give(sample);
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
      if (level === undefined) continue;
      level.state = levelState;
      for (const channel of this.unread) if (level.isRead(channel)) this.noticeChannel(channel);
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

  /** Start of the oldest bucket of a level, ms since the epoch; NaN where there is none. */
  fromMs(level: number): number {
    return this.levels[level]?.fromMs ?? Number.NaN;
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

  /** Whether a channel was ever read. */
  isRead(channel: number): boolean {
    return this.channels.includes(channel);
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

  private noticeChannel(channel: number): void {
    this.channels.push(channel);
    this.unread = this.unread.filter((other) => other !== channel);
  }

  /** Gives the finest level a sample, and each coarser one the bucket that closes in the finer. Returns at how many levels one closed. */
  private give(sample: Bucket): number {
    let closedLevels = 0;
    let incoming = sample;
    for (let index = 0; ; index += 1) {
      const level = this.levelAt(index);
      if (level === undefined || level.merge(incoming, this.channels)) break;
      const goesOn = level.isOpen;
      if (goesOn) level.close(this.channels);
      incoming = level.begin(incoming);
      if (!goesOn) break;
      closedLevels += 1;
    }
    // It is part of another bucket now, or was the first of none.
    this.sample = incoming;
    return closedLevels;
  }

  private learn(timeMs: number, values: readonly number[], cpuSeconds: number): number {
    this.learning.push({ timeMs, values: [...values], cpuSeconds });
    if (this.learning.length <= intervalsToLearnFrom) return 0;
    this.base = finestLevel(this.learning.map(({ timeMs }) => timeMs));
    const learnt = this.learning;
    this.learning = [];
    let closedLevels = 0;
    for (const s of learnt) closedLevels = Math.max(closedLevels, this.push(s.timeMs, s.values, s.cpuSeconds));
    return closedLevels;
  }

  private levelAt(index: number): Level | undefined {
    if (index < this.levels.length) return this.levels[index];
    if (this.base + index >= levelCount) return undefined;
    const coarser = new Level(levelWidthsMs[this.base + index] ?? 0, this.channelCount);
    this.levels.push(coarser);
    return coarser;
  }
}

/** The finest level that is of use for samples at such times. */
export function finestLevel(timesMs: readonly number[]): number {
  const gaps = timesMs.slice(1).map((timeMs, i) => timeMs - (timesMs[i] ?? 0));
  gaps.sort((a, b) => a - b);
  const typicalMs = gaps[gaps.length >> 1] ?? 1_000;
  return Math.max(
    0,
    levelWidthsMs.findLastIndex((width) => width <= typicalMs * 1.05),
  );
}
