import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import { HeapWindows } from '../heapWindows.ts';
import { type Look, whatGrows } from '../threeLooks.ts';
import { findMaps, takeV8Census, type V8Map } from './v8Census.ts';
import { readV8Layout, type V8Layout } from './v8Constants.ts';
import { V8Names } from './v8Names.ts';

const mostThings = 5;
const leastSurvival = 0.3;
const leastGrowthBytes = 16_384;

const builtIn = /^(?:Object|Array|Map|Set|Promise|Function|Date|RegExp|Timeout|\w*Error|\w+Array|ArrayBuffer|Buffer)\b/;

/**
 * What waits for the collector comes and goes with it: hardly more after the first interval and many times that after the second, or the
 * other way round. What is kept grows in both.
 */
const mostUneven = 4;

function isEven([first, second, third]: GrowingThing['counts']): boolean {
  const [least = 0, most = 0] = [second - first, third - second].sort((a, b) => a - b);
  return least > 0 && most <= mostUneven * least;
}

export const openNode: OpenHeap = (memory) => {
  const windows = new HeapWindows(memory);
  const layout = readV8Layout(memory, windows);
  if (layout === null) return null;
  if (Object.values(layout).some((each) => Number.isNaN(each)))
    return { runtime: 'Node', why: 'this build of V8 does not say how it lays out its objects' };
  return new NodeReader(windows, layout);
};

class NodeReader implements HeapReader {
  readonly runtime = 'Node';
  readonly #windows: HeapWindows;
  readonly #layout: V8Layout;
  readonly #maps = new Map<number, V8Map>();
  readonly #looks: Look[] = [];

  constructor(windows: HeapWindows, layout: V8Layout) {
    this.#windows = windows;
    this.#layout = layout;
  }

  look(): void {
    for (const map of findMaps(this.#windows, this.#layout)) if (!this.#maps.has(map.address)) this.#maps.set(map.address, map);
    this.#looks.push(takeV8Census(this.#windows, [...this.#maps.values()]));
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return [];
    const maps = [...this.#maps.values()];
    const names = new V8Names(this.#windows, this.#layout);
    return (
      whatGrows([first, second, third])
        .filter(({ kind, counts, growthBytes, survival }) => {
          return (
            growthBytes >= leastGrowthBytes &&
            isEven(counts) &&
            (survival ?? 0) >= leastSurvival &&
            (maps[kind]?.instanceType ?? 0) >= this.#layout.firstObject
          );
        })
        .map(({ kind, counts, growthBytes, survival }): GrowingThing => {
          return {
            type: names.type(maps[kind]?.address ?? 0),
            place: null,
            counts,
            growthBytes,
            survival,
            owner: null,
            path: [],
            pattern: null,
          };
        })
        // What a class of the program has in it are built-in objects: the class says more.
        .sort((a, b) => Number(builtIn.test(a.type)) - Number(builtIn.test(b.type)))
        .slice(0, mostThings)
    );
  }

  notes(): string[] {
    return [
      'Who holds them is not followed in Node, and growth in Buffers and strings alone is not seen here: a heap snapshot or the native heap tells that.',
    ];
  }
}
