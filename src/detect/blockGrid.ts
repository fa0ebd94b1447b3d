/**
 * Where the blocks of a window lie in it, and what fits over them need beside their floors. Windows of as many buckets, none of which is
 * missing, have all of that in common, and nearly all windows are of a few lengths: it is worked out once for each.
 */
import { bucketsPerLevel } from '../series/window.ts';
import type { Blocks } from './blocks.ts';
import { saturations, warmUps } from './saturations.ts';
import { type Centred, centred, type Detrended, Places } from './statistics.ts';

/** A shape of `saturations` in place of the line, and beside it where it may be a warm-up. */
interface ShapeColumn {
  alone: Centred;
  beside: Detrended | null;
}

/** Times within a window, in ms since the epoch; `originMs` is the start of the process or, where that is later, of the window. */
export interface WindowFrame {
  fromMs: number;
  spanMs: number;
  originMs: number;
}

const mostGrids = 64;
const grids = new Map<number, BlockGrid>();
const room = new Float64Array(bucketsPerLevel);
const columnRoom = new Float64Array(bucketsPerLevel);

export class BlockGrid {
  /** From 0 at the start of the window to 1 at its end. */
  readonly places: Places;
  /** A parabola. */
  readonly bend: Detrended;
  private readonly age: Float64Array;
  private readonly shapes: ShapeColumn[];

  constructor(u: Float64Array) {
    const n = u.length;
    this.places = new Places(u, n);
    this.bend = this.places.detrended(u.map((x) => (x - 0.5) ** 2));
    this.age = Float64Array.from(u);
    this.shapes = saturations.map((shape) => {
      const column = u.map(shape.at);
      return { alone: centred(column, n), beside: warmUps.has(shape) ? this.places.detrended(column) : null };
    });
  }

  /** As `saturations`. Those since the start of the process are as long for the frame at hand. */
  shapesIn(timeMs: Float64Array, { originMs, spanMs }: WindowFrame): readonly ShapeColumn[] {
    const { n } = this.places;
    for (let k = 0; k < n; k += 1) room[k] = Math.max(0, (timeMs[k] ?? 0) - originMs) / spanMs;
    if (startsWith(room, this.age)) return this.shapes;
    this.age.set(room.subarray(0, n));
    for (const [index, { since, at }] of saturations.entries()) {
      const column = this.shapes[index];
      if (since === 'window' || column === undefined) continue;
      for (let k = 0; k < n; k += 1) columnRoom[k] = at(room[k] ?? 0);
      column.alone = centred(columnRoom, n, column.alone.values);
    }
    return this.shapes;
  }
}

export function gridOf({ count, timeMs }: Blocks, { fromMs, spanMs }: WindowFrame): BlockGrid {
  for (let k = 0; k < count; k += 1) room[k] = ((timeMs[k] ?? 0) - fromMs) / spanMs;
  const key = count + (room[0] ?? 0);
  const known = grids.get(key);
  if (known !== undefined && startsWith(room, known.places.x)) return known;
  if (grids.size >= mostGrids) grids.clear();
  const grid = new BlockGrid(room.slice(0, count));
  grids.set(key, grid);
  return grid;
}

function startsWith(values: Float64Array, head: Float64Array): boolean {
  for (let k = 0; k < head.length; k += 1) if (values[k] !== head[k]) return false;
  return true;
}
