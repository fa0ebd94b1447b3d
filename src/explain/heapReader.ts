import type { GrowingThing } from './growingThing.ts';
import type { TargetMemory } from './targetMemory.ts';

/** So often a heap is looked at. */
export const looksOfHeap = 3;

/** The heap of one runtime in one process, to be looked at three times with time between. */
export interface HeapReader {
  /** `PHP`, `HotSpot`, `Go`, `Ruby`. */
  runtime: string;
  /** After the third look: of the heap only a part can be told apart, so that nothing of it grows says little. */
  isPartial?: boolean;
  look(): void;
  /** Whether this, as of the last look, surely is of the runtime's own heap: no block of malloc's begins there. */
  owns?(address: number): boolean;
  /** After the third look: one more, as long after it, would tell who of several holders loses what he gets. */
  needsLook?(): boolean;
  /** After the last look: what grows, the most first; empty when nothing does. */
  growing(): GrowingThing[];
  /** After the third look: by how many bytes more, between two of them, its objects have of malloc, whether they are held or wait for the collector. */
  moreOfMalloc?(): number;
  /** After the third look: sentences on memory that is no leak, with what to do, such as what an allocator keeps. */
  notes?(): string[];
}

/** Of a runtime that is not there: null; of one that is there and can't be read: why, and what to do. */
export type OpenHeap = (memory: TargetMemory) => HeapReader | { runtime: string; why: string } | null;
