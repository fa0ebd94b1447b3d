/** What a process has beside its heap, as the kernel counts it at each look: threads, which have a stack each, and memory that is shared. */
import { readPidStatus } from '../kernel/pidStatus.ts';
import { isValue, valueOrNull } from '../model/reading.ts';
import { formatBytes } from '../model/units.ts';
import { slowerGrowth } from './threeLooks.ts';

/** In the slower interval. */
const leastThreads = 5;
const leastSharedBytes = 256 << 10;

export interface BesideHeap {
  threads: number;
  /** Resident: System V segments, memfds, files in tmpfs. */
  sharedBytes: number;
}

export function besideHeap(pid: number): BesideHeap | null {
  const status = readPidStatus(`/proc/${pid}`);
  if (!isValue(status)) return null;
  return { threads: valueOrNull(status.threads) ?? 0, sharedBytes: valueOrNull(status.shmemBytes) ?? 0 };
}

/** In sentences, of what became more both times. Pure. */
export function besideTexts([first, second, third]: readonly (BesideHeap | null)[]): string[] {
  if (!first || !second || !third) return [];
  const threads = [first.threads, second.threads, third.threads] as const;
  const shared = [first.sharedBytes, second.sharedBytes, third.sharedBytes] as const;
  const texts: string[] = [];
  if (slowerGrowth(threads) >= leastThreads)
    texts.push(
      `Its threads become more: ${threads.join(' → ')}. They are begun and never end, and each has a stack: begin a fixed number of them, and join or detach each.`,
    );
  if (slowerGrowth(shared) >= leastSharedBytes)
    texts.push(
      `Its shared memory becomes more: ${shared.map(formatBytes).join(' → ')}, in memfds, files in tmpfs or System V segments, and not in its heap. Which they are: stanch where.`,
    );
  return texts;
}
