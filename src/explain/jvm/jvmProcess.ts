import { StanchError } from '../../model/errors.ts';
import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import { collectionsOf, type JavaCensus, type Jvm, takeJavaCensus } from './javaCensus.ts';
import { JavaClasses } from './javaClasses.ts';
import { followSides, type JavaLook, type JavaSide, javaGrowth } from './javaGrowth.ts';
import { heapBounds } from './javaHeap.ts';
import { switchesOf } from './jvmFlags.ts';
import { ReferenceLists } from './referenceLists.ts';
import { VmStructs } from './vmStructs.ts';

const mostAttempts = 5;
/** Measured at 100 MB/s: 785,632, 784,920 and 785,475 of 786,432 that are held. */
const settledInexactPart = 0.002;
const mostWaitMs = 3_000;
const pollMs = 2;
const concurrent = new Map([
  ['UseZGC', 'ZGC'],
  ['UseShenandoahGC', 'Shenandoah'],
]);

export const openJvm: OpenHeap = (memory) => {
  const symbols = memory.symbols((path) => /\/libjvm\.so(?: \(deleted\))?$/.test(path), 'gHotSpotVM\\w+');
  if (symbols.size === 0) return null;
  const vm = new VmStructs(memory, symbols);
  const switches = switchesOf(vm);
  const moves = [...concurrent].find(([flag]) => switches.has(flag));
  if (moves !== undefined) return { runtime: 'HotSpot', why: `its collector is ${moves[1]}, which moves objects while the program runs` };
  const bounds = heapBounds(vm);
  if (bounds === null) return { runtime: 'HotSpot', why: 'its heap is none of G1, Parallel, Serial or Epsilon' };
  return new JvmReader({ memory, vm, classes: new JavaClasses(vm, memory), bounds, switches, lists: new ReferenceLists(bounds) });
};

class JvmReader implements HeapReader {
  readonly runtime = 'HotSpot';
  readonly #jvm: Jvm;
  /** None any more once a look at the whole heap could not be had without the collector running meanwhile. */
  #whole: JavaLook[] | null = [];
  readonly #settled: JavaLook[] = [];
  #isLeftOut = false;

  constructor(jvm: Jvm) {
    this.#jvm = jvm;
  }

  get isPartial(): boolean {
    return this.#isLeftOut;
  }

  owns(address: number): boolean {
    const { start, end } = this.#jvm.bounds;
    return address >= start && address < end;
  }

  /** Right after the collector ran there is most time until it does so again, and moves what is young. */
  look(): void {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      if (attempt > 0 || this.#whole === null) this.#untilCollected();
      const census = takeJavaCensus(this.#jvm);
      if (census === null || (census.whole === null && ((attempt === 0 && this.#whole !== null) || census.settled === null))) continue;
      this.#keep(census);
      return;
    }
    throw new StanchError('STANCH_E_BUDGET', {
      expected: 'a moment in which the collector of the JVM does not move what is old',
      found: `it did in each of ${mostAttempts} attempts`,
      next: 'Try again when there is less load.',
    });
  }

  #keep(census: JavaCensus): void {
    this.#isLeftOut ||= census.references.isFull;
    const sides: JavaSide[] = [
      { before: this.#settled, kinds: census.settled ?? new Map(), picksFrom: 'old', inexactPart: settledInexactPart },
    ];
    if (this.#whole !== null && census.whole !== null)
      sides.push({ before: this.#whole, kinds: census.whole, picksFrom: 'all', inexactPart: 0 });
    const [ofSettled, ofWhole] = followSides(this.#jvm, census, sides);
    if (ofSettled !== undefined) this.#settled.push(ofSettled);
    if (ofWhole === undefined) this.#whole = null;
    else this.#whole?.push(ofWhole);
  }

  /** This process does nothing else meanwhile. */
  #untilCollected(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const until = performance.now() + mostWaitMs;
    const before = collectionsOf(this.#jvm);
    let now = before;
    while (performance.now() < until && (Math.floor(now) === Math.floor(before) || !Number.isInteger(now))) {
      Atomics.wait(pause, 0, 0, pollMs);
      now = collectionsOf(this.#jvm);
    }
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#whole ?? this.#settled;
    return first === undefined || second === undefined || third === undefined ? [] : javaGrowth([first, second, third]);
  }

  notes(): string[] {
    return [
      ...(this.#whole === null ? ['Its collector ran during the looks: what was compared is what had outlived a collection.'] : []),
      ...(this.#isLeftOut
        ? ['Its heap has more objects than there is room for: of some it is known that they are held, but not by what.']
        : []),
    ];
  }
}
