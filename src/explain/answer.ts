/** What was found, in one paragraph that is useful at 3 a.m. Pure. */
import type { GrowingPart } from '../model/evidence.ts';
import { formatBytes, formatDuration } from '../model/units.ts';
import type { GrowingThing } from './growingThing.ts';
import { leakPatterns, patternOf } from './patterns.ts';

const mostParts = 20;
const mostTexts = 6;
const leastRatePerSecond = 1;
/** Of all memory of the process, while nothing in its heap is seen to grow. */
const leastGrewBytes = 512 << 10;

/** `intervalMs`: of the slower of the two intervals. `showTexts`: the owner wants texts as they are. */
export function growingParts(things: readonly GrowingThing[], intervalMs: number, showTexts: boolean): GrowingPart[] {
  return things
    .slice(0, mostParts)
    .map((thing) => ({ ...thing, pattern: patternOf(thing) }))
    .map(({ type, place, counts, isAllocation, isOneBlock, growthBytes, survival, owner, path, pattern, contents = [] }) => ({
      type,
      place,
      counts,
      ...(isAllocation === undefined ? {} : { isAllocation }),
      ...(isOneBlock === undefined ? {} : { isOneBlock }),
      bytesPerSecond: Math.max(0, growthBytes / Math.max(leastRatePerSecond, intervalMs / 1000)),
      survival,
      owner,
      path: withoutRepeats(path),
      pattern: pattern === null ? null : leakPatterns[pattern],
      contents: contents.slice(0, mostTexts).map((text) => (showTexts ? text : maskText(text))),
    }));
}

/** A chain goes through many of a kind, one after the other. */
function withoutRepeats(path: readonly string[]): string[] {
  const starts = path.map((step, at) => ({ step, at })).filter(({ step, at }) => step !== path[at - 1]);
  return starts.map(({ step, at }, index) => {
    const times = (starts[index + 1]?.at ?? path.length) - at;
    return times === 1 ? step : `${step} (${times} times)`;
  });
}

/** Its shape stays, its words don't: `audit req=# path=/api` → `xxxxx xxx=# xxxx=/xxx`. */
function maskText(text: string): string {
  return text.replace(/\p{L}/gu, 'x').replace(/\d/g, '#');
}

interface Asked {
  name: string;
  runtime: string;
  /** Only a part of the heap can be told apart. */
  isPartial?: boolean;
  spanMs: number;
  /** By how much all memory of the process became more, where it did both times. */
  grewBytes: number;
}

export function answerOf(parts: readonly GrowingPart[], { name, runtime, isPartial = false, spanMs, grewBytes }: Asked): string {
  const [first, ...rest] = parts;
  if (first === undefined) {
    const nothing = `In ${formatDuration(spanMs)} nothing ${isPartial ? 'that can be told apart ' : ''}in the heap of ${name} (${runtime}) grew and stayed`;
    if (grewBytes >= leastGrewBytes)
      return `${nothing}, though its memory as a whole grew by ${formatBytes(grewBytes)}: garbage that waits for its collector, freed memory that is kept, or something that is not seen from outside. Look over a longer time: --for 5m.`;
    return `${nothing}. When it grows only now and then, look over a longer time: --for 5m.`;
  }
  const { type, place, bytesPerSecond, survival, owner, pattern } = first;
  const stayed = survival === null ? '' : ` ${Math.round(survival * 100)} % of what came stayed.`;
  const held = owner === null ? '' : ` They are held by ${owner}.`;
  const shape = pattern === null ? '' : ` It looks like a ${pattern.name}: ${pattern.meaning}. ${pattern.fix}`;
  const others = rest.slice(0, 2).map((part) => part.type);
  const also =
    others.length === 0 ? '' : ` Beside it ${others.length > 1 || isPlural(others[0] ?? '') ? 'grow' : 'grows'} ${others.join('; ')}.`;
  return `${type}${place === null ? '' : ` at ${place}`} ${isPlural(type) ? 'grow' : 'grows'}: ${countsText(first)} in ${formatDuration(spanMs)}, ${formatBytes(bytesPerSecond)} a second.${stayed}${held}${shape}${also}`;
}

/** As what has no class is described. */
function isPlural(type: string): boolean {
  return /^(?:blocks|goroutines) /.test(type);
}

export function countsText({ counts, isAllocation = false, isOneBlock = false, isScript = false }: GrowingPart): string {
  if (isScript) return `${counts[2]} requests seen alone`;
  return counts.map((count) => (isAllocation || isOneBlock ? formatBytes(count) : Math.round(count))).join(' → ');
}
