import type { Heap } from './heap.ts';

export interface ManagedHeapOptions {
  youngBytes: number;
  /** A full collection is made when the old part has grown by this factor since the last one. */
  growth: number;
  /** Whether memory goes back to the kernel after a full collection. */
  shrinks: boolean;
}

interface Obj {
  bytes: number;
  dead: boolean;
  old: boolean;
}

const chunk = 1024 * 1024;

/** A generational heap: what survives the young part moves to the old one, where the dead stay until the next full collection. */
export function createManagedHeap(options: ManagedHeapOptions): Heap {
  let young: Obj[] = [];
  let youngUsed = 0;
  let oldUsed = 0;
  let garbage = 0;
  let limit = 2 * options.youngBytes;
  let committed = limit;
  let work = 0;

  function collectYoung(): void {
    for (const object of young) {
      if (object.dead) continue;
      object.old = true;
      oldUsed += object.bytes;
      work += object.bytes;
    }
    young = [];
    youngUsed = 0;
    if (oldUsed > limit) collectAll();
  }

  function collectAll(): void {
    oldUsed -= garbage;
    garbage = 0;
    work += oldUsed;
    limit = Math.max(2 * options.youngBytes, oldUsed * options.growth);
    committed = options.shrinks ? limit : Math.max(committed, limit);
  }

  return {
    allocate(bytes) {
      const object = { bytes, dead: false, old: false };
      young.push(object);
      youngUsed += bytes;
      if (youngUsed >= options.youngBytes) collectYoung();
      return () => {
        object.dead = true;
        if (object.old) garbage += object.bytes;
      };
    },
    // Pages of the old part count once they were used, up to what is committed.
    heldBytes: () => options.youngBytes + chunk * Math.ceil(Math.min(committed, Math.max(oldUsed, 0.6 * committed)) / chunk),
    takeWork() {
      const done = work;
      work = 0;
      return done;
    },
  };
}
