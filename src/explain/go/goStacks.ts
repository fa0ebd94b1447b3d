/**
 * The stacks of goroutines, and which function has what on them. A goroutine that is not running has noted how far its stack is in use and where its
 * innermost frame ends; each frame says where the one of its caller ends.
 * https://go.dev/src/runtime/runtime2.go (g, gobuf)
 */
import type { TargetMemory } from '../targetMemory.ts';
import type { Goroutine } from './goProfile.ts';
import type { AddressRange } from './goProgram.ts';
import { halvesAt, listsAmong, wordIn } from './goWords.ts';

const recordBytes = 160;
const words = recordBytes / 8;
const mostStackBytes = 1 << 30;
const mostFrames = 500;
const mostWaiting = 32;
const mostGapBytes = 4_096;

export interface GoStack {
  goroutine: number;
  /** The function that it began with. */
  start: number;
  /** What lies below is not in use. */
  pointer: number;
  end: number;
  /** Where the innermost function is, and where its frame ends; 0: it is not known. */
  code: number;
  frame: number;
}

/** Where the list of all goroutines is, of a program without symbols. */
export function findGoroutines(memory: TargetMemory, variables: readonly AddressRange[]): number | null {
  for (const list of listsAmong(memory, variables, recordBytes, (halves, address) => stackIn(halves, address) !== null)) return list;
  return null;
}

export function stackOf(memory: TargetMemory, { address, start }: Pick<Goroutine, 'address' | 'start'>): GoStack | null {
  const halves = halvesAt(memory, address, recordBytes);
  const stack = halves === null ? null : stackIn(halves, address);
  return stack === null ? null : { ...stack, start };
}

/** `stack` comes first. `sched` has its own goroutine behind the stack pointer and the place in the code, and the frame three or four words behind it. */
function stackIn(halves: Uint32Array, goroutine: number): Omit<GoStack, 'start'> | null {
  const [start, end] = [wordIn(halves, 0), wordIn(halves, 2)];
  if (!(start > 0 && end > start && end - start <= mostStackBytes && end < 2 ** 47)) return null;
  const isOnStack = (address: number) => address >= start && address < end;
  for (let word = 5; word + 4 < words; word += 1) {
    if (wordIn(halves, word * 2) !== goroutine) continue;
    const pointer = wordIn(halves, (word - 2) * 2);
    if (!isOnStack(pointer)) return { goroutine, pointer: start, end, code: 0, frame: 0 };
    const frame = [3, 4].map((behind) => wordIn(halves, (word + behind) * 2)).find((each) => each > pointer && isOnStack(each));
    return { goroutine, pointer, end, code: wordIn(halves, (word - 1) * 2), frame: frame ?? 0 };
  }
  return null;
}

/**
 * An address in the code of the function that has this place of the stack in its frame. Where frames can't be followed, below it is where the function
 * goes on after the call that it makes.
 */
export function codeAt(memory: TargetMemory, stack: GoStack, place: number, isCode: (address: number) => boolean): number | null {
  for (const { code, end } of framesOf(memory, stack)) if (place < end) return place >= stack.pointer ? code : null;
  const from = Math.max(stack.pointer, place - mostGapBytes);
  const halves = halvesAt(memory, from, place - from);
  for (let half = (halves?.length ?? 0) - 2; halves !== null && half >= 0; half -= 2) {
    const word = wordIn(halves, half);
    if (isCode(word)) return word;
  }
  return null;
}

/** The innermost first: where in its code each function is, and where its frame ends. As far as they can be followed. */
export function* framesOf(memory: TargetMemory, { pointer, end, code, frame }: GoStack): Generator<{ code: number; end: number }> {
  let [inFrame, last] = [code, frame];
  for (let count = 0; count < mostFrames && inFrame > 0 && last >= pointer && last + 16 <= end; count += 1) {
    yield { code: inFrame, end: last + 16 };
    const halves = halvesAt(memory, last, 16);
    const outer = halves === null ? 0 : wordIn(halves, 0);
    inFrame = halves === null ? 0 : wordIn(halves, 2);
    // The outermost has none.
    if (outer === 0 && inFrame > 0) yield { code: inFrame, end };
    if (outer <= last) return;
    last = outer;
  }
}

/** Where the frames of the functions begin that are not the runtime's, which has goroutines wait; null: there are none. */
export function ownPartOf(memory: TargetMemory, stack: GoStack, isOfRuntime: (code: number) => boolean): number | null {
  let from = stack.pointer;
  let frames = 0;
  for (const { code, end } of framesOf(memory, stack)) {
    if (!isOfRuntime(code)) return from;
    from = end;
    frames += 1;
    if (frames === mostWaiting) break;
  }
  return null;
}
