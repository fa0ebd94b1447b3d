import { formatBytes } from '../../model/units.ts';
import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { type GoCensus, sampleEvery, takeCensus } from './goCensus.ts';
import { type GoLook, goGrowth } from './goGrowth.ts';
import { goHeapGrowth } from './goHeapGrowth.ts';
import { GoLines } from './goLines.ts';
import { profileRate, readBuckets, readGoroutines } from './goProfile.ts';
import { type GoProgram, readGoProgram } from './goProgram.ts';
import { GoSpans } from './goSpans.ts';
import { findGoroutines } from './goStacks.ts';
import { listAt } from './goWords.ts';

/** Nothing of a program that is not Go begins like this. */
const wanted = String.raw`runtime\.(?:mbuckets|MemProfileRate|allgs)`;

export const openGo: OpenHeap = (memory) => {
  const path = memory.regions().find((region) => region.path.startsWith('/'))?.path;
  if (path === undefined) return null;
  const isProgram = (each: string) => each === path;
  const table = memory.section(isProgram, '.gopclntab') ?? memory.section(isProgram, '.data.rel.ro.gopclntab');
  if (table === null) return null;
  const program = readGoProgram(memory, isProgram);
  const lines = GoLines.parse(table.bytes, table.bias, program?.text ?? null);
  if (program !== null && program.minor > latestKnown)
    return { runtime: 'Go', why: `what Go 1.${program.minor} keeps where is not known here: expected Go 1.18 to 1.${latestKnown}` };
  if (lines === null) return { runtime: 'Go', why: 'it is built with a Go older than 1.18, or does not say where its code begins' };
  const symbols = memory.symbols(isProgram, wanted);
  const goroutines = symbols.get('runtime.allgs') ?? (program === null ? null : findGoroutines(memory, program.variables));
  if (goroutines === null)
    return { runtime: 'Go', why: 'its symbols are stripped, and it does not say which Go built it: build it without -ldflags=-s' };
  const [buckets, rate] = [symbols.get('runtime.mbuckets'), symbols.get('runtime.MemProfileRate')];
  const profile = buckets === undefined || rate === undefined || profileRate(memory, rate) === 0 ? null : { buckets, rate };
  return new GoReader(memory, { path, lines, program, goroutines, profile });
};

/** The profile and the goroutines of this one were read. */
const latestKnown = 27;

const unprofiledNote =
  'This program was linked without the profile that Go keeps of its allocations, so that its heap was read instead: what grows and who holds it, and not the line that allocates it. Types are mostly told by the shape of what lies in the objects. With import _ "net/http/pprof" or "runtime/pprof" somewhere in it, that line is named.';
const fewSamplesNote =
  'Too few of its allocations are in the profile that Go keeps to name a line: its heap was read instead, where types are mostly told by the shape of what lies in the objects. Look longer for the line: --for 5m.';
const tooLargeNote = 'Its heap has more objects than can be gone through: only goroutines are seen.';

function unknownNote(program: GoProgram | null): string {
  const version = program === null ? 'an unknown version' : `1.${program.minor}`;
  return `It was linked without the profile that Go keeps of its allocations, and the heap of Go ${version} is not known here: only goroutines are seen. With import _ "net/http/pprof" or "runtime/pprof" somewhere in it, the line that allocates is named.`;
}

function sampledNote(rate: number): string {
  return `Go itself puts down one allocation in ${formatBytes(rate)}, and when its collector runs what became of them: of a small or slow leak there are too few within this time. Look longer: --for 5m.`;
}

interface GoTarget {
  path: string;
  lines: GoLines;
  /** Null where it does not say which Go built it. */
  program: GoProgram | null;
  /** Where the list of them is. */
  goroutines: number;
  /** Null where there is none, or none that can be found. */
  profile: { buckets: number; rate: number } | null;
}

class GoReader implements HeapReader {
  readonly runtime = 'Go';
  readonly #memory: TargetMemory;
  readonly #target: GoTarget;
  /** Where its heap is known: asked where there is no profile, or too few samples in it. */
  readonly #spans: GoSpans | null;
  readonly #looks: GoLook[] = [];
  readonly #censuses: GoCensus[] = [];
  #every = 1;
  #isNothingFound = false;
  #isOfHeap = false;
  #isTooLarge = false;

  constructor(memory: TargetMemory, target: GoTarget) {
    this.#memory = memory;
    this.#target = target;
    this.#spans = target.program === null ? null : GoSpans.find(memory, target.program);
  }

  get isPartial(): boolean {
    return this.#isTooLarge || (this.#spans === null && this.#target.profile === null);
  }

  look(): void {
    const { lines, program, goroutines, profile } = this.#target;
    const isEntry = (address: number) => lines.placeOf(address)?.entry === address;
    this.#looks.push({
      buckets: profile === null ? [] : readBuckets(this.#memory, profile.buckets, program?.minor ?? 0),
      goroutines: readGoroutines(this.#memory, goroutines, isEntry),
    });
    if (this.#spans === null) return;
    const heap = this.#spans.read();
    if (this.#censuses.length === 0) this.#every = sampleEvery(heap);
    this.#censuses.push(takeCensus(this.#memory, heap, this.#every));
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return [];
    const { profile, lines } = this.#target;
    const rate = profile === null ? 0 : profileRate(this.#memory, profile.rate);
    const things = goGrowth([first, second, third], rate, lines);
    const isBySample = things.some(({ isAllocation }) => isAllocation === true);
    if (this.#spans !== null && !isBySample) things.push(...this.#inHeap(this.#spans, third, things));
    this.#isNothingFound = things.length === 0;
    return things.sort((a, b) => b.growthBytes - a.growthBytes);
  }

  /** What is held by goroutines that become more is told with these. */
  #inHeap(spans: GoSpans, { goroutines }: GoLook, waiting: readonly GrowingThing[]): GrowingThing[] {
    const { path, lines, program } = this.#target;
    const [first, second, third] = this.#censuses;
    if (program === null || first === undefined || second === undefined || third === undefined) return [];
    const mapped = this.#memory.regions().filter((region) => region.path === path);
    const extent = { start: mapped[0]?.start ?? 0, end: program.variables.reduce((last, { end }) => Math.max(last, end), 0) };
    const symbols = this.#memory.symbolsByAddress(path);
    const found = goHeapGrowth(
      {
        memory: this.#memory,
        program,
        lines,
        spans,
        goroutines,
        records: listAt(this.#memory, this.#target.goroutines),
        symbols,
        path,
        extent,
      },
      [first, second, third],
      this.#every,
    );
    this.#isTooLarge = found === null;
    this.#isOfHeap = found !== null && found.length > 0;
    const [goroutine] = waiting;
    return (found ?? []).flatMap(({ thing, isOfGoroutines }) => {
      if (goroutine === undefined || !isOfGoroutines) return [thing];
      goroutine.growthBytes += thing.growthBytes;
      return [];
    });
  }

  notes(): string[] {
    const { profile, program } = this.#target;
    if (profile !== null && this.#isNothingFound) return [sampledNote(profileRate(this.#memory, profile.rate))];
    if (profile !== null) return this.#isOfHeap ? [fewSamplesNote] : [];
    if (this.#spans === null) return [unknownNote(program)];
    return this.#isTooLarge ? [tooLargeNote] : [unprofiledNote];
  }
}
