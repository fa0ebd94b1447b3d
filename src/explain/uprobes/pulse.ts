/**
 * Seconds in which it is seen where a process allocates. First all of its own calls are counted for a moment, which says what more would cost; then
 * it is seen which of them ask for the sizes that grow; then, at those alone, which block each of them got.
 */
import { constants, getPriority, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeRecord } from '../../kernel/tracefs.ts';
import { StanchError } from '../../model/errors.ts';
import { sizeClass } from '../native/blockKinds.ts';
import type { AllocationSite } from './allocationSites.ts';
import { notPossible, type Place, Uprobes } from './uprobes.ts';

/** The process may lose so much of one processor at a time, and of its CPU time in all. */
export const mostShare = 1 / 3;
export const mostLostMs = 500;
/** µs that a hit costs the process, as measured in a virtual machine, where a step is dearer than elsewhere: 1.4, 13 and 18. */
const countedUs = 2;
const steppedUs = 15;
const recordedUs = 22;
const countMs = 100;
const sizesMs = 1_500;
const blocksMs = 3_000;
const sliceMs = 50;
const mostSites = 4_000;
const mostRecords = 20_000;
const leastBlocksMs = 300;
/** Of the calls at a place that does not say which size it asks for, so many are taken to fit. */
const unknownFit = 0.5;
const mostBlocks = 5_000;
const headerBytes = 8;

const registers = 'first=%di:x64 second=%si:x64 fourth=%cx:x64';
const blockAndStack = 'block=%ax:x64 sp=%sp:x64 bp=%bp:x64 stack=+0(%sp):x64[64]';

/** One block that was allocated. */
export interface SeenBlock {
  block: number;
  /** Where the call returns to. */
  at: number;
  stackPointer: number;
  framePointer: number;
  stack: number[];
  /** It came again meanwhile. */
  isFreed: boolean;
}

export interface Pulse {
  blocks: SeenBlock[];
  /** Calls a second at which blocks were seen, of all processes that run the same file. */
  seenPerSecond: number;
  forMs: number;
  /** Part of one processor that it took from the process, by what a hit costs. */
  share: number;
  places: number;
}

/** `says`: what it will cost, before it begins. Errors: STANCH_E_BUDGET when it would cost too much, STANCH_E_NOT_POSSIBLE. */
export async function pulseAt(
  pid: number,
  sites: readonly AllocationSite[],
  sizes: ReadonlySet<number>,
  says: (text: string) => void,
): Promise<Pulse> {
  if (sites.length === 0) throw notPossible('calls of malloc in files of the program itself', 'none: libraries of the system do it for it');
  if (sites.length > mostSites) throw notPossible(`at most ${mostSites} places that call malloc`, `${sites.length}`);
  const calm = getPriority();
  const probes = new Uprobes(pid);
  // Who is to take the probes away again in time must not wait for others.
  setPriority(constants.priority.PRIORITY_NORMAL);
  try {
    return await new Pulses(probes, sites, sizes, says).run();
  } finally {
    probes.remove();
    setPriority(calm);
  }
}

class Pulses {
  readonly #probes: Uprobes;
  readonly #sites: readonly AllocationSite[];
  readonly #sizes: ReadonlySet<number>;
  readonly #says: (text: string) => void;

  constructor(probes: Uprobes, sites: readonly AllocationSite[], sizes: ReadonlySet<number>, says: (text: string) => void) {
    this.#probes = probes;
    this.#sites = sites;
    this.#sizes = sizes;
    this.#says = says;
  }

