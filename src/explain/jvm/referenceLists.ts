/** Columns of the objects that may refer to others, and of what they refer to. What is kept of one look serves the next one again. */
import type { JavaHeapBounds } from './javaHeap.ts';

const unitBytes = 8;
/** Of each list so many at most; memory is taken only of what is written. */
const mostHolders = 20 << 20;
const mostReferences = 64 << 20;
const mostUnits = 2 ** 32;
const unitsOfBitWord = 64;
/** Of what is sorted by target: as many units in one bucket, so that there are so many buckets at most. */
const leastBucketBits = 8;
const mostBucketsBits = 22;

export class ReferenceLists {
  /** Units of the objects that may refer to others. */
  readonly holders: Uint32Array;
  /** Of each the index of its class, twice; one more for what is young. */
  readonly classes: Uint32Array;
  /** Of each its first reference, and one more that there is not. */
  readonly firsts: Uint32Array;
  /** Units that are referred to, 0 for none; of arrays only those that lead somewhere. */
  readonly references: Uint32Array;
  /** Indexes of references, those to the units of one bucket after the other; by bucket where they end. */
  readonly #byTarget: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #bucketBits: number;
  /** One for each two units. */
  readonly #bits: Uint32Array;
  holderCount = 0;
  referenceCount = 0;
  /** There were more than may be kept. */
  isFull = false;
  readonly #isTooLarge: boolean;

  constructor({ start, end }: JavaHeapBounds) {
    const units = (end - start) / unitBytes;
    const holders = Math.min(mostHolders, Math.ceil(units / 2));
    this.holders = new Uint32Array(holders);
    this.classes = new Uint32Array(holders);
    this.firsts = new Uint32Array(holders + 1);
    this.references = new Uint32Array(Math.min(mostReferences, units * 2));
    this.#isTooLarge = units >= mostUnits;
    this.#bits = new Uint32Array(Math.ceil((Math.min(units, mostUnits) + 1) / unitsOfBitWord));
    this.#byTarget = new Uint32Array(this.references.length);
    this.#bucketBits = Math.max(leastBucketBits, Math.ceil(Math.log2(units)) - mostBucketsBits);
    this.#ends = new Uint32Array(Math.ceil(units / 2 ** this.#bucketBits) + 2);
  }

  clear(): void {
    this.holderCount = 0;
    this.referenceCount = 0;
    this.isFull = this.#isTooLarge;
  }

  /** Whether there is room for so many objects and references more. */
  hasRoom(holders: number, references: number): boolean {
    if (this.holderCount + holders > this.holders.length || this.referenceCount + references > this.references.length) this.isFull = true;
    return !this.isFull;
  }

  /** The references that were added since the last one are those of this object. */
  addHolder(unit: number, classIndex: number, isOld: boolean): void {
    const index = this.holderCount;
    this.holders[index] = unit;
    this.classes[index] = classIndex * 2 + (isOld ? 0 : 1);
    this.firsts[index + 1] = this.referenceCount;
    this.holderCount = index + 1;
  }

  /** One for each two of so many units, until the next time. */
  clearedBits(units: number): Uint32Array {
    return this.#bits.subarray(0, Math.ceil(units / unitsOfBitWord)).fill(0);
  }

  /** So that what refers to an object is found at once: by counting how many there are of each bucket. */
  sortByTarget(): void {
    const { references, referenceCount } = this;
    const [byTarget, ends] = [this.#byTarget, this.#ends];
    const bits = this.#bucketBits;
    ends.fill(0);
    for (let index = 0; index < referenceCount; index += 1) {
      const unit = references[index] ?? 0;
      if (unit !== 0) ends[(unit >>> bits) + 1] = (ends[(unit >>> bits) + 1] ?? 0) + 1;
    }
    for (let bucket = 1; bucket < ends.length; bucket += 1) ends[bucket] = (ends[bucket] ?? 0) + (ends[bucket - 1] ?? 0);
    // Now each says where its bucket begins, and in the end where it ends.
    for (let index = 0; index < referenceCount; index += 1) {
      const unit = references[index] ?? 0;
      if (unit === 0) continue;
      const place = ends[unit >>> bits] ?? 0;
      byTarget[place] = index;
      ends[unit >>> bits] = place + 1;
    }
  }

  /** Indexes of the first so many references to a unit; what was added since they were sorted is not among them. */
  to(unit: number, most: number): number[] {
    const bucket = unit >>> this.#bucketBits;
    const end = this.#ends[bucket] ?? 0;
    const found: number[] = [];
    for (let place = bucket === 0 ? 0 : (this.#ends[bucket - 1] ?? 0); place < end && found.length < most; place += 1) {
      const index = this.#byTarget[place] ?? 0;
      if (this.references[index] === unit) found.push(index);
    }
    return found;
  }
}
