/** The floor of a series in at most 48 points over all that is known, in constant memory: neighbours merge when it is full. */
const capacity = 48;

export class Spark {
  private readonly floors: number[] = [];
  private bucketMs: number;
  private bucketStartMs = 0;

  constructor(bucketMs: number) {
    this.bucketMs = bucketMs;
  }

  /** `value` NaN: nothing was read. Times in order. */
  push(timeMs: number, value: number): void {
    if (this.floors.length === 0) {
      this.bucketStartMs = timeMs;
      this.floors.push(value);
      return;
    }
    while (timeMs - this.bucketStartMs >= this.bucketMs) {
      // A gap longer than the whole line says nothing in between: one step is enough.
      if (timeMs - this.bucketStartMs > capacity * this.bucketMs) {
        this.halve();
        continue;
      }
      if (this.floors.length >= capacity) this.halve();
      else {
        this.floors.push(Number.NaN);
        this.bucketStartMs += this.bucketMs;
      }
    }
    const lastIndex = this.floors.length - 1;
    this.floors[lastIndex] = lower(this.floors[lastIndex] ?? Number.NaN, value);
  }

  /** Oldest first; null where nothing was read. */
  points(): (number | null)[] {
    return this.floors.map((floor) => (Number.isNaN(floor) ? null : floor));
  }

  private halve(): void {
    const length = this.floors.length;
    const firstMs = this.bucketStartMs - (length - 1) * this.bucketMs;
    const merged: number[] = [];
    for (let i = 0; i < length; i += 2) merged.push(lower(this.floors[i] ?? Number.NaN, this.floors[i + 1] ?? Number.NaN));
    this.floors.splice(0, length, ...merged);
    this.bucketMs *= 2;
    this.bucketStartMs = firstMs + (merged.length - 1) * this.bucketMs;
  }
}

function lower(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  if (Number.isNaN(b)) return a;
  return Math.min(a, b);
}
