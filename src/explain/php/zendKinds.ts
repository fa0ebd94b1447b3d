/** What is counted in a heap of PHP: texts, arrays, and objects by their class. */
import type { ZendValues } from './zendValues.ts';

/** Kinds that every heap has; a class has the number of its place in `ZendKinds`. */
export const kinds = { text: 0, array: 1, firstClass: 2 } as const;

/** Class entries by the number that stands for them, the same in all looks at one process. */
export class ZendKinds {
  readonly entries: number[] = [];
  readonly #numbers = new Map<number, number>();
  readonly #values: ZendValues;

  constructor(values: ZendValues) {
    this.#values = values;
  }

  /** Number of the class with this entry; -1 when it is none. */
  of(entry: number): number {
    let number = this.#numbers.get(entry);
    if (number === undefined) {
      number = this.#values.className(entry) === null ? -1 : kinds.firstClass + this.entries.push(entry) - 1;
      if (this.#numbers.size < 500_000) this.#numbers.set(entry, number);
    }
    return number;
  }

  entryOf(kind: number): number {
    return this.entries[kind - kinds.firstClass] ?? 0;
  }
}
