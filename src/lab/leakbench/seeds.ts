import type { SeedSet } from './case.ts';
import { hashText } from './rng.ts';

/** Whether a seed of a family is one to tune on: an even hash. Odd ones are for reporting only. */
function isTuningSeed(family: string, seed: number): boolean {
  return hashText(`${family}#${seed}`) % 2 === 0;
}

/** Seeds `from`..`to` (both included) of the wanted set. */
export function seedsOf(family: string, from: number, to: number, set: SeedSet): number[] {
  const seeds: number[] = [];
  for (let seed = from; seed <= to; seed += 1) {
    if (set === 'all' || isTuningSeed(family, seed) === (set === 'tune')) seeds.push(seed);
  }
  return seeds;
}
