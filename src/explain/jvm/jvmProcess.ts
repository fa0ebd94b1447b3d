import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import { type JavaCensus, type Jvm, takeJavaCensus } from './javaCensus.ts';
import { JavaClasses } from './javaClasses.ts';
import { follow, followGrowing, type JavaFollowed, javaGrowth } from './javaGrowth.ts';
import { heapBounds } from './javaHeap.ts';
import { VmStructs } from './vmStructs.ts';

export const openJvm: OpenHeap = (memory) => {
  const symbols = memory.symbols((path) => /\/libjvm\.so(?: \(deleted\))?$/.test(path), /^gHotSpotVM/);
  if (symbols.size === 0) return null;
  const vm = new VmStructs(memory, symbols);
  const bounds = heapBounds(vm);
  if (bounds === null) return { runtime: 'HotSpot', why: 'its collector is ZGC, whose heap is not read' };
  return new JvmReader({ memory, vm, classes: new JavaClasses(vm, memory), bounds });
};

class JvmReader implements HeapReader {
  readonly runtime = 'HotSpot';
  readonly #jvm: Jvm;
  readonly #looks: JavaCensus[] = [];
  readonly #followed: Map<string, JavaFollowed>[] = [];

  constructor(jvm: Jvm) {
    this.#jvm = jvm;
  }

  /** Objects move when the collector runs: what is to be followed is followed at once. */
  look(): void {
    const now = takeJavaCensus(this.#jvm);
    this.#looks.push(now);
    const [first, second] = this.#looks;
    if (this.#looks.length === 2 && first !== undefined) this.#followed.push(followGrowing(this.#jvm, first, now));
    if (this.#looks.length === 3 && second !== undefined) {
      const names = [...(this.#followed[0]?.keys() ?? [])];
      this.#followed.push(
        follow(
          this.#jvm,
          names.flatMap((name) => now.kinds.get(name) ?? []),
        ),
      );
    }
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    const [before, now] = this.#followed;
    if (first === undefined || second === undefined || third === undefined || before === undefined || now === undefined) return [];
    return javaGrowth(this.#jvm, [first, second, third], before, now);
  }
}
