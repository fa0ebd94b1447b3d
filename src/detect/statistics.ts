/**
 * The statistics that the rules stand on. All are pure; arrays are read up to `n`, so that callers can reuse their buffers.
 *
 * Sources: Sen 1968 (slope), Kendall 1938 and Hamed & Rao 1998 (trend under autocorrelation),
 * Huber 1964 (robust regression), Marriott & Pope 1954 (bias of the lag-1 autocorrelation).
 */

/** Numbers that a call works on. They are kept for the next one: a typed array costs more to make than a small window to weigh. */
class Room {
  private values = new Float64Array(128);

  of(n: number): Float64Array {
    if (n > this.values.length) this.values = new Float64Array(2 * n);
    return this.values;
  }
}

const orderRoom = new Room();
const slopeRoom = new Room();
const deviationRoom = new Room();

/** Empirical quantile `q` (0 to 1) of the `n` values from `from` on, by linear interpolation. */
export function quantile(values: Float64Array, n: number, q: number, from = 0): number {
  const order = orderRoom.of(n);
  for (let i = 0; i < n; i += 1) order[i] = values[from + i] ?? 0;
  const position = q * (n - 1);
  const low = Math.floor(position);
  const below = selected(order, n, low);
  return below + ((low + 1 < n ? lowest(order, low + 1, n) : below) - below) * (position - low);
}

/** The value that sorting the first `n` would bring to `k`; it stands there then, no higher ones before it and no lower ones behind (Hoare 1961). */
function selected(values: Float64Array, n: number, k: number): number {
  let from = 0;
  let to = n - 1;
  while (from < to) {
    const pivot = values[k] ?? 0;
    let i = from;
    let j = to;
    while (i <= j) {
      while ((values[i] ?? pivot) < pivot) i += 1;
      while ((values[j] ?? pivot) > pivot) j -= 1;
      if (i > j) break;
      const swapped = values[i] ?? 0;
      values[i] = values[j] ?? 0;
      values[j] = swapped;
      i += 1;
      j -= 1;
    }
    if (j < k) from = i;
    if (i > k) to = j;
  }
  return k < n ? (values[k] ?? Number.NaN) : Number.NaN;
}

function lowest(values: Float64Array, from: number, to: number): number {
  let low = values[from] ?? Number.NaN;
  for (let i = from + 1; i < to; i += 1) {
    const value = values[i] ?? low;
    if (value < low) low = value;
  }
  return low;
}

function highest(values: Float64Array, from: number, to: number): number {
  let high = values[from] ?? Number.NaN;
  for (let i = from + 1; i < to; i += 1) {
    const value = values[i] ?? high;
    if (value > high) high = value;
  }
  return high;
}

/** Median absolute deviation, scaled to the standard deviation of a normal. */
export function robustDeviation(values: Float64Array, n: number): number {
  const center = quantile(values, n, 0.5);
  const deviations = deviationRoom.of(n);
  for (let i = 0; i < n; i += 1) deviations[i] = Math.abs((values[i] ?? 0) - center);
  return 1.4826 * quantile(deviations, n, 0.5);
}

export interface TheilSen {
  slope: number;
  intercept: number;
  /** Kendall's tau of y against x, -1 to 1. */
  tau: number;
}

/** Median of all pairwise slopes. O(n²): for at most some dozens of points. */
export function theilSen(x: Float64Array, y: Float64Array, n: number): TheilSen {
  const pairs = (n * (n - 1)) / 2;
  const slopes = slopeRoom.of(pairs);
  let p = 0;
  let concordant = 0;
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 1; j < n; j += 1) {
      const rise = (y[j] ?? 0) - (y[i] ?? 0);
      slopes[p] = rise / ((x[j] ?? 0) - (x[i] ?? 0));
      p += 1;
      concordant += Math.sign(rise);
    }
  }
  const upper = selected(slopes, pairs, pairs >> 1);
  const slope = pairs % 2 === 1 ? upper : (highest(slopes, 0, pairs >> 1) + upper) / 2;
  const offsets = deviationRoom.of(n);
  for (let i = 0; i < n; i += 1) offsets[i] = (y[i] ?? 0) - slope * (x[i] ?? 0);
  return { slope, intercept: quantile(offsets, n, 0.5), tau: concordant / pairs };
}

