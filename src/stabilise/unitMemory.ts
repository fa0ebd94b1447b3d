/** What a service holds and cannot drop: a limit below that ends it at once, whatever its processes hold by themselves. */
import { readCgroupMemory } from '../kernel/cgroupMemory.ts';
import { readText } from '../kernel/read.ts';
import { isValue, type Reading } from '../model/reading.ts';

/**
 * Of a cgroup of v2 and all below it: anonymous memory, tmpfs and shared segments, the kernel's part, and what is in swap, which is
 * charged again when it is touched. The page cache is left out, the kernel drops it first. null: memory is not counted there.
 */
export function readHeldBytes(directory: string): number | null {
  const { anonBytes, shmemBytes, slabUnreclaimableBytes, pageTableBytes, socketBytes } = readCgroupMemory(directory, 'v2');
  if (!isValue(anonBytes) || !isValue(shmemBytes)) return null;
  const rest = known(slabUnreclaimableBytes) + known(pageTableBytes) + known(socketBytes);
  const swap = readText(`${directory}/memory.swap.current`, 64);
  return anonBytes + shmemBytes + rest + (isValue(swap) && /^\d{1,15}\s*$/.test(swap) ? Number(swap) : 0);
}

/** What this kernel does not itemise is left out. */
function known(bytes: Reading<number>): number {
  return isValue(bytes) ? bytes : 0;
}
