import type { Points } from './store.ts';
import type { Ticks } from './ticks.ts';

/** Where the values of one gauge go while they are read. Ticks and buckets come in the order in which they were written. */
export interface Collector {
  /** `value` at the ticks from `start` to before `end`. */
  addRun(ticks: Ticks, start: number, end: number, value: number): void;
  /** What the ticks from `start` to before `end` shared. */
  addShared(ticks: Ticks, start: number, end: number): void;
  addBucket(startMs: number, sampleCount: number, min: number, mean: number, max: number, last: number): void;
  points(): Points;
}

/** Every sample a point. */
export class SampleCollector implements Collector {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  #count = 0;

  /** @param capacity at least as many as there will be; what comes beyond is a mistake of whoever counted. */
  constructor(fromMs: number, toMs: number, capacity: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#times = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  addRun(ticks: Ticks, start: number, end: number, value: number): void {
    const { timesMs } = ticks;
    const [times, values] = [this.#times, this.#values];
    let count = this.#count;
    for (let tick = start; tick < end; tick += 1) {
      const timeMs = timesMs[tick];
      if (timeMs === undefined || timeMs < this.#fromMs || timeMs > this.#toMs) continue;
      times[count] = timeMs;
      values[count] = value;
      count += 1;
    }
    if (count > times.length) throw new RangeError(`expected ${times.length} samples at most; found ${count}`);
    this.#count = count;
  }

  addShared(ticks: Ticks, start: number, end: number): void {
    for (let tick = start; tick < end; tick += 1) this.addRun(ticks, tick, tick + 1, ticks.sharedValues[tick] ?? Number.NaN);
  }

  addBucket(startMs: number, _sampleCount: number, min: number): void {
    this.addRun({ timesMs: Float64Array.of(startMs), sharedValues: Float64Array.of(Number.NaN) }, 0, 1, min);
  }

  points(): Points {
    const timeMs = this.#times.subarray(0, this.#count);
    const values = this.#values.subarray(0, this.#count);
    if (!isSorted(timeMs)) sortByTime(timeMs, values);
    return { timeMs, min: values, mean: values, max: values, last: values, bucketMs: 0 };
  }
}

function isSorted(timesMs: Float64Array): boolean {
  for (let at = 1; at < timesMs.length; at += 1) {
    if ((timesMs[at] ?? 0) < (timesMs[at - 1] ?? 0)) return false;
  }
  return true;
}

/** The clock went backward in between: puts the samples in time order, in which they are shown. */
function sortByTime(timeMs: Float64Array, values: Float64Array): void {
  const order = Array.from(timeMs.keys()).sort((a, b) => (timeMs[a] ?? 0) - (timeMs[b] ?? 0) || a - b);
  const [times, sorted] = [timeMs.slice(), values.slice()];
  for (const [to, from] of order.entries()) {
    timeMs[to] = times[from] ?? Number.NaN;
    values[to] = sorted[from] ?? Number.NaN;
  }
}

/** Buckets of `bucketMs`, without holes: NaN where nothing was read. */
export class BucketCollector implements Collector {
  readonly #bucketMs: number;
  readonly #first: number;
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #sum: Float64Array;
  readonly #count: Float64Array;
  readonly #last: Float64Array;
  readonly #lastMs: Float64Array;

  constructor(fromMs: number, toMs: number, bucketMs: number) {
    this.#bucketMs = bucketMs;
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#first = Math.floor(fromMs / bucketMs);
    const count = Math.max(0, Math.floor(toMs / bucketMs) - this.#first + 1);
    this.#min = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    this.#max = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    this.#sum = new Float64Array(count);
    this.#count = new Float64Array(count);
    this.#last = new Float64Array(count).fill(Number.NaN);
    this.#lastMs = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  }

  addRun(ticks: Ticks, start: number, end: number, value: number): void {
    if (Number.isNaN(value)) return;
    const { timesMs } = ticks;
    for (let tick = start; tick < end; ) {
      const timeMs = timesMs[tick] ?? Number.NaN;
      let next = tick + 1;
      if (timeMs >= this.#fromMs && timeMs <= this.#toMs) {
        const bucket = Math.floor(timeMs / this.#bucketMs);
        const endMs = Math.min((bucket + 1) * this.#bucketMs, this.#toMs + 1);
        let lastMs = timeMs;
        for (let at = timesMs[next] ?? endMs; next < end && at >= lastMs && at < endMs; at = timesMs[next] ?? endMs) {
          lastMs = at;
          next += 1;
        }
        this.#add(bucket, lastMs, next - tick, value, value, value, value);
      }
      tick = next;
    }
  }

  addShared(ticks: Ticks, start: number, end: number): void {
    for (let tick = start; tick < end; tick += 1) this.addRun(ticks, tick, tick + 1, ticks.sharedValues[tick] ?? Number.NaN);
  }

  addBucket(startMs: number, sampleCount: number, min: number, mean: number, max: number, last: number): void {
    if (!Number.isNaN(min)) this.#add(Math.floor(startMs / this.#bucketMs), startMs, sampleCount, min, mean, max, last);
  }

  points(): Points {
    let from = 0;
    let to = this.#count.length;
    while (from < to && this.#count[from] === 0) from += 1;
    while (to > from && this.#count[to - 1] === 0) to -= 1;
    const timeMs = new Float64Array(to - from);
    const [min, mean, max, last] = [
      this.#min.slice(from, to),
      this.#sum.slice(from, to),
      this.#max.slice(from, to),
      this.#last.slice(from, to),
    ];
    for (let at = 0; at < timeMs.length; at += 1) {
      const count = this.#count[from + at] ?? 0;
      timeMs[at] = (this.#first + from + at) * this.#bucketMs;
      if (count === 0) {
        min[at] = Number.NaN;
        max[at] = Number.NaN;
      }
      const average = (mean[at] ?? 0) / count;
      mean[at] = count === 0 ? Number.NaN : Math.min(max[at] ?? average, Math.max(min[at] ?? average, average));
    }
    return { timeMs, min, mean, max, last, bucketMs: this.#bucketMs };
  }

  #add(bucket: number, lastMs: number, weight: number, min: number, mean: number, max: number, last: number): void {
    const at = bucket - this.#first;
    if (at < 0 || at >= this.#count.length) return;
    if (min < (this.#min[at] ?? 0)) this.#min[at] = min;
    if (max > (this.#max[at] ?? 0)) this.#max[at] = max;
    this.#sum[at] = (this.#sum[at] ?? 0) + mean * weight;
    this.#count[at] = (this.#count[at] ?? 0) + weight;
    if (lastMs >= (this.#lastMs[at] ?? 0)) {
      this.#lastMs[at] = lastMs;
      this.#last[at] = last;
    }
  }
}
