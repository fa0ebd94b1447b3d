/** The threads that run Java: addresses of their JavaThread. */
import type { VmStructs } from './vmStructs.ts';

const mostThreads = 10_000;

export function javaThreads(vm: VmStructs): number[] {
  const list = vm.word(vm.field('ThreadsSMRSupport::_java_thread_list'));
  const threads = vm.word(list + vm.field('ThreadsList::_threads'));
  const count = Math.min(mostThreads, vm.int(list + vm.field('ThreadsList::_length')) || 0);
  return Array.from({ length: Math.max(0, count) }, (_, index) => vm.word(threads + index * 8)).filter((thread) => thread > 0);
}
