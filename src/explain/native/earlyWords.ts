/**
 * What the objects right behind variables and stacks refer to, read before the heap is: the newest of a list that such an object holds came after the
 * heap was read when the object is read with it, and nothing would lead to the others.
 */
import type { TargetMemory } from '../targetMemory.ts';
import { long } from './glibcArenas.ts';
import { isStale, type RootWords } from './rootWords.ts';

const mostBlocks = 1024;
const mostWords = 8192;
const mostBlockBytes = 8192;
const mostLevels = 3;
/** Pointers side by side are an array: what lies behind each is one of many. */
const mostSideBySide = 32;
const wordBytes = 8;

export interface EarlyWord {
  /** Where it was read, in a block. */
  from: number;
  value: number;
}

/** Those nearest to a variable first. `low`, `high`: where the heap is. */
export function readEarlyWords(memory: TargetMemory, roots: RootWords, low: number, high: number): EarlyWord[] {
  const seen = new Set<number>();
  const words: EarlyWord[] = [];
  let level = singleValues(roots);
  for (let depth = 0; depth < mostLevels && level.length > 0; depth += 1) {
    const next: number[] = [];
    for (const address of level) {
      if (seen.has(address) || seen.size >= mostBlocks || words.length >= mostWords) continue;
      seen.add(address);
      for (const word of wordsOf(memory, address, low, high)) {
        words.push(word);
        next.push(word.value);
      }
    }
    level = next;
  }
  return words;
}

function singleValues(roots: RootWords): number[] {
  const values: number[] = [];
  for (let first = 0, last = 0; first < roots.count; first = last) {
    for (last = first + 1; last < roots.count && roots.from(last) === roots.from(last - 1) + wordBytes; ) last += 1;
    if (last - first > mostSideBySide) continue;
    for (let root = first; root < last; root += 1) values.push(roots.value(root));
  }
  return values;
}

/** Only of what looks like a block that begins there. */
function wordsOf(memory: TargetMemory, address: number, low: number, high: number): EarlyWord[] {
  const header = Buffer.alloc(wordBytes);
  if (address % 16 !== 0 || !memory.isPresent(address) || memory.read(address - wordBytes, header) < wordBytes) return [];
  const size = long(header, 0) - (long(header, 0) % 16);
  if (size < 32 || size > mostBlockBytes) return [];
  const content = Buffer.alloc(size - wordBytes);
  const read = memory.read(address, content);
  const words: EarlyWord[] = [];
  for (let at = 0; at + wordBytes <= read; at += wordBytes) {
    const value = long(content, at);
    if (value >= low && value < high) words.push({ from: address + at, value });
  }
  return words;
}

/** What is another by now, and not one of the same kind, is no way to what lies there. */
export function withoutStale(
  memory: TargetMemory,
  words: readonly EarlyWord[],
  isAlike: (before: number, now: number) => boolean,
): EarlyWord[] {
  return words.filter(({ from, value }) => !isStale(memory, from, value, isAlike));
}
