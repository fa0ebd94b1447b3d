/** Switches of a JVM, as they are in force. */
import type { VmStructs } from './vmStructs.ts';

const mostFlags = 4_000;
const collectors = ['UseG1GC', 'UseSerialGC', 'UseParallelGC', 'UseZGC', 'UseShenandoahGC', 'UseEpsilonGC'];
const wanted = new Set([...collectors, 'UseCompactObjectHeaders']);

/** Those that are on: of its collectors, and of the headers of objects. */
export function switchesOf(vm: VmStructs): Set<string> {
  const table = vm.word(vm.field('JVMFlag::flags'));
  const count = Math.min(mostFlags, vm.word(vm.field('JVMFlag::numFlags')) || 0);
  const [stride, name, address] = [vm.size('JVMFlag'), vm.field('JVMFlag::_name'), vm.field('JVMFlag::_addr')];
  const on = new Set<string>();
  for (let index = 0; index < count; index += 1) {
    const flag = table + index * stride;
    const text = vm.text(vm.word(flag + name));
    if (wanted.has(text) && (vm.int(vm.word(flag + address)) & 0xff) === 1) on.add(text);
  }
  return on;
}
