/** The heap of whichever runtime the process has, and beside it what any process may have: memory of malloc. */
import { openGo } from './go/goProcess.ts';
import type { OpenHeap } from './heapReader.ts';
import { openJvm } from './jvm/jvmProcess.ts';
import { openGlibc, openNative } from './native/nativeProcess.ts';
import { openNode } from './node/nodeProcess.ts';
import { openPhp } from './php/phpProcess.ts';
import { openPython } from './python/pythonProcess.ts';
import { openRuby } from './ruby/rubyProcess.ts';
import { BeneathLanguage, unreadLanguageOf } from './unreadLanguage.ts';
import { WithNative } from './withNative.ts';

const runtimes: readonly OpenHeap[] = [openPhp, openJvm, openGo, openRuby, openNode, openPython];

export const openHeap: OpenHeap = (memory) => {
  for (const open of runtimes) {
    const heap = open(memory);
    if (heap === null) continue;
    const native = 'why' in heap ? null : openGlibc(memory, heap);
    return native === null || 'why' in heap ? heap : new WithNative(heap, native);
  }
  const native = openNative(memory);
  const language = unreadLanguageOf(memory.regions().map(({ path }) => path));
  return native === null || 'why' in native || language === null ? native : new BeneathLanguage(language, native);
};