/** Puts for each of the first `n` values the lowest from it on into `into`, and returns that. */
export function lowestFromHereOn(values: Float64Array, n: number, into: Float64Array): Float64Array {
  let low = Number.POSITIVE_INFINITY;
  for (let i = n - 1; i >= 0; i -= 1) {
    const value = values[i] ?? 0;
    if (value < low) low = value;
    into[i] = low;
  }
  return into;
}

export interface Regression {
  /** One coefficient a column. */
  coefficients: Float64Array;
  /** Standard error of each coefficient, widened for autocorrelated residuals. */
  errors: Float64Array;
  /** Of the first `n` rows, until the next regression. */
  residuals: Float64Array;
  /** Sum of squared residuals, unweighted. */
  squaredError: number;
  /** Lag-1 autocorrelation of the residuals, corrected for its bias in short series, 0 to 0.98. */
  autocorrelation: number;
}

const weightRoom = new Room();
const residualRoom = new Room();
const equationRoom = new Room();

/**
 * Huber regression of y on the columns by `rounds` of reweighting (0: ordinary least squares). Null when the columns are collinear.
 */
export function regress(columns: readonly Float64Array[], y: Float64Array, n: number, rounds: number): Regression | null {
  const p = columns.length;
  if (n <= p) return null;
  const weights = weightRoom.of(n).fill(1, 0, n);
  const residuals = residualRoom.of(n);
  const magnitudes = deviationRoom.of(n);
  const equations = equationRoom.of(p * (2 * p + 1));
  for (let round = 0; ; round += 1) {
    if (!solveNormalEquations(columns, y, weights, n, equations)) return null;
    residualsOf(columns, y, n, equations, residuals);
    if (round === rounds) break;
    for (let i = 0; i < n; i += 1) magnitudes[i] = Math.abs(residuals[i] ?? 0);
    const scale = 1.4826 * quantile(magnitudes, n, 0.5) + 1e-12;
    for (let i = 0; i < n; i += 1) weights[i] = Math.min(1, (1.5 * scale) / Math.max(magnitudes[i] ?? 0, 1e-12));
  }
  let squaredError = 0;
  let weighted = 0;
  for (let i = 0; i < n; i += 1) {
    const square = (residuals[i] ?? 0) ** 2;
    squaredError += square;
    weighted += (weights[i] ?? 1) * square;
  }
  const autocorrelation = lag1Autocorrelation(residuals, n);
  const inflation = (1 + autocorrelation) / (1 - autocorrelation);
  const variance = (weighted / (n - p)) * inflation;
  const coefficients = new Float64Array(p);
  const errors = new Float64Array(p);
  for (let c = 0; c < p; c += 1) {
    coefficients[c] = coefficientOf(equations, c, p);
    errors[c] = Math.sqrt(Math.max(0, inverseOf(equations, c, p) * variance));
  }
  return { coefficients, errors, residuals, squaredError, autocorrelation };
}

function residualsOf(columns: readonly Float64Array[], y: Float64Array, n: number, solved: Float64Array, into: Float64Array): void {
  into.fill(0, 0, n);
  for (let c = 0; c < columns.length; c += 1) {
    const column = columns[c] ?? y;
    const coefficient = coefficientOf(solved, c, columns.length);
    for (let i = 0; i < n; i += 1) into[i] = (into[i] ?? 0) + coefficient * (column[i] ?? 0);
  }
  for (let i = 0; i < n; i += 1) into[i] = (y[i] ?? 0) - (into[i] ?? 0);
}

/** Lag-1 autocorrelation with its small-sample bias added back, 0 to 0.98. */
export function lag1Autocorrelation(residuals: Float64Array, n: number): number {
  let products = 0;
  let squares = 0;
  for (let i = 0; i < n; i += 1) {
    squares += (residuals[i] ?? 0) ** 2;
    if (i > 0) products += (residuals[i] ?? 0) * (residuals[i - 1] ?? 0);
  }
  if (squares === 0) return 0;
  const raw = products / squares;
  return Math.min(0.98, Math.max(0, raw + (1 + 4 * raw) / n));
}

/**
 * Solves (X'WX) b = X'Wy by Gauss-Jordan in `m`, p rows of X'WX, of what becomes its inverse and of what becomes b; false when it is singular.
 */
