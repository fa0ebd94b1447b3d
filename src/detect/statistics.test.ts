import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalNoise } from './samplesForTests.ts';
import { centred, LineFit, lag1Autocorrelation, Places, quantile, regress, robustDeviation, theilSen } from './statistics.ts';

// Eight points whose answers below were computed with scipy 1.17.1 and numpy.
const x = Float64Array.of(0, 1, 2, 3, 5, 8, 13, 21);
const y = Float64Array.of(2, 3.1, 2.7, 5.2, 6.1, 10.4, 12.9, 25.3);
const other = Float64Array.of(1, 4, 2, 8, 5, 7, 1, 3);
const ones = new Float64Array(8).fill(1);
const places = new Places(x, 8);
const fitOf = (values: Float64Array) => new LineFit(places, values);

function close(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);
}

const columnsOf = (n: number) =>
  fc.tuple(
    fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: n, maxLength: n }),
    fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: n, maxLength: n }),
  );
/** Rising times and any values. */
const points = fc
  .integer({ min: 3, max: 40 })
  .chain(columnsOf)
  .map(([gaps, values]) => {
    let at = 0;
    const times = gaps.map((gap) => {
      at += gap;
      return at;
    });
    return { x: Float64Array.from(times), y: Float64Array.from(values), n: values.length };
  });

const sumOfSquares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);

test('quantiles as numpy has them', () => {
  for (const [q, expected] of [
    [0, 2],
    [0.05, 2.245],
    [0.25, 3],
    [0.5, 5.65],
    [0.9, 16.62],
    [1, 25.3],
  ] as const) {
    close(quantile(y, 8, q), expected);
  }
  close(quantile(Float64Array.of(9, 1, 1000), 2, 0.5), 5);
  assert.deepEqual([...y], [2, 3.1, 2.7, 5.2, 6.1, 10.4, 12.9, 25.3], 'what was given is left as it was');
});

test('a quantile lies between values and splits them, with more values than the shared room holds too', () => {
  const long = Float64Array.from({ length: 5001 }, (_, i) => (i * 7919) % 5001);
  close(quantile(long, 5001, 0.5), 2500);
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
      const result = quantile(Float64Array.from(values), values.length, q);
      const below = values.filter((value) => value < result).length;
      const above = values.filter((value) => value > result).length;
      assert.ok(below <= Math.ceil(q * (values.length - 1) + 1e-9) && above <= Math.ceil((1 - q) * (values.length - 1) + 1e-9));
    }),
  );
});

test('robust deviation as scipy has it; one wild value changes nothing', () => {
  close(robustDeviation(y, 8), 4.892587321068487, 1e-4);
  const wild = Float64Array.of(5, 6, 7, 8, 9, 1e12);
  assert.ok(robustDeviation(wild, 6) < 4);
});

test('Theil-Sen and Kendall as scipy has them', () => {
  const { slope, intercept, tau } = theilSen(x, y, 8);
  close(slope, 1.05);
  close(tau, 0.9285714285714285);
  close(intercept, 2);
});

test('Theil-Sen is the median of all pairwise slopes, and tau counts the pairs', () => {
  fc.assert(
    fc.property(points, ({ x: times, y: values, n }) => {
      const slopes: number[] = [];
      let rising = 0;
      for (let i = 0; i < n; i += 1) {
        for (let j = i + 1; j < n; j += 1) {
          const rise = (values[j] ?? 0) - (values[i] ?? 0);
          slopes.push(rise / ((times[j] ?? 0) - (times[i] ?? 0)));
          rising += Math.sign(rise);
        }
      }
      slopes.sort((a, b) => a - b);
      const middle = slopes.length >> 1;
      const upper = slopes[middle] ?? 0;
      const median = slopes.length % 2 === 1 ? upper : ((slopes[middle - 1] ?? 0) + upper) / 2;
      const result = theilSen(times, values, n);
      close(result.slope, median);
      close(result.tau, rising / slopes.length);
      const offsets = Float64Array.from(values, (value, i) => value - median * (times[i] ?? 0));
      close(result.intercept, quantile(offsets, n, 0.5), 1e-6);
    }),
  );
});

test('Theil-Sen over more pairs than the shared room holds', () => {
  const n = 120;
  const times = Float64Array.from({ length: n }, (_, i) => i);
  const result = theilSen(
    times,
    times.map((t) => 3 * t + (t % 10 === 5 ? 500 : 0)),
    n,
  );
  close(result.slope, 3, 0.1);
});

test('least squares with standard errors as numpy has them', () => {
  const fit = regress([ones, x, other], y, 8, 0);
  assert.ok(fit !== null);
  // The residuals alternate, so that nothing is widened.
  assert.equal(fit.autocorrelation, 0);
  for (const [c, expected] of [0.5965482102362408, 1.0811974337629526, 0.18142420415075924].entries())
    close(fit.coefficients[c] ?? 0, expected);
  for (const [c, expected] of [1.0280800846530975, 0.0698198424323779, 0.18998301243301813].entries()) close(fit.errors[c] ?? 0, expected);
  close(fit.squaredError, 8.686637841949654);
});

test('what least squares leaves over is orthogonal to every column', () => {
  fc.assert(
    fc.property(points, ({ x: times, y: values, n }) => {
      fc.pre(n > 4);
      const u = times.map((t) => t / (times[n - 1] ?? 1));
      const columns = [new Float64Array(n).fill(1), u, u.map((v) => (v - 0.5) ** 2)];
      const fit = regress(columns, values, n, 0);
      if (fit === null) return;
      const scale = Math.sqrt(sumOfSquares(values)) + 1;
      for (const column of columns) {
        const product = column.reduce((sum, value, i) => sum + value * (fit.residuals[i] ?? 0), 0);
        assert.ok(Math.abs(product) < 1e-6 * scale * Math.sqrt(n), `${product}`);
      }
      assert.ok([...fit.errors].every((error) => error >= 0));
    }),
  );
});

