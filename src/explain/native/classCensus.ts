/**
 * Of any allocator: words that point to a table of virtual functions are objects of that class. Plain blocks can't be seen this way, nor who holds
 * what; the size of an object is the least distance between two.
 */
import type { GrowingThing } from '../growingThing.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { TargetWindow } from '../targetWindow.ts';
import { type Look, whatGrows } from '../threeLooks.ts';
import { BlockSample, markOf } from './blockSample.ts';
import { lowestAddress, type WordKinds } from './wordKinds.ts';

const markWords = 8;
const leastSurvival = 0.3;

export interface ClassLook extends Look {
  gaps: number[];
}

export function lookAtClasses(memory: TargetMemory, words: WordKinds, every: number): ClassLook {
  const regions = memory.regions();
  words.setRegions(regions, []);
  const counts: number[] = [];
  const gaps: number[] = [];
  const last: number[] = [];
  const sample = new BlockSample(every);
  for (const region of regions.filter(({ writable, path }) => writable && (path === '' || path === '[heap]'))) {
    const window = new TargetWindow(memory, region.end);
    for (const [start, end] of memory.present(region.start, region.end)) {
      for (let at = start; at < end && window.holds(at, 8); at += 8) {
        const word = window.at(at);
        const [low, high] = [window.words[word] ?? 0, window.words[word + 1] ?? 0];
        if (high >= 0x8000 || (high === 0 && low < lowestAddress)) continue;
        const kind = words.kindOf(low, high);
        if (words.typeName(kind) === null) continue;
        counts[kind] = (counts[kind] ?? 0) + 1;
        gaps[kind] = Math.min(gaps[kind] ?? Number.POSITIVE_INFINITY, at - (last[kind] ?? Number.NEGATIVE_INFINITY));
        last[kind] = at;
        if (sample.wants(at)) sample.add(at, kind, markOf(window.words, word, markWords));
      }
    }
  }
  return { counts, bytes: counts.map((count, kind) => count * gapOf(gaps, kind)), gaps, sample: sample.without(new Set()) };
}

function gapOf(gaps: readonly number[], kind: number): number {
  const gap = gaps[kind] ?? 0;
  return gap < 1 << 20 ? gap : 16;
}

/** `looks`: of one process, at three times. */
export function classGrowth(words: WordKinds, looks: readonly [ClassLook, ClassLook, ClassLook], every: number): GrowingThing[] {
  const gaps = looks[2].gaps;
  // The same size at every look, or a distance found later would count as growth.
  const fixed = looks.map((look) => ({ ...look, bytes: look.counts.map((count, kind) => count * gapOf(gaps, kind)) }));
  const [first, second, third] = fixed;
  if (first === undefined || second === undefined || third === undefined) return [];
  return whatGrows([first, second, third])
    .filter(({ survival, growthCount, born }) => {
      const gone = Math.max(0, born * every - growthCount);
      return (survival ?? 1) >= leastSurvival && growthCount >= 8 && growthCount > 3 * Math.sqrt(2 * gone * every);
    })
    .map(({ kind, counts, growthBytes, survival }) => ({
      type: words.typeName(kind) ?? '',
      place: null,
      counts,
      growthBytes,
      survival,
      owner: null,
      path: [],
      pattern: null,
    }));
}
