/**
 * A hash table as Rust has it: one block with the entries first and a mark of a byte for each behind them, and what refers to it points to the marks.
 * https://github.com/rust-lang/hashbrown (src/raw.rs; not promised)
 */
import type { TargetMemory } from '../targetMemory.ts';
import { long } from './glibcArenas.ts';

const marksBytes = 16;
const wordBytes = 8;
const mostHolderBytes = 4096;
/** A mark is that of an empty or a deleted place, or seven bits of the hash. */
const empty = 0xff;
const deleted = 0x80;

/** `holder`: what refers to the block, a variable or another block. */
export function isSwissTable(
  memory: TargetMemory,
  block: { address: number; bytes: number },
  holder: { address: number; bytes: number },
): boolean {
  const words = Buffer.alloc(Math.min(mostHolderBytes, Math.max(wordBytes, holder.bytes)));
  const read = memory.read(holder.address, words);
  for (let at = 0; at + wordBytes <= read; at += wordBytes) {
    const marks = long(words, at);
    const isBehindEntries = marks >= block.address + block.bytes / 4 && marks + marksBytes <= block.address + block.bytes;
    if (isBehindEntries && areMarks(memory, marks)) return true;
  }
  return false;
}

function areMarks(memory: TargetMemory, address: number): boolean {
  const marks = Buffer.alloc(marksBytes);
  if (memory.read(address, marks) < marksBytes) return false;
  return marks.every((mark) => mark <= deleted || mark === empty) && new Set(marks).size > 1;
}
