import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { troubleOf } from './database.ts';
import { isDamage, salvage } from './salvage.ts';
import { Segment, segmentSchema, segmentTables, type Tier } from './segment.ts';
import { setFileAside } from './setAside.ts';

const fileName = /^(fine|mid|coarse)-(\d{8})\.sqlite$/;
/** Each open file costs some 100 KB of memory. */
const maxOpen = 6;

/** All segments of the folder, by tier and age. A damaged one is set aside, and what can be read of it takes its place. */
export class SegmentShelf {
  readonly #dir: string;
  readonly #now: () => number;
  readonly #segments: Record<Tier, Segment[]> = { fine: [], mid: [], coarse: [] };
  /** Most recently used last. */
  readonly #open: Segment[] = [];

  constructor(dir: string, now: () => number) {
    this.#dir = dir;
    this.#now = now;
  }

  load(): void {
    for (const name of readdirSync(this.#dir).sort()) {
      const parts = fileName.exec(name);
      const tier = parts?.[1];
      if (tier !== 'fine' && tier !== 'mid' && tier !== 'coarse') continue;
      const segment = new Segment(join(this.#dir, name), tier, Number(parts?.[2]));
      this.#segments[tier].push(segment);
      this.attempt(segment, () => segment.inspect(), undefined);
    }
  }

  of(tier: Tier): readonly Segment[] {
    return this.#segments[tier];
  }

  current(tier: Tier): Segment | null {
    return this.#segments[tier].at(-1) ?? null;
  }

  start(tier: Tier): Segment {
    const sequence = (this.current(tier)?.sequence ?? 0) + 1;
    const segment = new Segment(join(this.#dir, `${tier}-${String(sequence).padStart(8, '0')}.sqlite`), tier, sequence);
    segment.create();
    this.#segments[tier].push(segment);
    this.#touch(segment);
    return segment;
  }

  /** Does something with a segment; when it turns out to be damaged, or was before, sets it aside and gives `otherwise`. */
  attempt<T>(segment: Segment, work: () => T, otherwise: T): T {
    if (!this.#segments[segment.tier].includes(segment)) return otherwise;
    this.#touch(segment);
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.condemn(segment);
      return otherwise;
    } finally {
      this.#touch(segment);
    }
  }

  /** Like `attempt`, but a file that can't be read just now only costs what it holds. */
  tryRead<T>(segment: Segment, work: () => T, otherwise: T): T {
    try {
      return this.attempt(segment, work, otherwise);
    } catch (error) {
      if (troubleOf(error) === 'bug') throw error;
      return otherwise;
    }
  }

  /** Sets a damaged segment aside and puts what can still be read of it in its place. */
  condemn(segment: Segment): void {
    this.#forgetOpen(segment);
    segment.close();
    const list = this.#segments[segment.tier];
    const place = list.indexOf(segment);
    if (place < 0) return;
    list.splice(place, 1);
    if (!existsSync(segment.path)) return;
    const rescued = `${segment.path}.rescued`;
    // What is damaged a second time is beyond saving; trying again would never end.
    const count = segment.isRescued ? 0 : this.#rescue(segment.path, rescued);
    setFileAside(this.#dir, basename(segment.path), this.#now());
    if (count === 0) return;
    renameSync(rescued, segment.path);
    const replacement = new Segment(segment.path, segment.tier, segment.sequence, true);
    replacement.inspect();
    list.splice(place, 0, replacement);
    this.#touch(replacement);
  }

  remove(segment: Segment): void {
    this.#forgetOpen(segment);
    segment.remove();
    const list = this.#segments[segment.tier];
    list.splice(list.indexOf(segment), 1);
  }

  close(): void {
    for (const segment of this.#open.splice(0)) segment.close();
  }

  #rescue(from: string, to: string): number {
    try {
      return salvage(from, to, segmentSchema, segmentTables);
    } catch (error) {
      // Not readable at all, or no room for a copy: the file set aside still has it.
      for (const path of [to, `${to}-wal`]) rmSync(path, { force: true });
      if (!isDamage(error) && !existsSync(from)) throw error;
      return 0;
    }
  }

  /** What is closed takes no place from what is open: often a segment has nothing of what is looked for, and knows that by itself. */
  #touch(segment: Segment): void {
    this.#forgetOpen(segment);
    if (!segment.isOpen) return;
    this.#open.push(segment);
    if (this.#open.length > maxOpen) this.#open.shift()?.close();
  }

  #forgetOpen(segment: Segment): void {
    const place = this.#open.indexOf(segment);
    if (place >= 0) this.#open.splice(place, 1);
  }
}