function solveNormalEquations(
  columns: readonly Float64Array[],
  y: Float64Array,
  weights: Float64Array,
  n: number,
  m: Float64Array,
): boolean {
  const p = columns.length;
  const width = 2 * p + 1;
  m.fill(0, 0, p * width);
  if (p === 2) {
    addPair(columns[0] ?? y, columns[1] ?? y, y, weights, n, m);
    return gaussJordan(m, p, width);
  }
  for (const [r, a] of columns.entries()) {
    for (let c = r; c < p; c += 1) {
      const sum = weightedProduct(weights, a, columns[c] ?? a, n);
      m[r * width + c] = sum;
      m[c * width + r] = sum;
    }
    m[r * width + p + r] = 1;
    m[r * width + 2 * p] = weightedProduct(weights, a, y, n);
  }
  return gaussJordan(m, p, width);
}

/** The equations of two columns, as nearly all fits have: sums that do not wait for each other take no longer than one. */
function addPair(a: Float64Array, b: Float64Array, y: Float64Array, weights: Float64Array, n: number, m: Float64Array): void {
  let aa = 0;
  let ab = 0;
  let bb = 0;
  let ay = 0;
  let by = 0;
  for (let i = 0; i < n; i += 1) {
    const weight = weights[i] ?? 0;
    const weightedA = weight * (a[i] ?? 0);
    const weightedB = weight * (b[i] ?? 0);
    aa += weightedA * (a[i] ?? 0);
    ab += weightedA * (b[i] ?? 0);
    bb += weightedB * (b[i] ?? 0);
    ay += weightedA * (y[i] ?? 0);
    by += weightedB * (y[i] ?? 0);
  }
  m[0] = aa;
  m[1] = ab;
  m[2] = 1;
  m[4] = ay;
  m[5] = ab;
  m[6] = bb;
  m[8] = 1;
  m[9] = by;
}

function weightedProduct(weights: Float64Array, a: Float64Array, b: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i += 1) sum += (weights[i] ?? 0) * (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Of `p` equations that are solved. */
function coefficientOf(m: Float64Array, c: number, p: number): number {
  return m[c * (2 * p + 1) + 2 * p] ?? 0;
}

function inverseOf(m: Float64Array, c: number, p: number): number {
  return m[c * (2 * p + 1) + p + c] ?? 0;
}

function gaussJordan(m: Float64Array, p: number, width: number): boolean {
  for (let column = 0; column < p; column += 1) {
    let pivot = column;
    for (let r = column + 1; r < p; r += 1) {
      if (Math.abs(m[r * width + column] ?? 0) > Math.abs(m[pivot * width + column] ?? 0)) pivot = r;
    }
    const head = m[pivot * width + column] ?? 0;
    if (Math.abs(head) < 1e-10) return false;
    for (let k = 0; k < width; k += 1) {
      const swapped = m[pivot * width + k] ?? 0;
      m[pivot * width + k] = m[column * width + k] ?? 0;
      m[column * width + k] = swapped / head;
    }
    for (let r = 0; r < p; r += 1) {
      if (r === column) continue;
      const factor = m[r * width + column] ?? 0;
      if (factor === 0) continue;
      for (let k = column; k < width; k += 1) m[r * width + k] = (m[r * width + k] ?? 0) - factor * (m[column * width + k] ?? 0);
    }
  }
  return true;
}

/** A column without its mean. */
export interface Centred {
  values: Float64Array;
  squares: number;
}

/** What a straight line leaves of a column. */
export interface Detrended {
  slope: number;
  mean: number;
  rest: Float64Array;
  squares: number;
}

export function centred(column: Float64Array, n: number, values: Float64Array = new Float64Array(n)): Centred {
  let sum = 0;
  for (let i = 0; i < n; i += 1) sum += column[i] ?? 0;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i += 1) {
    const value = (column[i] ?? 0) - mean;
    values[i] = value;
    squares += value * value;
  }
  return { values, squares };
}

/** Where the points of a fit stand. All that fits over the same places have in common is worked out here and in what it gives, once. */
export class Places {
  readonly x: Float64Array;
  readonly n: number;
  readonly squaresX: number;
  private readonly meanX: number;

