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
  /** Variables of the program with a name; stacks; then variables of the runtime or without a name, by which everything is known; its stacks. */
  groups: { from: number; to: number }[];
}

/** `isNamed`: of the address of a variable, and not the runtime's. */
export function readGoRoots(
  memory: TargetMemory,
  variables: readonly AddressRange[],
  stacks: { own: readonly AddressRange[]; runtimes: readonly AddressRange[] },
  heap: AddressRange,
  isNamed: (address: number) => boolean,
): GoRoots {
  const all = wordsIn(memory, variables, heap);
  const groups = [
    all.filter(({ place }) => isNamed(place)),
    wordsIn(memory, bounded(stacks.own), heap),
    all.filter(({ place }) => !isNamed(place)),
    wordsIn(memory, bounded(stacks.runtimes), heap),
  ];
  const roots = groups.flat();
  let end = 0;
  return {
    places: Float64Array.from(roots, ({ place }) => place),
    values: Float64Array.from(roots, ({ value }) => value),
    groups: groups.map(({ length }) => {
      end += length;
      return { from: end - length, to: end };
    }),
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
  const window = new TargetWindow(
    memory,
    ranges.reduce((last, { end }) => Math.max(last, end), 0),
  );
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    for (let at = Math.ceil(start / 8) * 8; at + 8 <= end && found.length < mostRoots && window.holds(at, 8); at += 8) {
      const word = window.at(at);
      const top = window.words[word + 1] ?? 0;
      if (top >= least && top <= most) found.push({ place: at, value: wordIn(window.words, word) });
    }
  }
  return found;
}
