/** Dicts, lists, sets and deques by address, with how much is in each and where they have it. */
import { firstFrom, larger } from '../numberColumns.ts';
import type { ContainerKind } from './pythonValues.ts';

const most = 2_000_000;
const firstRoom = 1 << 12;
const containerKindOrder: readonly ContainerKind[] = ['dict', 'list', 'set', 'deque'];
export const containerNumber = { dict: 0, list: 1, set: 2, deque: 3 } as const satisfies Record<ContainerKind, number>;

interface Container {
  address: number;
  kind: ContainerKind;
  size: number;
  table: number;
  values: number;
}

export interface GrownContainer {
  address: number;
  kind: ContainerKind;
  /** At the latest look. */
  size: number;
  growth: number;
}

export class ContainerTable {
  #addresses = new Float64Array(firstRoom);
  #sizes = new Uint32Array(firstRoom);
  #kinds = new Uint8Array(firstRoom);
  /** Where what they have begins, and the values of a dict that has these apart; 0 for none. */
  #tables = new Float64Array(firstRoom);
  #values = new Float64Array(firstRoom);
  #count = 0;
  #isSorted = true;

  /** `kind`: its number. */
  add(address: number, kind: number, size: number, table: number, values: number): void {
    if (this.#count === most) return;
    if (this.#count === this.#addresses.length) this.#grow();
    if (this.#count > 0 && (this.#addresses[this.#count - 1] ?? 0) > address) this.#isSorted = false;
    this.#addresses[this.#count] = address;
    this.#sizes[this.#count] = size;
    this.#kinds[this.#count] = kind;
    this.#tables[this.#count] = table;
    this.#values[this.#count] = values;
    this.#count += 1;
  }

  #grow(): void {
    const length = this.#addresses.length * 2;
    this.#addresses = larger(this.#addresses, length);
    this.#sizes = larger(this.#sizes, length);
    this.#kinds = larger(this.#kinds, length);
    this.#tables = larger(this.#tables, length);
    this.#values = larger(this.#values, length);
  }

  /** Of an earlier look only the sizes are needed. */
  forgetTables(): void {
    this.#tables = new Float64Array(0);
    this.#values = new Float64Array(0);
  }

  /** For each place, in order, the container whose table, or whose values that lie apart, begin the nearest before it. */
  nearestBefore(places: Float64Array, of: 'tables' | 'values'): (Container | null)[] {
    const froms = of === 'tables' ? this.#tables : this.#values;
    const nearest = new Int32Array(places.length).fill(-1);
    for (let index = 0; index < this.#count; index += 1) {
      const from = froms[index] ?? 0;
      const place = from === 0 ? places.length : firstFrom(places, from);
      if (place < places.length && from > (froms[nearest[place] ?? -1] ?? 0)) nearest[place] = index;
    }
    let last = -1;
    return Array.from(nearest, (index) => {
      if (index >= 0 && (froms[index] ?? 0) > (froms[last] ?? 0)) last = index;
      return last < 0 ? null : this.#at(last);
    });
  }

  #at(index: number): Container {
    return {
      address: this.#addresses[index] ?? 0,
      kind: this.#kindAt(index),
      size: this.#sizes[index] ?? 0,
      table: this.#tables[index] ?? 0,
      values: this.#values[index] ?? 0,
    };
  }

  #kindAt(index: number): ContainerKind {
    return containerKindOrder[this.#kinds[index] ?? 0] ?? 'dict';
  }

  /** Those that have more in them than they had in `before`. */
  grownSince(before: ContainerTable): GrownContainer[] {
    // Memory is looked at in the order of addresses.
    if (!this.#isSorted || !before.#isSorted) return [];
    const grown: GrownContainer[] = [];
    for (let index = 0, at = 0; index < this.#count; index += 1) {
      const address = this.#addresses[index] ?? 0;
      while (at < before.#count && (before.#addresses[at] ?? 0) < address) at += 1;
      if (before.#addresses[at] !== address || at >= before.#count || before.#kinds[at] !== this.#kinds[index]) continue;
      const [size, growth] = [this.#sizes[index] ?? 0, (this.#sizes[index] ?? 0) - (before.#sizes[at] ?? 0)];
      if (growth > 0) grown.push({ address, kind: this.#kindAt(index), size, growth });
    }
    return grown;
  }
}
