import type { Heap } from './heap.ts';

interface Span {
  live: number;
  slots: number;
  bytes: number;
  /** Whether it waits among those with a free slot. */
  listed: boolean;
}

const smallestClass = 256;
const spanBytes = 64 * 1024;

/**
 * A native allocator: objects of like size share spans, and a span goes back to the kernel only when all its slots are free.
 * Fragmentation comes by itself.
 */
export function createArenas(): Heap {
  const free: Span[][] = [];
  let held = 0;

  function spanFor(sizeClass: number): Span {
    free[sizeClass] ??= [];
    const list = free[sizeClass];
    for (let span = list.pop(); span; span = list.pop()) {
      span.listed = false;
      // One that was given back meanwhile has no bytes any more.
      if (span.bytes > 0) return span;
    }
    const slotBytes = smallestClass * 2 ** sizeClass;
    const slots = Math.max(1, Math.floor(spanBytes / slotBytes));
    const span = { live: 0, slots, bytes: Math.max(spanBytes, slotBytes), listed: false };
    held += span.bytes;
    return span;
  }

  function list(span: Span, sizeClass: number): void {
    if (span.listed) return;
    span.listed = true;
    free[sizeClass]?.push(span);
  }

  return {
    allocate(bytes) {
      const sizeClass = Math.max(0, Math.ceil(Math.log2(bytes / smallestClass)));
      const span = spanFor(sizeClass);
      span.live += 1;
      if (span.live < span.slots) list(span, sizeClass);
      return () => {
        span.live -= 1;
        if (span.live > 0) {
          list(span, sizeClass);
          return;
        }
        held -= span.bytes;
        span.bytes = 0;
      };
    },
    heldBytes: () => held,
    takeWork: () => 0,
  };
}
