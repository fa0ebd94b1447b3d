import { formatBytes } from '../../model/units.ts';
import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { type GoLook, goGrowth } from './goGrowth.ts';
import { GoLines } from './goLines.ts';
import { type GoSymbols, profileRate, readBuckets, readGoroutines } from './goProfile.ts';

/** Nothing of a program that is not Go begins like this. */
const wanted = /^runtime\.(?:mbuckets|MemProfileRate|allgs)$/;

export const openGo: OpenHeap = (memory) => {
  const program = memory.regions().find(({ path }) => path.startsWith('/'))?.path;
  if (program === undefined) return null;
  const isProgram = (path: string) => path === program;
  const table = memory.section(isProgram, '.gopclntab') ?? memory.section(isProgram, '.data.rel.ro.gopclntab');
  if (table === null) return null;
  const lines = GoLines.parse(table.bytes, table.bias);
  if (lines === null) return { runtime: 'Go', why: 'it is built with a Go older than 1.18' };
  const symbols = memory.symbols(isProgram, wanted);
  const [buckets, rate, goroutines] = [
    symbols.get('runtime.mbuckets'),
    symbols.get('runtime.MemProfileRate'),
    symbols.get('runtime.allgs'),
  ];
  if (buckets === undefined || rate === undefined || goroutines === undefined) {
    return { runtime: 'Go', why: 'its symbols are stripped: build it without -ldflags=-s' };
  }
  return new GoReader(memory, { buckets, rate, goroutines }, lines);
};

const unprofiledNote =
  'This program was linked without the profile that Go keeps of its allocations, so that only goroutines are seen. With import _ "net/http/pprof" or "runtime/pprof" somewhere in it, the line that allocates is named.';

function sampledNote(rate: number): string {
  return `Go itself puts down one allocation in ${formatBytes(rate)}, and when its collector runs what became of them: of a small or slow leak there are too few within this time. Look longer: --for 5m.`;
}

class GoReader implements HeapReader {
  readonly runtime = 'Go';
  readonly #memory: TargetMemory;
  readonly #symbols: GoSymbols;
  readonly #lines: GoLines;
  readonly #looks: GoLook[] = [];
  #rate = 0;
  #isNothingFound = false;

  constructor(memory: TargetMemory, symbols: GoSymbols, lines: GoLines) {
    this.#memory = memory;
    this.#symbols = symbols;
    this.#lines = lines;
  }

  look(): void {
    const goroutines = readGoroutines(this.#memory, this.#symbols, (address) => this.#lines.placeOf(address)?.entry === address);
    this.#looks.push({ buckets: readBuckets(this.#memory, this.#symbols), goroutines });
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return [];
    this.#rate = profileRate(this.#memory, this.#symbols);
    const things = goGrowth([first, second, third], this.#rate, this.#lines);
    this.#isNothingFound = things.length === 0;
    return things;
  }

  notes(): string[] {
    if (this.#rate === 0) return [unprofiledNote];
    return this.#isNothingFound ? [sampledNote(this.#rate)] : [];
  }
}
