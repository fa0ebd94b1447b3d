/** Columns of numbers: longer when there is no more room, and searched when they are in order. */

/** The same with room for so many. */
export function larger<T extends Float64Array | Uint32Array | Uint8Array>(column: T, length: number): T {
  const room = Reflect.construct(column.constructor, [length]);
  room.set(column);
  return room;
}

/** Index of the first that is not less, of a column in order. */
export function firstFrom(sorted: Float64Array, least: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
