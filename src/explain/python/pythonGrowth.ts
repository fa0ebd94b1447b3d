/** From three looks at a Python process to what grows in it and who holds it. */
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import { type Growing, whatGrows } from '../threeLooks.ts';
import type { PythonLook } from './pythonCensus.ts';
import { PythonClimb, type PythonPath } from './pythonClimb.ts';
import type { PythonType, PythonValues } from './pythonValues.ts';

const mostThings = 5;
const mostFollowed = 4;
const leastSurvival = 0.5;
const leastGrowthBytes = 16_384;

export function pythonGrowth(
  values: PythonValues,
  types: readonly PythonType[],
  looks: readonly [PythonLook, PythonLook, PythonLook],
): GrowingThing[] {
  const growing = whatGrows(looks).filter(({ growthBytes, growthCount, survival }) => {
    return growthBytes >= leastGrowthBytes && growthCount > 0 && (survival ?? 0) >= leastSurvival;
  });
  const isOfProgram = ({ kind }: Growing) => types[kind]?.isOfProgram === true;
  // What a class of the program has in it are built-in objects: where such a class grows, these are a part of it.
  const first = growing.some(isOfProgram) ? growing.filter(isOfProgram) : growing;
  const climb = new PythonClimb(values, new Map(types.map((type) => [type.address, type])), looks[2]);
  const bytes = growing.reduce((sum, { growthBytes }) => sum + growthBytes, 0);
  return first.slice(0, mostThings).map((each, index) => {
    const path = named(climb.climb(each.survivors.slice(-mostFollowed)));
    return {
      type: types[each.kind]?.name ?? 'an object',
      place: null,
      counts: each.counts,
      growthBytes: index === 0 && first.length === 1 ? bytes : each.growthBytes,
      survival: each.survival,
      owner: path?.path[0] ?? null,
      path: path?.path ?? [],
      pattern: path === null ? null : patternOf(path),
    };
  });
}

/** A way that ends in something the interpreter keeps for itself, or in what has no name, says nothing of the program: better none. */
function named(path: PythonPath | null): PythonPath | null {
  const root = path?.path[0] ?? '';
  return /\.[A-Za-z]\w*$/.test(root) && !root.includes('.__') ? path : null;
}

function patternOf({ through }: PythonPath): LeakPattern | null {
  if (through.includes('functools._lru_cache_wrapper')) return 'memo-without-limit';
  if (through.some((type) => type.startsWith('_thread._local'))) return 'thread-local';
  const [container] = through.filter((type) => type === 'dict' || type === 'list');
  if (container === undefined) return null;
  return container === 'list' ? 'list-only-grows' : 'map-without-eviction';
}
