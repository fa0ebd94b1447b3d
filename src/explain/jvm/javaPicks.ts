/**
 * Of each class the objects whose units come first in an order that is none of theirs: any is as likely as any other, and what stays where it is
 * is picked by each look again.
 */

import { cellOf } from './referenceLists.ts';

const picksOfClass = 320;
const mostPlace = 2 ** 31 - 1;

export class JavaPicks {
  readonly #ofClass = new Map<number, number[]>();
  /** By class: what comes later than this is not picked any more. */
  readonly #latest: Int32Array;

  constructor(classes: number) {
    this.#latest = new Int32Array(classes).fill(mostPlace);
  }

  /** What comes later in the order is not picked any more. */
  latest(classIndex: number): number {
    return this.#latest[classIndex] ?? mostPlace;
  }

  offer(classIndex: number, unit: number): void {
    if (placeOf(cellOf(unit)) < (this.#latest[classIndex] ?? 0)) this.#take(classIndex, unit);
  }

  #take(classIndex: number, unit: number): void {
    const picks = this.#ofClass.get(classIndex);
    if (picks === undefined) {
      this.#ofClass.set(classIndex, [unit]);
      return;
    }
    picks.push(unit);
    if (picks.length < 2 * picksOfClass) return;
    keepEarliest(picks);
    this.#latest[classIndex] = placeOf(cellOf(picks.at(-1) ?? 0));
  }

  /** Units. */
  of(classIndex: number): readonly number[] {
    return this.#ofClass.get(classIndex) ?? [];
  }
}

/** As many as are picked of a class. */
export function keepEarliest(units: number[]): number[] {
  units.sort((a, b) => placeOf(cellOf(a)) - placeOf(cellOf(b))).splice(picksOfClass);
  return units;
}

/** In an order that looks like chance: the last step of MurmurHash3. */
export function placeOf(cell: number): number {
  let place = cell;
  place = Math.imul(place ^ (place >>> 16), 0x85eb_ca6b);
  place = Math.imul(place ^ (place >>> 13), 0xc2b2_ae35);
  return (place ^ (place >>> 16)) >>> 1;
}
