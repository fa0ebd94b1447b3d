/** A window of floors cut into some 16 blocks, and what of their floors lasts. Pure. */
import { bucketsPerLevel, type WindowView } from '../series/window.ts';
import { lowestFromHereOn, quantile } from './statistics.ts';

const mostBlocks = 16;
export const fewestBlocks = 8;

/** Shares of the lasting growth given back between which only what lasts is looked at, and the newest blocks of which that can't be known yet. */
const leastCollected = 0.12;
const mostCollected = 0.75;
const unsettledBlocks = 2;

/** The first `count` of each array. They are kept for the next window. */
export interface Blocks {
  count: number;
  timeMs: Float64Array;
  floor: Float64Array;
}

const timeRoom = new Float64Array(bucketsPerLevel);
const floorRoom = new Float64Array(bucketsPerLevel);
const lastingRoom = new Float64Array(bucketsPerLevel);

/** Buckets a block. */
export function bucketsPerBlock(buckets: number): number {
  return Math.max(1, Math.floor(buckets / mostBlocks));
}

/** Lower quartile of each block; the oldest buckets that fill no block are left out. */
export function blockFloors(view: WindowView, floor: Float64Array, n: number): Blocks {
  const size = bucketsPerBlock(n);
  const count = Math.floor(n / size);
  const first = n - count * size;
  for (let k = 0; k < count; k += 1) {
    const from = first + k * size;
    let sum = 0;
    for (let i = from; i < from + size; i += 1) sum += view.timeMs[i] ?? 0;
    timeRoom[k] = sum / size;
    floorRoom[k] = quantile(floor, size, 0.25, from);
  }
  return { count, timeMs: timeRoom, floor: floorRoom };
}

/** Largest fall from any block to a later one, in the unit of the series. */
export function largestDrop(blocks: Blocks): number {
  let highest = Number.NEGATIVE_INFINITY;
  let drop = 0;
  for (let k = 0; k < blocks.count; k += 1) {
    highest = Math.max(highest, blocks.floor[k] ?? 0);
    drop = Math.max(drop, highest - (blocks.floor[k] ?? 0));
  }
  return drop;
}

/**
 * What lasts, where it gives back what a collector would while what lasts grows by more than that; else the blocks as they are. Of each
 * block that is the lowest floor from it on: whatever is given back later, however long that takes, was garbage. The newest blocks have
 * too little after them. `drop` is the largest fall.
 */
export function withoutGarbage(raw: Blocks, drop: number): Blocks {
  const count = raw.count - unsettledBlocks;
  if (count < fewestBlocks) return raw;
  const floor = lowestFromHereOn(raw.floor, raw.count, lastingRoom);
  const growth = (floor[count - 1] ?? 0) - (floor[0] ?? 0);
  const isCollected = drop > leastCollected * growth && drop < mostCollected * growth;
  return isCollected ? { count, timeMs: raw.timeMs, floor } : raw;
}
