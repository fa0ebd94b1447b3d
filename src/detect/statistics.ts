/**
 * The statistics that the rules stand on. All are pure; arrays are read up to `n`, so that callers can reuse their buffers.
 *
 * Sources: Sen 1968 (slope), Kendall 1938 and Hamed & Rao 1998 (trend under autocorrelation),
 * Huber 1964 (robust regression), Marriott & Pope 1954 (bias of the lag-1 autocorrelation).
 */

const scratch = new Float64Array(4096);

/** Empirical quantile `q` (0 to 1) of the first `n` values, by linear interpolation. */
export function quantile(values: Float64Array, n: number, q: number): number {
  const sorted = (n <= scratch.length ? scratch : new Float64Array(n)).subarray(0, n);
  sorted.set(values.subarray(0, n));
  sorted.sort();
  const position = q * (n - 1);
  const low = Math.floor(position);
  const below = sorted[low] ?? Number.NaN;
  const above = sorted[Math.min(low + 1, n - 1)] ?? Number.NaN;
  return below + (above - below) * (position - low);
}

/** Median absolute deviation, scaled to the standard deviation of a normal. */
export function robustDeviation(values: Float64Array, n: number): number {
  const center = quantile(values, n, 0.5);
  const deviations = new Float64Array(n);
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
  const slopes = pairs <= scratch.length ? new Float64Array(scratch.buffer, 0, pairs) : new Float64Array(pairs);
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
  slopes.sort();
  const slope = pairs % 2 === 1 ? (slopes[pairs >> 1] ?? 0) : ((slopes[pairs / 2 - 1] ?? 0) + (slopes[pairs / 2] ?? 0)) / 2;
  const offsets = new Float64Array(n);
  for (let i = 0; i < n; i += 1) offsets[i] = (y[i] ?? 0) - slope * (x[i] ?? 0);
  return { slope, intercept: quantile(offsets, n, 0.5), tau: concordant / pairs };
}

/** For each of the first `n` values the lowest from it on. */
export function lowestFromHereOn(values: Float64Array, n: number): Float64Array {
  const lowest = values.slice(0, n);
  for (let i = n - 2; i >= 0; i -= 1) lowest[i] = Math.min(lowest[i] ?? 0, lowest[i + 1] ?? 0);
  return lowest;
}

export interface Regression {
  /** One coefficient a column. */
  coefficients: Float64Array;
  /** Standard error of each coefficient, widened for autocorrelated residuals. */
  errors: Float64Array;
  residuals: Float64Array;
  /** Sum of squared residuals, unweighted. */
  squaredError: number;
  /** Lag-1 autocorrelation of the residuals, corrected for its bias in short series, 0 to 0.98. */
  autocorrelation: number;
}

/**
 * Huber regression of y on the columns by `rounds` of reweighting (0: ordinary least squares). Null when the columns are collinear.
 */
