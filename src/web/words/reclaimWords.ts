/** What it takes to get memory back, in plain words. */
import type { MemoryNodeDocument } from '../talk/documents.ts';

export type Reclaim = NonNullable<MemoryNodeDocument['reclaim']>;

export const reclaimKinds: readonly Reclaim[] = ['free', 'reclaimable', 'swappable', 'unreclaimable'];

/** `hasSwap`: whether there is any to put it on. */
export function reclaimWord(kind: Reclaim, hasSwap: boolean): string {
  switch (kind) {
    case 'free':
      return 'free';
    case 'reclaimable':
      return 'caches, given back when needed';
    case 'swappable':
      return hasSwap ? 'held by processes and files: back by swap or when they go' : 'held by processes and files: back only when they go';
    case 'unreclaimable':
      return "can't be given back";
  }
}
