/** The heap of whichever runtime the process has. What any process may have, memory of malloc, is asked for last. */
import { openGo } from './go/goProcess.ts';
import type { OpenHeap } from './heapReader.ts';
import { openJvm } from './jvm/jvmProcess.ts';
import { openNative } from './native/nativeProcess.ts';
import { openNode } from './node/nodeProcess.ts';
import { openPhp } from './php/phpProcess.ts';
import { openPython } from './python/pythonProcess.ts';
import { openRuby } from './ruby/rubyProcess.ts';

const runtimes: readonly OpenHeap[] = [openPhp, openJvm, openGo, openRuby, openNode, openPython, openNative];

export const openHeap: OpenHeap = (memory) => {
  for (const open of runtimes) {
    const heap = open(memory);
    if (heap !== null) return heap;
  }
  return null;
};