export function regress(columns: readonly Float64Array[], y: Float64Array, n: number, rounds: number): Regression | null {
  const p = columns.length;
  if (n <= p) return null;
  const weights = new Float64Array(n).fill(1);
  const residuals = new Float64Array(n);
  const magnitudes = new Float64Array(n);
  let inverse: Float64Array | null = null;
  const coefficients = new Float64Array(p);
  for (let round = 0; round <= rounds; round += 1) {
    inverse = solveNormalEquations(columns, y, weights, n, coefficients);
    if (inverse === null) return null;
    for (let i = 0; i < n; i += 1) {
      let fitted = 0;
      for (let c = 0; c < p; c += 1) fitted += (coefficients[c] ?? 0) * (columns[c]?.[i] ?? 0);
      residuals[i] = (y[i] ?? 0) - fitted;
      magnitudes[i] = Math.abs(residuals[i] ?? 0);
    }
    if (round === rounds) break;
    const scale = 1.4826 * quantile(magnitudes, n, 0.5) + 1e-12;
    for (let i = 0; i < n; i += 1) weights[i] = Math.min(1, (1.5 * scale) / Math.max(magnitudes[i] ?? 0, 1e-12));
  }
  if (inverse === null) return null;
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
  const errors = new Float64Array(p);
  for (let c = 0; c < p; c += 1) errors[c] = Math.sqrt(Math.max(0, (inverse[c * p + c] ?? 0) * variance));
  return { coefficients, errors, residuals, squaredError, autocorrelation };
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

/** Solves (X'WX) b = X'Wy by Gauss-Jordan; returns the inverse of X'WX (p × p, row by row), or null when singular. */
function solveNormalEquations(
  columns: readonly Float64Array[],
  y: Float64Array,
  weights: Float64Array,
  n: number,
  coefficients: Float64Array,
): Float64Array | null {
  const p = columns.length;
  const width = 2 * p + 1;
  const m = new Float64Array(p * width);
  for (let r = 0; r < p; r += 1) {
    const a = columns[r];
    if (a === undefined) return null;
    for (let c = r; c < p; c += 1) {
      const b = columns[c];
      if (b === undefined) return null;
      let sum = 0;
      for (let i = 0; i < n; i += 1) sum += (weights[i] ?? 0) * (a[i] ?? 0) * (b[i] ?? 0);
      m[r * width + c] = sum;
      m[c * width + r] = sum;
    }
    let right = 0;
    for (let i = 0; i < n; i += 1) right += (weights[i] ?? 0) * (a[i] ?? 0) * (y[i] ?? 0);
    m[r * width + 2 * p] = right;
    m[r * width + p + r] = 1;
  }
  if (!gaussJordan(m, p, width)) return null;
  const inverse = new Float64Array(p * p);
  for (let r = 0; r < p; r += 1) {
    coefficients[r] = m[r * width + 2 * p] ?? 0;
    for (let c = 0; c < p; c += 1) inverse[r * p + c] = m[r * width + p + c] ?? 0;
  }
  return inverse;
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

/**
 * Least squares of y on a straight line in x, and, at little more cost, on the line and one more column at a time
 * (Frisch, Waugh and Lovell 1933). Standard errors are widened for lag-1 autocorrelation of the residuals.
 */
export class LineFit {
  readonly slope: number;
  readonly slopeError: number;
  readonly squaredError: number;
  readonly autocorrelation: number;
  private readonly x: Float64Array;
  private readonly y: Float64Array;
  private readonly meanY: number;
  readonly n: number;
  private readonly meanX: number;
  private readonly squaresX: number;
  private readonly residuals: Float64Array;

  constructor(x: Float64Array, y: Float64Array, n: number) {
    let sumX = 0;
    for (let i = 0; i < n; i += 1) sumX += x[i] ?? 0;
    this.x = x;
    this.n = n;
    this.meanX = sumX / n;
    let squaresX = 0;
    for (let i = 0; i < n; i += 1) squaresX += ((x[i] ?? 0) - this.meanX) ** 2;
    this.squaresX = squaresX;
    this.residuals = new Float64Array(n);
    this.slope = this.detrend(y, this.residuals);
    this.squaredError = sumOfSquares(this.residuals, n);
    this.autocorrelation = lag1Autocorrelation(this.residuals, n);
    this.y = y;
    let sumY = 0;
    for (let i = 0; i < n; i += 1) sumY += y[i] ?? 0;
    this.meanY = sumY / n;
    this.slopeError = Math.sqrt(this.residualVariance(this.residuals, n - 2) / Math.max(squaresX, 1e-300));
  }

  /** The line and `column` together; null when the column is a straight line itself. */
  with(
    column: Float64Array,
  ): { slope: number; slopeError: number; coefficient: number; coefficientError: number; squaredError: number } | null {
    const { n } = this;
    const rest = new Float64Array(n);
    const columnSlope = this.detrend(column, rest);
    const squares = sumOfSquares(rest, n);
    if (squares < 1e-12) return null;
    let product = 0;
    for (let i = 0; i < n; i += 1) product += (rest[i] ?? 0) * (this.residuals[i] ?? 0);
    const coefficient = product / squares;
    for (let i = 0; i < n; i += 1) rest[i] = (this.residuals[i] ?? 0) - coefficient * (rest[i] ?? 0);
    const variance = this.residualVariance(rest, n - 3);
    return {
      slope: this.slope - coefficient * columnSlope,
      slopeError: Math.sqrt(variance * (1 / Math.max(this.squaresX, 1e-300) + (columnSlope * columnSlope) / squares)),
      coefficient,
      coefficientError: Math.sqrt(variance / squares),
      squaredError: sumOfSquares(rest, n),
    };
  }

  /** Another column in place of the line. */
  insteadBy(column: Float64Array): { coefficient: number; squaredError: number } {
    const { n } = this;
    let sum = 0;
    for (let i = 0; i < n; i += 1) sum += column[i] ?? 0;
    const mean = sum / n;
    let product = 0;
    let squares = 0;
    let total = 0;
    for (let i = 0; i < n; i += 1) {
      const c = (column[i] ?? 0) - mean;
      const v = (this.y[i] ?? 0) - this.meanY;
      product += c * v;
      squares += c * c;
      total += v * v;
    }
    const coefficient = product / Math.max(squares, 1e-300);
    return { coefficient, squaredError: Math.max(0, total - coefficient * product) };
  }

  private detrend(y: Float64Array, into: Float64Array): number {
    const { n, x, meanX } = this;
    let sumY = 0;
    let product = 0;
    for (let i = 0; i < n; i += 1) {
      sumY += y[i] ?? 0;
      product += ((x[i] ?? 0) - meanX) * (y[i] ?? 0);
    }
    const slope = product / Math.max(this.squaresX, 1e-300);
    const meanY = sumY / n;
    for (let i = 0; i < n; i += 1) into[i] = (y[i] ?? 0) - meanY - slope * ((x[i] ?? 0) - meanX);
    return slope;
  }

  private residualVariance(residuals: Float64Array, freedom: number): number {
    const autocorrelation = lag1Autocorrelation(residuals, this.n);
    return (sumOfSquares(residuals, this.n) / Math.max(1, freedom)) * ((1 + autocorrelation) / (1 - autocorrelation));
  }
}

function sumOfSquares(values: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i += 1) sum += (values[i] ?? 0) ** 2;
  return sum;
}
