import { StanchError } from '../../model/errors.ts';
import { byteAt } from './bytes.ts';

/** Each subject costs a detector's memory besides its name: some ten kilobytes. */
const maxSubjects = 100_000;
/** Bytes of all names together. */
const maxNameBytes = 64 * 1024 * 1024;

/**
 * Names of subjects as bytes, numbered in the order of first appearance, found again without making a string.
 * Files list their subjects either one after the other or in the same order at each interval, so the subject that
 * followed the last one before is tried first: in both kinds of file that is nearly always right and needs no hash.
 */
export class SubjectTable {
  readonly names: string[] = [];
  /** Time of the last row of each subject, ms; -Infinity when it has none yet. */
  lastTimeMs = new Float64Array(64).fill(Number.NEGATIVE_INFINITY);
  #arena = new Uint8Array(4096);
  #arenaUsed = 0;
  /** Name `i` is `#arena[#ends[i], #ends[i + 1])`. */
  #ends = new Uint32Array(65);
  #hashes = new Uint32Array(64);
  #follower = new Uint32Array(64);
  /** Open addressing; a subject's number + 1, 0 for empty. Always less than half full. */
  #buckets = new Uint32Array(128);
  #last = 0;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  /** The subject's number; a new name gets the next one. -1 when the name is not UTF-8. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const guess = this.#follower[this.#last] ?? 0;
    if (guess < this.names.length && this.#isName(guess, bytes, from, to)) {
      this.#last = guess;
      return guess;
    }
    const subject = this.#look(bytes, from, to);
    if (subject >= 0) {
      this.#follower[this.#last] = subject;
      this.#last = subject;
    }
    return subject;
  }

  #look(bytes: Uint8Array, from: number, to: number): number {
    const hash = hashOf(bytes, from, to);
    const mask = this.#buckets.length - 1;
    let bucket = hash & mask;
    for (;;) {
      const subject = (this.#buckets[bucket] ?? 0) - 1;
      if (subject < 0) return this.#add(bytes, from, to, hash, bucket);
      if (this.#hashes[subject] === hash && this.#isName(subject, bytes, from, to)) return subject;
      bucket = (bucket + 1) & mask;
    }
  }

  #isName(subject: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#ends[subject] ?? 0;
    const length = (this.#ends[subject + 1] ?? 0) - start;
    if (length !== to - from) return false;
    const arena = this.#arena;
    for (let i = 0; i < length; i += 1) {
      if (byteAt(arena, start + i) !== byteAt(bytes, from + i)) return false;
    }
    return true;
  }

  #add(bytes: Uint8Array, from: number, to: number, hash: number, bucket: number): number {
    const name = this.#decode(bytes, from, to);
    if (name === undefined) return -1;
    const subject = this.names.length;
    if (subject >= maxSubjects || this.#arenaUsed + to - from > maxNameBytes) throw tooManySubjects(subject);
    this.#reserve(subject, to - from);
    this.#arena.set(bytes.subarray(from, to), this.#arenaUsed);
    this.#arenaUsed += to - from;
    this.#ends[subject + 1] = this.#arenaUsed;
    this.#hashes[subject] = hash;
    this.#buckets[bucket] = subject + 1;
    this.names.push(name);
    if (this.names.length * 2 >= this.#buckets.length) this.#rehash();
    return subject;
  }

  #decode(bytes: Uint8Array, from: number, to: number): string | undefined {
    try {
      return this.#utf8.decode(bytes.subarray(from, to));
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  #reserve(subject: number, nameBytes: number): void {
    while (this.#arenaUsed + nameBytes > this.#arena.length) {
      const larger = new Uint8Array(this.#arena.length * 2);
      larger.set(this.#arena);
      this.#arena = larger;
    }
    if (subject < this.#hashes.length) return;
    const capacity = this.#hashes.length * 2;
    const lastTimeMs = new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY);
    lastTimeMs.set(this.lastTimeMs);
    this.lastTimeMs = lastTimeMs;
    this.#ends = enlarged(this.#ends, capacity + 1);
    this.#hashes = enlarged(this.#hashes, capacity);
    this.#follower = enlarged(this.#follower, capacity);
  }

  #rehash(): void {
    const buckets = new Uint32Array(this.#buckets.length * 2);
    const mask = buckets.length - 1;
    for (let subject = 0; subject < this.names.length; subject += 1) {
      let bucket = (this.#hashes[subject] ?? 0) & mask;
      while (buckets[bucket] !== 0) bucket = (bucket + 1) & mask;
      buckets[bucket] = subject + 1;
    }
    this.#buckets = buckets;
  }
}

/** FNV-1a, with a last mix because the low bits choose the bucket. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ byteAt(bytes, at), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function enlarged(array: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(array);
  return larger;
}

function tooManySubjects(count: number): StanchError {
  return new StanchError('STANCH_E_TOO_MANY_SUBJECTS', {
    expected: `at most ${maxSubjects} subjects, with names of 64 MiB together`,
    found: `one more after ${count}`,
    next: 'Name subjects by what runs rather than by process id, or scan the file in parts.',
  });
}