  constructor(x: Float64Array, n: number) {
    let sumX = 0;
    for (let i = 0; i < n; i += 1) sumX += x[i] ?? 0;
    this.x = x;
    this.n = n;
    this.meanX = sumX / n;
    let squaresX = 0;
    for (let i = 0; i < n; i += 1) squaresX += ((x[i] ?? 0) - this.meanX) ** 2;
    this.squaresX = squaresX;
  }

  detrended(column: Float64Array, rest: Float64Array = new Float64Array(this.n)): Detrended {
    const { n, x, meanX } = this;
    let sum = 0;
    let product = 0;
    for (let i = 0; i < n; i += 1) {
      sum += column[i] ?? 0;
      product += ((x[i] ?? 0) - meanX) * (column[i] ?? 0);
    }
    const slope = product / Math.max(this.squaresX, 1e-300);
    const mean = sum / n;
    for (let i = 0; i < n; i += 1) rest[i] = (column[i] ?? 0) - mean - slope * ((x[i] ?? 0) - meanX);
    return { slope, mean, rest, squares: sumOfSquares(rest, n) };
  }
}

const lineRoom = new Room();
const besideRoom = new Room();

/**
 * Least squares of y on a straight line in x, and, at little more cost, on the line and one more column at a time
 * (Frisch, Waugh and Lovell 1933). Standard errors are widened for lag-1 autocorrelation of the residuals. It holds until the next is made.
 */
export class LineFit {
  readonly slope: number;
  readonly slopeError: number;
  readonly squaredError: number;
  readonly autocorrelation: number;
  readonly n: number;
  private readonly places: Places;
  private readonly y: Float64Array;
  private readonly meanY: number;
  private readonly residuals: Float64Array;
  /** Sum of squares of y without its mean. */
  private readonly squaresY: number;

  constructor(places: Places, y: Float64Array) {
    const { n } = places;
    const { slope, mean, rest, squares } = places.detrended(y, lineRoom.of(n));
    this.places = places;
    this.n = n;
    this.y = y;
    this.slope = slope;
    this.meanY = mean;
    this.residuals = rest;
    this.squaredError = squares;
    this.autocorrelation = lag1Autocorrelation(rest, n);
    this.slopeError = Math.sqrt(residualVariance(squares, this.autocorrelation, n - 2) / Math.max(places.squaresX, 1e-300));
    let squaresY = 0;
    for (let i = 0; i < n; i += 1) {
      const value = (y[i] ?? 0) - mean;
      squaresY += value * value;
    }
    this.squaresY = squaresY;
  }

  /** The line and a column together; null when the column is a straight line itself. */
  with(
    column: Detrended,
  ): { slope: number; slopeError: number; coefficient: number; coefficientError: number; squaredError: number } | null {
    const { n } = this;
    const { rest, squares } = column;
    if (squares < 1e-12) return null;
    let product = 0;
    for (let i = 0; i < n; i += 1) product += (rest[i] ?? 0) * (this.residuals[i] ?? 0);
    const coefficient = product / squares;
    const left = besideRoom.of(n);
    for (let i = 0; i < n; i += 1) left[i] = (this.residuals[i] ?? 0) - coefficient * (rest[i] ?? 0);
    const squaredError = sumOfSquares(left, n);
    const variance = residualVariance(squaredError, lag1Autocorrelation(left, n), n - 3);
    return {
      slope: this.slope - coefficient * column.slope,
      slopeError: Math.sqrt(variance * (1 / Math.max(this.places.squaresX, 1e-300) + (column.slope * column.slope) / squares)),
      coefficient,
      coefficientError: Math.sqrt(variance / squares),
      squaredError,
    };
  }

  /** A column in place of the line. */
  insteadBy({ values, squares }: Centred): { coefficient: number; squaredError: number } {
    const { n, y, meanY } = this;
    let product = 0;
    for (let i = 0; i < n; i += 1) product += (values[i] ?? 0) * ((y[i] ?? 0) - meanY);
    const coefficient = product / Math.max(squares, 1e-300);
    return { coefficient, squaredError: Math.max(0, this.squaresY - coefficient * product) };
  }
}

function residualVariance(squaredError: number, autocorrelation: number, freedom: number): number {
  return (squaredError / Math.max(1, freedom)) * ((1 + autocorrelation) / (1 - autocorrelation));
}

function sumOfSquares(values: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i += 1) sum += (values[i] ?? 0) ** 2;
  return sum;
}
