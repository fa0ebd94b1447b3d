/** Least squares through a run of points. */
export interface Line {
  r2: number;
  slope: number;
  intercept: number;
}

/** Fits lines to any run of the same points, each in constant time: `fit(from, to)`, `to` excluded. */
export function lineFitter(x: readonly number[], y: readonly number[]): (from: number, to: number) => Line {
  const originX = x[0] ?? 0;
  const originY = y[0] ?? 0;
  // Running sums of x, y, xx, xy, yy, taken from the first point so that large values lose no digits.
  const sums = new Float64Array(5 * (x.length + 1));
  for (let i = 0; i < x.length; i += 1) {
    const dx = (x[i] ?? 0) - originX;
    const dy = (y[i] ?? 0) - originY;
    const terms = [dx, dy, dx * dx, dx * dy, dy * dy];
    for (let k = 0; k < 5; k += 1) sums[5 * (i + 1) + k] = (sums[5 * i + k] ?? 0) + (terms[k] ?? 0);
  }
  const between = (from: number, to: number, k: number) => (sums[5 * to + k] ?? 0) - (sums[5 * from + k] ?? 0);
  return (from, to) => {
    const n = to - from;
    const meanX = between(from, to, 0) / n;
    const meanY = between(from, to, 1) / n;
    const xx = between(from, to, 2) - n * meanX * meanX;
    const xy = between(from, to, 3) - n * meanX * meanY;
    const yy = between(from, to, 4) - n * meanY * meanY + 1e-12;
    const slope = xx > 0 ? xy / xx : 0;
    return { r2: xx > 0 && yy > 0 ? (xy * xy) / (xx * yy) : 0, slope, intercept: originY + meanY - slope * (originX + meanX) };
  };
}

/** Index of the first of the ascending `hours` that is at least `hour`. */
export function indexFrom(hours: readonly number[], hour: number): number {
  let low = 0;
  let high = hours.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((hours[middle] ?? 0) < hour) low = middle + 1;
    else high = middle;
  }
  return low;
}