test('the robust regression is not drawn by outliers, the plain one is', () => {
  const n = 60;
  const noise = normalNoise(5);
  const u = Float64Array.from({ length: n }, (_, i) => i / n);
  const values = u.map((v, i) => 100 + 50 * v + noise() * 0.5 + (i > 50 && i % 2 === 0 ? 300 : 0));
  const slopeWith = (rounds: number) => regress([new Float64Array(n).fill(1), u], values, n, rounds)?.coefficients[1] ?? 0;
  assert.ok(Math.abs(slopeWith(25) - 50) < 5, `${slopeWith(25)}`);
  assert.ok(Math.abs(slopeWith(0) - 50) > 30, `${slopeWith(0)}`);
});

test('columns that say the same, and too few rows, give no regression', () => {
  assert.equal(regress([ones, x, x.map((v) => 2 * v)], y, 8, 2), null);
  assert.equal(regress([ones, x, other], y, 3, 2), null);
  assert.equal(regress([ones, new Float64Array(8)], y, 8, 0), null);
});

test('autocorrelated residuals are recognised and widen the errors', () => {
  const noise = normalNoise(9);
  const n = 400;
  const series = new Float64Array(n);
  for (let i = 1; i < n; i += 1) series[i] = 0.8 * (series[i - 1] ?? 0) + noise();
  const found = lag1Autocorrelation(series, n);
  assert.ok(found > 0.7 && found < 0.9, `${found}`);
  const white = series.map(() => noise());
  assert.ok(lag1Autocorrelation(white, n) < 0.15);
  assert.equal(lag1Autocorrelation(new Float64Array(10), 10), 0);
  assert.equal(lag1Autocorrelation(Float64Array.of(1, -1, 1, -1, 1, -1), 6), 0, 'alternating is not negative certainty');
  assert.ok(
    lag1Autocorrelation(
      Float64Array.from({ length: 50 }, (_, i) => i),
      50,
    ) <= 0.98,
  );

  const u = Float64Array.from({ length: n }, (_, i) => i / n);
  const fit = new LineFit(new Places(u, n), series);
  const inflation = Math.sqrt((1 + fit.autocorrelation) / (1 - fit.autocorrelation));
  let squaresX = 0;
  for (const v of u) squaresX += (v - (n - 1) / (2 * n)) ** 2;
  close(fit.slopeError, Math.sqrt(fit.squaredError / (n - 2) / squaresX) * inflation, 1e-6);
});

test('a line as scipy fits it', () => {
  const fit = fitOf(y);
  close(fit.slope, 1.0729879101899826);
  close(fit.slopeError, 0.0687781572953756);
  close(fit.squaredError, 10.270956822107076);
});

test('the line with one more column is the full regression', () => {
  const fit = fitOf(y).with(places.detrended(other));
  assert.ok(fit !== null);
  close(fit.slope, 1.0811974337629526);
  close(fit.slopeError, 0.0698198424323779);
  close(fit.coefficient, 0.18142420415075924);
  close(fit.coefficientError, 0.18998301243301813);
  close(fit.squaredError, 8.686637841949654);

  fc.assert(
    fc.property(
      points,
      fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 40, maxLength: 40 }),
      ({ x: times, y: values, n }, more) => {
        fc.pre(n > 4);
        const u = times.map((t) => t / (times[n - 1] ?? 1));
        const column = Float64Array.from(more);
        const full = regress([new Float64Array(n).fill(1), u, column], values, n, 0);
        const grid = new Places(u, n);
        const byParts = new LineFit(grid, values).with(grid.detrended(column));
        if (full === null || byParts === null) return;
        // Near-collinear columns lose digits in either way of computing.
        const tolerance = 1e-5 * (1 + Math.abs(full.coefficients[2] ?? 0) + Math.sqrt(full.squaredError));
        assert.ok(Math.abs(byParts.slope - (full.coefficients[1] ?? 0)) < tolerance);
        assert.ok(Math.abs(byParts.coefficient - (full.coefficients[2] ?? 0)) < tolerance);
        close(byParts.squaredError, full.squaredError, 1e-5);
        // With a perfect fit only rounding is left, whose autocorrelation means nothing.
        if (full.squaredError < 1e-3) return;
        close(byParts.slopeError, full.errors[1] ?? 0, 1e-3);
        close(byParts.coefficientError, full.errors[2] ?? 0, 1e-3);
      },
    ),
  );
});

test('another column in place of the line', () => {
  const { coefficient, squaredError } = fitOf(y).insteadBy(centred(other, 8));
  close(coefficient, -0.1808184143222506);
  close(squaredError, 425.3007672634272);
});

test('a column that is a straight line itself adds nothing and says so', () => {
  assert.equal(fitOf(y).with(places.detrended(x.map((v) => 5 - 2 * v))), null);
});

test('a constant series has no slope, no error and no NaN', () => {
  const flat = new Float64Array(8).fill(42);
  const fit = fitOf(flat);
  assert.deepEqual([fit.slope, fit.slopeError, fit.squaredError], [0, 0, 0]);
  assert.deepEqual(fit.insteadBy(centred(other, 8)), { coefficient: 0, squaredError: 0 });
  assert.deepEqual(theilSen(x, flat, 8), { slope: 0, intercept: 42, tau: 0 });
});