  async run(): Promise<Pulse> {
    const calls = this.#sites.map(({ mapped, callOffset }) => ({ mapped, offset: callOffset }));
    const callUs = this.#sites.some(({ returnsTo, call }) => returnsTo - call > 5) ? steppedUs : countedUs;
    const counted = await this.#watch('count', calls, registers, countMs, callUs);
    const countedPerSecond = (counted.hits / counted.ms) * 1000;
    if ((countedPerSecond * callUs) / 1e6 > mostShare) throw tooDear(countedPerSecond, callUs);
    const asked = await this.#watch('sizes', calls, registers, sizesMs, callUs);
    const callsPerSecond = ((counted.hits + asked.hits) / (counted.ms + asked.ms)) * 1000;
    const scale = (1000 / (counted.ms + asked.ms)) * (asked.hits / Math.max(1, asked.records.length));
    const lostMs = ((counted.hits + asked.hits) * callUs) / 1000;
    const { places, perSecond } = affordable(this.#byFit([...counted.records, ...asked.records], scale));
    const share = (perSecond * recordedUs) / 1e6;
    const forMs = Math.min(blocksMs, (mostLostMs - lostMs) / Math.max(share, 1e-6));
    if (places.length === 0 || forMs < leastBlocksMs) throw tooDear(perSecond, recordedUs);
    this.#says(
      `its own code calls malloc ${Math.round(callsPerSecond)} times a second from ${this.#sites.length === 1 ? 'one place' : `${this.#sites.length} places`}; ${places.length} of them may ask for what grows, ${Math.round(perSecond)} times a second: about ${(share * 100).toFixed(1)} % of a processor for ${(forMs / 1000).toFixed(1)} s`,
    );
    const seen = await this.#watch('blocks', places, blockAndStack, forMs, recordedUs);
    const seenPerSecond = (seen.hits / seen.ms) * 1000;
    const wereThereMs = counted.ms + asked.ms + seen.ms;
    return {
      blocks: seenBlocks(seen.records),
      seenPerSecond,
      forMs: wereThereMs,
      share: (seenPerSecond * recordedUs) / 1e6,
      places: places.length,
    };
  }

  /** Ends before its time when there were too many hits: then it costs too much. */
  async #watch(event: string, places: readonly Place[], fetched: string, forMs: number, hitUs: number) {
    const mostHits = event === 'count' ? Number.POSITIVE_INFINITY : allowedHits(forMs, hitUs);
    const name = `stanch_${event}_${process.pid}`;
    const records: ProbeRecord[] = [];
    const startedMs = performance.now();
    this.#probes.begin(name, places, fetched);
    let hits = 0;
    for (let end = startedMs + forMs; performance.now() < end && hits <= mostHits; ) {
      await sleep(sliceMs);
      hits = this.#probes.hits(name);
      const left = mostRecords - records.length;
      if (left > 0) records.push(...this.#probes.records(name).slice(0, left));
    }
    this.#probes.end(name);
    const ms = performance.now() - startedMs;
    hits = this.#probes.hits(name);
    if (hits > mostHits) throw tooDear((hits / ms) * 1000, hitUs);
    records.push(...this.#probes.records(name).slice(0, mostRecords - records.length));
    return { hits, records, ms };
  }

  /** Places that asked for such a size, or did not say, those first that did it most; those that were not reached cost nothing. */
  #byFit(records: readonly ProbeRecord[], scale: number): Reached[] {
    const reached = new Map(this.#sites.map((site) => [site.call, { site, all: 0, fitting: 0 }]));
    for (const { at, words } of records) {
      const known = reached.get(at);
      if (known === undefined) continue;
      known.all += 1;
      known.fitting += this.#fits(known.site, words);
    }
    return [...reached.values()]
      .filter(({ all, fitting }) => all === 0 || fitting > 0)
      .map(({ site, all, fitting }) => ({
        place: { mapped: site.mapped, offset: site.returnOffset },
        fit: all === 0 ? 1 : fitting / all,
        perSecond: all * scale,
      }))
      .sort((a, b) => b.fit - a.fit);
  }

  #fits({ size }: AllocationSite, words: ReadonlyMap<string, number[]>): number {
    const word = (name: string) => words.get(name)?.[0] ?? 0;
    if (size === 'none') return unknownFit;
    const bytes = size === 'product' ? word('first') * word('second') : word(size);
    const block = sizeClass(Math.max(32, Math.ceil((bytes + headerBytes) / 16) * 16));
    // A block may be one step larger than was asked for.
    return this.#sizes.has(block) || this.#sizes.has(sizeClass(block + 16)) ? 1 : 0;
  }
}

export interface Reached {
  place: Place;
  /** Part of its calls that asked for what grows. */
  fit: number;
  perSecond: number;
}

/** As many as the process can bear, from the first on. */
export function affordable(reached: readonly Reached[]): { places: Place[]; perSecond: number } {
  const places: Place[] = [];
  let perSecond = 0;
  for (const each of reached) {
    if (((perSecond + each.perSecond) * recordedUs) / 1e6 > mostShare) continue;
    places.push(each.place);
    perSecond += each.perSecond;
  }
  return { places, perSecond };
}

/** Before it ends early, as calls don't come evenly. */
function allowedHits(ms: number, hitUs: number): number {
  return (2 * mostShare * ms * 1000) / hitUs;
}

function tooDear(perSecond: number, hitUs: number): StanchError {
  return new StanchError('STANCH_E_BUDGET', {
    expected: `to take no more than ${Math.round(mostShare * 100)} % of one processor from the process`,
    found: `${Math.round(perSecond)} allocations a second at places to look at: ${Math.round((perSecond * hitUs) / 1e4)} % at ${hitUs} µs each`,
    next: 'The probes are gone again. Try when it has less to do; without --means uprobes its memory is only read.',
  });
}

/** A block that a function hands on is told at each return, the outermost last; one that comes again later was freed. */
function seenBlocks(records: readonly ProbeRecord[]): SeenBlock[] {
  const seen: SeenBlock[] = [];
  const latestOf = new Map<number, number>();
  const latestOfThread = new Map<number, number>();
  for (const { tid, at, words } of records) {
    const block = words.get('block')?.[0] ?? 0;
    if (block === 0 || block % 16 !== 0) continue;
    const [stackPointer, framePointer] = [words.get('sp')?.[0] ?? 0, words.get('bp')?.[0] ?? 0];
    const here = { block, at, stackPointer, framePointer, stack: words.get('stack') ?? [], isFreed: false };
    const before = latestOf.get(block);
    const isHandedOn = before !== undefined && latestOfThread.get(tid) === before;
    const earlier = seen[before ?? -1];
    if (isHandedOn) seen[before] = here;
    else {
      if (earlier !== undefined) earlier.isFreed = true;
      if (seen.length >= mostBlocks) break;
      seen.push(here);
      latestOf.set(block, seen.length - 1);
      latestOfThread.set(tid, seen.length - 1);
    }
  }
  return seen;
}
