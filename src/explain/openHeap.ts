/** The heap of whichever runtime the process has: each looks for what only it has, so the order doesn't matter. */
import { openGo } from './go/goProcess.ts';
import type { OpenHeap } from './heapReader.ts';
import { openJvm } from './jvm/jvmProcess.ts';
import { openPhp } from './php/phpProcess.ts';
import { openRuby } from './ruby/rubyProcess.ts';

const runtimes: readonly OpenHeap[] = [openPhp, openJvm, openGo, openRuby];

export const openHeap: OpenHeap = (memory) => {
  for (const open of runtimes) {
    const heap = open(memory);
    if (heap !== null) return heap;
  }
  return null;
};
