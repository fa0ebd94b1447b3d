/**
 * What refers into the heap from outside: native memory, and the stacks of Java threads. Compiled code keeps references in its frames as it
 * has them in the heap, in 4 bytes, so that a variable that is on a stack only is found in either form.
 */
import type { Jvm } from './javaCensus.ts';
import { type JavaHeapBounds, unitOf } from './javaHeap.ts';
import { javaThreads } from './javaThreads.ts';

const windowBytes = 1 << 17;
const mostWords = 1_000_000;
const largestStack = 1 << 30;
const pieceWords = 1 << 12;
/**
 * So many addresses, half of what there is room for, are no roots: the collector's lists of work keep those of all that it has gone through, which
 * would then hold most of the heap.
 */
const mostInPiece = pieceWords / 4;
const inPiece = new Float64Array(pieceWords / 2);

interface Stack {
  start: number;
  end: number;
}

/** Units in the heap that something outside may refer to. */
export function wordsOutside(jvm: Jvm): Set<number> {
  const found = new Set<number>();
  const window = new Uint32Array(windowBytes / 4);
  const { memory, bounds } = jvm;
  const stacks = javaStacks(jvm);
  for (const region of memory.regions()) {
    if (!region.writable || region.path.startsWith('/') || (region.start < bounds.end && region.end > bounds.start)) continue;
    for (const [start, end] of without(stacks, region.start, region.end)) addWords(jvm, start, end, window, found, wholeWords);
  }
  for (const { start, end } of stacks) {
    addWords(jvm, start, end, window, found, wholeWords);
    if (bounds.oopShift !== null) addWords(jvm, start, end, window, found, narrowWords);
  }
  return found;
}

/** Of each Java thread what is in use: from where it last left Java, or of one that runs the whole stack. */
function javaStacks({ vm }: Jvm): Stack[] {
  const [base, size] = [
    vm.field('JavaThread::_stack_base', 'Thread::_stack_base'),
    vm.field('JavaThread::_stack_size', 'Thread::_stack_size'),
  ];
  const lastSp = vm.field('JavaThread::_anchor') + vm.field('JavaFrameAnchor::_last_Java_sp');
  const stacks: Stack[] = [];
  for (const thread of javaThreads(vm)) {
    const end = vm.word(thread + base);
    const bytes = vm.word(thread + size);
    if (!(end > 0) || !(bytes > 0) || bytes > largestStack) continue;
    const sp = vm.word(thread + lastSp);
    stacks.push({ start: sp > end - bytes && sp < end ? sp : Math.max(0, end - bytes), end });
  }
  return stacks.sort((a, b) => a.start - b.start);
}

/** What is left of a range, and of the stacks in it not what is no longer in use either: that lies below each, in the same region. */
function without(stacks: readonly Stack[], start: number, end: number): [number, number][] {
  const inside = stacks.filter((stack) => stack.start < end && stack.end > start);
  const last = inside.at(-1);
  return last === undefined ? [[start, end]] : [[Math.min(end, last.end), end]];
}

type Look = (bounds: JavaHeapBounds, words: Uint32Array, length: number, found: Set<number>) => void;

function addWords({ memory, bounds }: Jvm, start: number, end: number, words: Uint32Array, found: Set<number>, look: Look): void {
  const bytes = new Uint8Array(words.buffer);
  const firstPage = start - (start % 4096);
  for (const [from, to] of memory.present(firstPage, end + ((4096 - (end % 4096)) % 4096))) {
    for (let at = Math.max(from, start); at < Math.min(to, end); at += windowBytes) {
      const length = memory.read(at, bytes.subarray(0, Math.min(windowBytes, Math.min(to, end) - at))) >>> 2;
      look(bounds, words, length, found);
    }
  }
}

/** As the interpreter and handles have them. */
export const wholeWords: Look = (bounds, words, length, found) => {
  for (let from = 0; from < length; from += pieceWords) {
    const count = wholeWordsIn(bounds, words, from, Math.min(length, from + pieceWords));
    if (count > mostInPiece) continue;
    for (let index = 0; index < count && found.size < mostWords; index += 1) found.add(inPiece[index] ?? 0);
  }
};

/** How many there are; their units are in `inPiece`. */
function wholeWordsIn(bounds: JavaHeapBounds, words: Uint32Array, from: number, to: number): number {
  const { start, end } = bounds;
  const [firstHigh, lastHigh] = [Math.floor(start / 2 ** 32), Math.floor((end - 1) / 2 ** 32)];
  let count = 0;
  for (let word = from; word + 1 < to; word += 2) {
    const high = words[word + 1] ?? 0;
    if (high < firstHigh || high > lastHigh) continue;
    const low = words[word] ?? 0;
    if ((low & 7) !== 0) continue;
    const address = low + high * 2 ** 32;
    if (address < start || address >= end) continue;
    inPiece[count] = unitOf(bounds, address);
    count += 1;
  }
  return count;
}

const narrowWords: Look = (bounds, words, length, found) => {
  const { start, end, oopShift, oopBase } = bounds;
  for (let word = 0; word < length; word += 1) {
    const address = oopBase + (words[word] ?? 0) * 2 ** (oopShift ?? 0);
    if (address >= start && address < end && address % 8 === 0 && found.size < mostWords) found.add(unitOf(bounds, address));
  }
};
