/** Dicts, lists, sets and deques of all looks at a process, with how much is in each and where they have it, by the part of memory they are in. */
import { AddressFilter } from '../addressFilter.ts';
import { firstFrom, larger } from '../numberColumns.ts';
import type { ContainerKind } from './pythonValues.ts';

/** Of all looks together. */
const most = 8_000_000;
const firstRoom = 1 << 14;
const containerKindOrder: readonly ContainerKind[] = ['dict', 'list', 'set', 'deque'];
export const containerNumber = { dict: 0, list: 1, set: 2, deque: 3 } as const satisfies Record<ContainerKind, number>;
/** The number of its kind is added to an address, which is a multiple of it. */
const addressUnit = 16;

/** Where the rows of a part of memory are. */
export interface Rows {
  from: number;
  to: number;
}

interface HasContainers {
  containers: Rows;
}

export interface Container {
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
  #places = new Float64Array(firstRoom);
  #sizes = new Uint32Array(firstRoom);
  /** Where what they have begins, and the values of a dict that has these apart; 0 for none. */
  #tables = new Float64Array(firstRoom);
  /** No longer than it has to be: in most processes there are none. */
  #values = new Float64Array(0);
  count = 0;

  /** `kind`: its number. */
  add(address: number, kind: number, size: number, table: number, values: number): void {
    if (this.count === most) return;
    if (this.count === this.#places.length) this.#grow();
    this.#places[this.count] = address + kind;
    this.#sizes[this.count] = size;
    this.#tables[this.count] = table;
    if (values !== 0) {
      if (this.count >= this.#values.length) this.#values = larger(this.#values, this.#places.length);
      this.#values[this.count] = values;
    }
    this.count += 1;
  }

  #grow(): void {
    const length = Math.min(most, this.#places.length * 2);
    this.#places = larger(this.#places, length);
    this.#sizes = larger(this.#sizes, length);
    this.#tables = larger(this.#tables, length);
  }

  /** Of some parts, by where their tables begin, or their values that lie apart. */
  nearest(of: 'tables' | 'values', parts: readonly HasContainers[]): NearestContainers {
    const froms = of === 'tables' ? this.#tables : this.#values;
    return new NearestContainers(froms, froms.length === 0 ? new Int32Array(0) : rowsOf(parts, []), (row) => this.#at(row));
  }

  #at(row: number): Container {
    return {
      address: this.#addressAt(row),
      kind: this.#kindAt(row),
      size: this.#sizes[row] ?? 0,
      table: this.#tables[row] ?? 0,
      values: this.#values[row] ?? 0,
    };
  }

  #addressAt(row: number): number {
    const place = this.#places[row] ?? 0;
    return place - (place % addressUnit);
  }

  #kindAt(row: number): ContainerKind {
    return containerKindOrder[(this.#places[row] ?? 0) % addressUnit] ?? 'dict';
  }

  /** Those that have more in them than they had at an earlier look. Parts that are the same at both have none. */
  grownBetween<Part extends HasContainers>(earlier: readonly Part[], later: readonly Part[]): GrownContainer[] {
    const before = rowsOf(earlier, later);
    const grown: GrownContainer[] = [];
    let at = 0;
    for (const row of rowsOf(later, earlier)) {
      const place = this.#places[row] ?? 0;
      while (at < before.length && (this.#places[before[at] ?? 0] ?? 0) < place) at += 1;
      const same = before[at];
      if (same === undefined || this.#places[same] !== place) continue;
      const [size, growth] = [this.#sizes[row] ?? 0, (this.#sizes[row] ?? 0) - (this.#sizes[same] ?? 0)];
      if (growth > 0) grown.push({ address: this.#addressAt(row), kind: this.#kindAt(row), size, growth });
    }
    return grown;
  }
}

export class NearestContainers {
  readonly #froms: Float64Array;
  readonly #rows: Int32Array;
  readonly #at: (row: number) => Container;
  readonly #sorted: Float64Array;

  constructor(froms: Float64Array, rows: Int32Array, at: (row: number) => Container) {
    this.#froms = froms;
    this.#rows = rows;
    this.#at = at;
    // The zeros of those that have none come first, and are no place's nearest.
    this.#sorted = new Float64Array(rows.length);
    for (let index = 0; index < rows.length; index += 1) this.#sorted[index] = froms[rows[index] ?? 0] ?? 0;
    this.#sorted.sort();
  }

  /** For each place the container whose beginning is the nearest before it. */
  nearestBefore(places: Float64Array): (Container | null)[] {
    const nearest = Array.from(places, (place) => this.#sorted[firstFrom(this.#sorted, place + 1) - 1] ?? 0);
    const wanted = new Set(nearest.filter((from) => from !== 0));
    const filter = new AddressFilter(wanted);
    const rows = new Map<number, number>();
    for (const row of wanted.size === 0 ? [] : this.#rows) {
      const from = this.#froms[row] ?? 0;
      if (filter.mayHave(from % 2 ** 32) && wanted.has(from) && !rows.has(from)) rows.set(from, row);
    }
    return nearest.map((from) => {
      const row = rows.get(from);
      return row === undefined ? null : this.#at(row);
    });
  }
}

/** In the order of addresses, as parts are. */
function rowsOf<Part extends HasContainers>(parts: readonly Part[], without: readonly Part[]): Int32Array {
  const left = new Set(without);
  const wanted = parts.filter((part) => !left.has(part));
  const rows = new Int32Array(wanted.reduce((sum, { containers }) => sum + containers.to - containers.from, 0));
  let at = 0;
  for (const { containers } of wanted) for (let row = containers.from; row < containers.to; row += 1) rows[at++] = row;
  return rows;
}
