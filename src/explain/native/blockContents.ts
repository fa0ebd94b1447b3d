/** Texts that many blocks of one kind hold, with their digits made equal: what a person may know them by. */
import type { TargetMemory } from '../targetMemory.ts';
import { spread } from '../threeLooks.ts';
import type { ChunkTable } from './chunkTable.ts';

const headerBytes = 16;
const mostBlocks = 200;
const mostBytes = 256;
const mostTexts = 3;
const leastPart = 0.1;
const mostLength = 60;

/** Digits are shown as `#`; the most common first. */
export function blockContents(memory: TargetMemory, table: ChunkTable, blocks: readonly number[]): string[] {
  const looked = spread(blocks, mostBlocks);
  const counts = new Map<string, number>();
  const bytes = Buffer.alloc(mostBytes);
  for (const index of looked) {
    const address = table.addressOf(index) + headerBytes;
    if (!memory.isPresent(address)) continue;
    const got = memory.read(address, bytes.subarray(0, Math.min(mostBytes, Math.max(0, table.bytesOf(index) - 8))));
    const texts = bytes.toString('latin1', 0, got).match(/[\x20-\x7e]{6,}/g) ?? [];
    for (const text of new Set(texts.map((each) => each.replace(/\d+/g, '#').slice(0, mostLength))))
      counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1 && count >= looked.length * leastPart)
    .sort((a, b) => b[1] - a[1])
    .slice(0, mostTexts)
    .map(([text]) => text);
}
