/** Things that happen, in order of time: a binary heap. */
export interface EventQueue {
  /** At `hour`, which is not before the last `advance`. */
  at(hour: number, happens: () => void): void;
  /** Lets everything happen up to `hour`. */
  advance(hour: number): void;
}

interface Entry {
  hour: number;
  happens: () => void;
}

export function createEventQueue(): EventQueue {
  const heap: Entry[] = [];

  function rise(entry: Entry): void {
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || above.hour <= entry.hour) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  function takeFirst(): Entry | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (heap.length > 0 && last) sink(last);
    return first;
  }

  function sink(entry: Entry): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      const right = heap[child + 1];
      if (left && right && right.hour < left.hour) child += 1;
      const below = heap[child];
      if (!below || below.hour >= entry.hour) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = entry;
  }

  return {
    at: (hour, happens) => rise({ hour, happens }),
    advance(hour) {
      while (heap[0] && heap[0].hour <= hour) takeFirst()?.happens();
    },
  };
}
