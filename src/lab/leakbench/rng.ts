/**
 * Seeded random numbers (sfc32, seeded by an FNV-1a hash of a text), so that a case is the same on every machine.
 * `Math.random` is never used in the benchmark.
 */
export interface Rng {
  /** Uniform in [0, 1). */
  unit(): number;
  uniform(low: number, high: number): number;
  logUniform(low: number, high: number): number;
  /** Integer in [low, high]. */
  integer(low: number, high: number): number;
  normal(): number;
  /** Log-normal with the given mean and shape. */
  logNormal(mean: number, sigma: number): number;
  exponential(mean: number): number;
  poisson(mean: number): number;
  /** Lomax: heavy tail from 0, index `alpha`. */
  pareto(alpha: number): number;
  chance(probability: number): boolean;
  pick<T>(options: readonly [T, ...T[]]): T;
}

export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // A last mixing round: FNV leaves the low bits of similar texts alike.
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export function createRng(seedText: string): Rng {
  const unit = sfc32(hashText(`${seedText}/a`), hashText(`${seedText}/b`), hashText(`${seedText}/c`));
  let spare: number | undefined;
  function normal(): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - unit()));
    const angle = 2 * Math.PI * unit();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
  const exponential = (mean: number) => -mean * Math.log(1 - unit());
  return {
    unit,
    uniform: (low, high) => low + (high - low) * unit(),
    logUniform: (low, high) => low * (high / low) ** unit(),
    integer: (low, high) => low + Math.floor((high - low + 1) * unit()),
    normal,
    logNormal: (mean, sigma) => mean * Math.exp(sigma * normal() - (sigma * sigma) / 2),
    exponential,
    poisson: (mean) => poisson(mean, unit, normal),
    pareto: (alpha) => (1 - unit()) ** (-1 / alpha) - 1,
    chance: (probability) => unit() < probability,
    pick: (options) => options[Math.floor(unit() * options.length)] ?? options[0],
  };
}

function sfc32(seedA: number, seedB: number, seedC: number): () => number {
  let a = seedA | 0;
  let b = seedB | 0;
  let c = seedC | 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i += 1) next();
  return next;
}

function poisson(mean: number, unit: () => number, normal: () => number): number {
  if (mean <= 0) return 0;
  if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
  const floor = Math.exp(-mean);
  let count = 0;
  let product = unit();
  while (product > floor) {
    count += 1;
    product *= unit();
  }
  return count;
}
