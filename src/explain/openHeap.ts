/** The heap of whichever runtime the process has. What any process may have, memory of malloc, is asked for last. */
import type { OpenHeap } from './heapReader.ts';
import { openNative } from './native/nativeProcess.ts';
import { openNode } from './node/nodeProcess.ts';
import { openPython } from './python/pythonProcess.ts';

const runtimes: readonly OpenHeap[] = [openNode, openPython, openNative];

export const openHeap: OpenHeap = (memory) => {
  for (const open of runtimes) {
    const heap = open(memory);
    if (heap !== null) return heap;
  }
  return null;
};
