/**
 * Words outside of Go's heap that lead into it: variables of the program, and the stacks of its goroutines, each of which says how far it is in use.
 * Read before the heap, so that what they refer to is in it.
 */
import type { TargetMemory } from '../targetMemory.ts';
import { TargetWindow } from '../targetWindow.ts';
import type { AddressRange } from './goProgram.ts';
import { wordIn } from './goWords.ts';

const mostRoots = 500_000;
const mostStackBytes = 64 << 20;

export interface GoRoots {
  /** Where each lies, and the address that is there. */
  places: Float64Array;
  values: Float64Array;
  /** Variables of the program; stacks; then what is the runtime's own, by which everything is known and nothing is named. */
  groups: { from: number; to: number }[];
}

/** `isOfRuntime`: of the address of a variable. */
export function readGoRoots(
  memory: TargetMemory,
  variables: readonly AddressRange[],
  stacks: { own: readonly AddressRange[]; runtimes: readonly AddressRange[] },
  heap: AddressRange,
  isOfRuntime: (address: number) => boolean,
): GoRoots {
  const all = wordsIn(memory, variables, heap);
  const own = all.filter(({ place }) => !isOfRuntime(place));
  const onStacks = wordsIn(memory, bounded(stacks.own), heap);
  const runtimes = [...wordsIn(memory, bounded(stacks.runtimes), heap), ...all.filter(({ place }) => isOfRuntime(place))];
  const roots = [...own, ...onStacks, ...runtimes];
  return {
    places: Float64Array.from(roots, ({ place }) => place),
    values: Float64Array.from(roots, ({ value }) => value),
    groups: [
      { from: 0, to: own.length },
      { from: own.length, to: own.length + onStacks.length },
      { from: own.length + onStacks.length, to: roots.length },
    ],
  };
}

function bounded(stacks: readonly AddressRange[]): AddressRange[] {
  let bytesLeft = mostStackBytes;
  return stacks.filter(({ start, end }) => {
    bytesLeft -= end - start;
    return bytesLeft >= 0;
  });
}

function wordsIn(memory: TargetMemory, ranges: readonly AddressRange[], heap: AddressRange): { place: number; value: number }[] {
  const found: { place: number; value: number }[] = [];
  const [least, most] = [Math.floor(heap.start / 2 ** 32), Math.floor(heap.end / 2 ** 32)];
  const window = new TargetWindow(memory, ranges.reduce((last, { end }) => Math.max(last, end), 0));
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    for (let at = Math.ceil(start / 8) * 8; at + 8 <= end && found.length < mostRoots && window.holds(at, 8); at += 8) {
      const word = window.at(at);
      const top = window.words[word + 1] ?? 0;
      if (top >= least && top <= most) found.push({ place: at, value: wordIn(window.words, word) });
    }
  }
  return found;
}
