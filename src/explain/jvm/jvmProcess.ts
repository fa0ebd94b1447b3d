import { StanchError } from '../../model/errors.ts';
import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import { collectionsOf, type JavaCensus, type Jvm, takeJavaCensus } from './javaCensus.ts';
import { JavaClasses } from './javaClasses.ts';
import { follow, followGrowing, followLargest, type JavaFollowed, javaGrowth } from './javaGrowth.ts';
import { heapBounds } from './javaHeap.ts';
import { collectorsOf } from './jvmFlags.ts';
import { VmStructs } from './vmStructs.ts';

const mostAttempts = 4;
const mostWaitMs = 5_000;
const pollMs = 5;
const concurrent = new Map([
  ['UseZGC', 'ZGC'],
  ['UseShenandoahGC', 'Shenandoah'],
]);

export const openJvm: OpenHeap = (memory) => {
  const symbols = memory.symbols((path) => /\/libjvm\.so(?: \(deleted\))?$/.test(path), /^gHotSpotVM/);
  if (symbols.size === 0) return null;
  const vm = new VmStructs(memory, symbols);
  const collectors = collectorsOf(vm);
  const moves = [...concurrent].find(([flag]) => collectors.has(flag));
  if (moves !== undefined) return { runtime: 'HotSpot', why: `its collector is ${moves[1]}, which moves objects while the program runs` };
  const bounds = heapBounds(vm);
  if (bounds === null) return { runtime: 'HotSpot', why: 'its heap is none of G1, Parallel, Serial or Epsilon' };
  return new JvmReader({ memory, vm, classes: new JavaClasses(vm, memory), bounds, collectors });
};

class JvmReader implements HeapReader {
  readonly runtime = 'HotSpot';
  readonly #jvm: Jvm;
  readonly #looks: JavaCensus[] = [];
  readonly #followed: Map<string, JavaFollowed>[] = [];

  constructor(jvm: Jvm) {
    this.#jvm = jvm;
  }

  /** When the collector runs meanwhile objects move, and what was found is worth nothing: right after it ran there is most time. */
  look(): void {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const now = takeJavaCensus(this.#jvm);
      const followed = this.#follow(now);
      const after = collectionsOf(this.#jvm);
      if ((after === now.collections && Number.isInteger(after)) || Number.isNaN(after)) {
        this.#looks.push(now);
        this.#followed.push(followed);
        return;
      }
      this.#untilCollected(after);
    }
    throw new StanchError('STANCH_E_BUDGET', {
      expected: 'a moment in which the collector of the JVM does not run, to follow references in',
      found: `it ran in each of ${mostAttempts} attempts`,
      next: 'Try again when there is less load.',
    });
  }

  /** This process does nothing else meanwhile. */
  #untilCollected(collections: number): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const until = performance.now() + mostWaitMs;
    let now = collectionsOf(this.#jvm);
    while (performance.now() < until && (now === collections || !Number.isInteger(now))) {
      Atomics.wait(pause, 0, 0, pollMs);
      now = collectionsOf(this.#jvm);
    }
  }

  #follow(now: JavaCensus): Map<string, JavaFollowed> {
    const [first] = this.#looks;
    if (first === undefined) return followLargest(this.#jvm, now);
    const [, second] = this.#followed;
    if (second === undefined) return followGrowing(this.#jvm, first, now);
    const kinds = [...second.keys()].flatMap((name) => now.kinds.get(name) ?? []);
    return follow(this.#jvm, now, kinds);
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    const [largest, grown, now] = this.#followed;
    if (first === undefined || second === undefined || third === undefined) return [];
    if (largest === undefined || grown === undefined || now === undefined) return [];
    return javaGrowth(this.#jvm, [first, second, third], [largest, grown, now]);
  }
}
