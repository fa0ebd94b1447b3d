/** One pass over V8's heap: every object begins with the address of its map, and every map with that of the map of maps, which is its own. */

import type { HeapWindows } from '../heapWindows.ts';
import { wordIn } from '../heapWindows.ts';
import type { Look } from '../threeLooks.ts';
import type { V8Layout } from './v8Constants.ts';

const high = 2 ** 32;
const hashBits = 22;
const mostSample = 1_000_000;
const mostMaps = 200_000;

/** Words, tagged as V8 does it. */
export interface V8Map {
  address: number;
  instanceType: number;
  bytes: number;
}

export function findMaps(windows: HeapWindows, layout: V8Layout): V8Map[] {
  const metas = new Set<number>();
  windows.each((address, halves, count) => {
    for (let half = 0; half < count; half += 2) {
      const own = address + half * 4 + 1;
      if (halves[half] === own % high && halves[half + 1] === Math.floor(own / high) && metas.size < 1_000) metas.add(own);
    }
  });
  for (const meta of metas) if (mapAt(windows, layout, meta)?.instanceType !== layout.mapType) metas.delete(meta);
  return metas.size === 0 ? [] : windows.holders(metas, mostMaps).flatMap(({ at }) => mapAt(windows, layout, at + 1) ?? []);
}

function mapAt(windows: HeapWindows, { instanceTypeAt, instanceWordsAt }: V8Layout, address: number): V8Map | null {
  const piece = windows.piece(address - 1, 80);
  if (piece === null || wordIn(piece, 0) === 0) return null;
  return { address, instanceType: piece.readUInt16LE(instanceTypeAt), bytes: (piece[instanceWordsAt] ?? 0) * 8 };
}

/** Of objects of JavaScript: what V8 has for itself is left out. */
export function takeV8Census(windows: HeapWindows, maps: readonly V8Map[]): Look {
  const counts = new Array<number>(maps.length).fill(0);
  const filter = new Uint8Array(2 ** hashBits);
  const places = new Map(maps.map(({ address }, index) => [address, index]));
  for (const { address } of maps) filter[((address % high) >>> 3) & (2 ** hashBits - 1)] = 1;
  const addresses: number[] = [];
  const kinds: number[] = [];
  windows.each((address, halves, count) => {
    for (let half = 0; half < count; half += 2) {
      const low = halves[half] ?? 0;
      if ((low & 3) !== 1 || filter[(low >>> 3) & (2 ** hashBits - 1)] === 0) continue;
      const kind = places.get((halves[half + 1] ?? 0) * high + low);
      if (kind === undefined) continue;
      counts[kind] = (counts[kind] ?? 0) + 1;
      const at = address + half * 4;
      if (Math.imul(at >>> 3, 0x9e3779b1) >>> 30 !== 0 || addresses.length >= mostSample) continue;
      addresses.push(at);
      kinds.push(kind);
    }
  });
  // Regions are read in the order of their addresses.
  return {
    counts,
    bytes: maps.map(({ bytes }, kind) => bytes * (counts[kind] ?? 0)),
    sample: { addresses: Float64Array.from(addresses), kinds: Int32Array.from(kinds), marks: new Uint32Array(addresses.length) },
  };
}
