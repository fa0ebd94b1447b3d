/** Numbers of 8 bytes out of a Go program's memory, and lists of records among its variables. */
import type { TargetMemory } from '../targetMemory.ts';
import { TargetWindow } from '../targetWindow.ts';
import type { AddressRange } from './goProgram.ts';

const high = 2 ** 32;
const leastAddress = 4_096;
const mostInList = 1 << 20;

/** Halves of words, the lower first; null where that can't be read. */
export function halvesAt(memory: TargetMemory, address: number, length: number): Uint32Array | null {
  if (!(address >= leastAddress) || length <= 0) return null;
  const halves = new Uint32Array(length / 4);
  return memory.read(address, new Uint8Array(halves.buffer)) < length ? null : halves;
}

/** `at`: in halves. */
export function wordIn(halves: Uint32Array, at: number): number {
  return (halves[at] ?? 0) + (halves[at + 1] ?? 0) * high;
}

/** Where slices of pointers are whose first one leads to such a record. */
export function* listsAmong(
  memory: TargetMemory,
  variables: readonly AddressRange[],
  recordBytes: number,
  isRecord: (halves: Uint32Array, address: number) => boolean,
): Generator<number> {
  for (const { start, end } of variables) {
    const window = new TargetWindow(memory, end);
    for (let at = start - (start % 8); at + 24 <= end && window.holds(at, 24); at += 8) {
      const word = window.at(at);
      const [address, count, room] = [wordIn(window.words, word), wordIn(window.words, word + 2), wordIn(window.words, word + 4)];
      if (address < leastAddress || address % 8 !== 0 || count < 1 || count > room || room > mostInList) continue;
      const [first] = listAt(memory, at, 1);
      const record = first === undefined ? null : halvesAt(memory, first, recordBytes);
      if (first !== undefined && record !== null && isRecord(record, first)) yield at;
    }
  }
}

/** What is in such a slice. */
export function listAt(memory: TargetMemory, list: number, most = mostInList): number[] {
  const header = halvesAt(memory, list, 16);
  const count = header === null ? 0 : Math.min(wordIn(header, 2), most);
  const table = header === null ? null : halvesAt(memory, wordIn(header, 0), count * 8);
  return table === null ? [] : Array.from({ length: count }, (_, index) => wordIn(table, index * 2));
}
