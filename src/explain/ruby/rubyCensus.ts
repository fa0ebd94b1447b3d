/** One look at the heap of a Ruby program: how many objects of each class there are, and what they take. */
import { crc32 } from 'node:zlib';
import type { HeapWindows } from '../heapWindows.ts';
import { OwnRanges } from '../ownRanges.ts';
import type { Region } from '../targetMemory.ts';
import { mayHavePages, pagesIn, type RubyPage } from './rubyHeap.ts';
import { PartTaker, picksOf, type RubyClasses, type RubyPart } from './rubyPart.ts';
import type { RubyValues } from './rubyValues.ts';

/** In a large heap what grows is a small part, which is not seen among few. */
const [fewestPicks, mostPicks] = [480, 960];
const slotsOfPick = 10_000;
const windowBytes = 1 << 16;

export interface RubyKind {
  /** Address of the class. */
  klass: number;
  /** Of the class. */
  number: number;
  count: number;
  bytes: number;
}

/** With some of its objects. */
export interface PickedKind extends RubyKind {
  picks: number[];
}

export interface RubyCensus {
  /** By address of the class. */
  kinds: Map<number, RubyKind>;
  /** In the order of addresses. */
  parts: readonly RubyPart[];
  pages: RubyPage[];
  /** Addresses of classes and modules. */
  classes: number[];
  /** What all objects have beside their slots. */
  outsideBytes: number;
  own: OwnRanges;
  /** Addresses of arrays with much in them, and of hashes that may have. */
  large: number[];
}

export interface CensusRequest {
  values: RubyValues;
  windows: HeapWindows;
  classes: RubyClasses;
  /** Of the look before: what reads the same is not looked through again. */
  before: readonly RubyPart[];
}

export function takeRubyCensus({ values, windows, classes, before }: CensusRequest): RubyCensus {
  const known = new Map(before.map((part) => [part.address, part]));
  const taker = new PartTaker(values.shapes, classes, 2 * mostPicks);
  const parts: RubyPart[] = [];
  // Where a page goes on that is not all in memory.
  const pageAround = (address: number) => parts.at(-1)?.pages.findLast(({ end }) => end > address);
  const isLeftOut = (address: number) =>
    !known.has(address) &&
    pageAround(address) === undefined &&
    !mayHavePages(values, address, address + windowBytes - (address % windowBytes));
  windows.each(
    (address, halves, count, filled) => {
      const checksum = crc32(new Uint8Array(halves.buffer, 0, filled * 4));
      const same = known.get(address);
      if (same?.filled === filled && same.checksum === checksum) {
        parts.push(same);
        return;
      }
      const around = pageAround(address);
      const pages = around === undefined ? pagesIn(values, address, halves, count) : [around];
      if (pages.length > 0) parts.push({ ...taker.take(address, halves, filled, pages), filled, checksum });
    },
    mayBeHeap,
    isLeftOut,
  );
  return together(parts, classes);
}

function mayBeHeap({ writable, path }: Region): boolean {
  return writable && (path === '' || path === '[heap]');
}

function together(parts: readonly RubyPart[], { addresses }: RubyClasses): RubyCensus {
  const kinds: RubyKind[] = addresses.map((klass, number) => ({ klass, number, count: 0, bytes: 0 }));
  const own = new OwnRanges();
  for (const { tallies, pages } of parts) {
    for (let at = 0; at < tallies.length; at += 3) {
      const kind = kinds[tallies[at] ?? -1];
      if (kind === undefined) continue;
      kind.count += tallies[at + 1] ?? 0;
      kind.bytes += tallies[at + 2] ?? 0;
    }
    for (const { address, end } of pages) own.add(address, end);
  }
  return {
    kinds: new Map(kinds.filter(({ count }) => count > 0).map((kind) => [kind.klass, kind])),
    parts,
    pages: parts.flatMap((part) => part.pages.filter(({ address }) => address >= part.address)),
    classes: parts.flatMap(({ classes }) => classes),
    outsideBytes: parts.reduce((sum, { outsideBytes }) => sum + outsideBytes, 0),
    own,
    large: parts.flatMap(({ large }) => large),
  };
}

/** In the order in which they are asked for. */
export function pickOf({ parts, pages }: RubyCensus, classes: RubyClasses, kinds: readonly RubyKind[]): PickedKind[] {
  const slots = pages.reduce((sum, page) => sum + page.slots, 0);
  const most = Math.min(mostPicks, Math.max(fewestPicks, Math.floor(slots / slotsOfPick)));
  const picks = picksOf(
    parts,
    classes,
    kinds.map(({ number }) => number),
    most,
  );
  return kinds.map((kind) => ({ ...kind, picks: picks.get(kind.number) ?? [] }));
}
