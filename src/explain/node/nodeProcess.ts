import type { GrowingThing } from '../growingThing.ts';
import { HeapPages } from '../heapPages.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import { type KeptWords, nodeGrowth, oldestWords, type V8Heap } from './nodeGrowth.ts';
import { V8Census, type V8Look } from './v8Census.ts';
import { readV8Layout } from './v8Constants.ts';
import { V8Graph } from './v8Graph.ts';
import { V8Maps } from './v8Maps.ts';
import { V8Names } from './v8Names.ts';
import { V8Objects } from './v8Objects.ts';

export const openNode: OpenHeap = (memory) => {
  const windows = new HeapPages(memory);
  const layout = readV8Layout(memory, windows);
  if (layout === null) return null;
  if (Object.values(layout).some((each) => Number.isNaN(each)))
    return { runtime: 'Node', why: 'this build of V8 does not say how it lays out its objects' };
  const maps = new V8Maps(windows, layout);
  const heap = { windows, layout, maps, objects: new V8Objects(windows, layout, maps) };
  return new NodeReader({ ...heap, names: new V8Names(windows, layout), graph: new V8Graph(windows, layout, maps) });
};

class NodeReader implements HeapReader {
  readonly runtime = 'Node';
  readonly #heap: V8Heap;
  readonly #census: V8Census;
  readonly #looks: V8Look[] = [];
  #kept: KeptWords = new Map();

  constructor(heap: V8Heap) {
    this.#heap = heap;
    this.#census = new V8Census(heap);
  }

  look(): void {
    this.#heap.windows.forget();
    this.#looks.push(this.#census.look());
    const [first, second, third] = this.#looks;
    if (first !== undefined && second !== undefined && third === undefined) this.#kept = oldestWords(this.#heap, first, second);
  }

  owns(address: number): boolean {
    return this.#heap.objects.pages.has(address);
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return [];
    this.#heap.windows.forget();
    return nodeGrowth(this.#heap, [first, second, third], this.#kept);
  }
}
