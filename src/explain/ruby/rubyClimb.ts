/**
 * Who holds these objects? In each pass over the memory of the process, all words that refer to what was found in the pass before. A word in a
 * slot is of that object; one outside of the heap is of the object that has its values there: an array, a hash, a proc with its variables.
 */
import { pageOf, type RubyPage } from './rubyHeap.ts';
import { type RangeOwner, type RubyRanges, readRubyRanges } from './rubyRanges.ts';
import type { RubyRoots } from './rubyRoots.ts';
import { type RubyValues, rubyFlag, rubyType } from './rubyValues.ts';

const mostPasses = 12;
const mostHolders = 3;
const mostInFrontier = 20_000;
/** Words of 32 bits: as much as the nearest cache has. */
const filterMask = (1 << 13) - 1;
const windowBytes = 1 << 20;
/** Of the words that were found, this part may be of nobody known. */
const leastLeftPart = 0.2;
/** Of so few it need not be known what keeps them. */
const leastOpenPart = 0.02;
const mostTimesMoved = 2;
/** What a thread keeps for itself lies where it isn't known what does: only of collections with so much in them it is taken for kept. */
const leastKept = 64;

interface RubyHolder {
  address: number;
  heldBy: { holder: RubyHolder; by: string | null }[];
  root: string | null;
  /** Only a word on a stack, perhaps one that is left there. */
  isWeakRoot: boolean;
}

export interface RubyPath {
  root: string | null;
  isRubbish: boolean;
  /** From next to the target outwards. */
  steps: { holder: RubyHolder; by: string | null }[];
}

export interface RubyClimb {
  values: RubyValues;
  pages: readonly RubyPage[];
  ranges: RubyRanges;
  roots: RubyRoots;
  /** Where variables on stacks lie. */
  stacks: readonly { start: number; end: number }[];
  targets: readonly number[];
}

/** A word that refers to something that is followed. */
interface Hit {
  found: RubyHolder;
  at: number;
}

export function climbRuby(request: RubyClimb): RubyPath[] {
  const climber = new RubyClimber(request);
  climber.run();
  return request.targets.map((target) => climber.pathOf(target));
}

function slotOf({ firstSlot, slotBytes }: RubyPage, at: number): number {
  return firstSlot + Math.floor((at - firstSlot) / slotBytes) * slotBytes;
}

class RubyClimber {
  readonly #request: RubyClimb;
  #ranges: RubyRanges;
  readonly #pageAt = new Map<number, RubyPage>();
  readonly #known = new Map<number, RubyHolder>();
  #frontier = new Map<number, RubyHolder>();
  readonly #filter = new Int32Array(filterMask + 1);

  constructor(request: RubyClimb) {
    this.#request = request;
    this.#ranges = request.ranges;
    for (const page of request.pages) this.#pageAt.set(page.address, page);
    for (const target of request.targets) this.#meet(target);
  }

  run(): void {
    const { values, pages, targets } = this.#request;
    let times = 0;
    for (let pass = 0; pass < mostPasses && this.#frontier.size > 0; pass += 1) {
      const hits = this.#pass();
      this.#frontier = new Map();
      const left = this.#takeAll(hits);
      // An array that got longer lies elsewhere by now.
      if (left.length >= leastLeftPart * hits.length && times < mostTimesMoved) {
        times += 1;
        this.#ranges = readRubyRanges(values, pages);
        this.#takeAll(left);
      }
      if (targets.filter((target) => this.#isOpen(target)).length < leastOpenPart * targets.length) return;
    }
  }

  /** Those of which it isn't known what has the word. */
  #takeAll(hits: readonly Hit[]): Hit[] {
    const owners = this.#ranges.at(hits.flatMap(({ at }) => (pageOf(this.#pageAt, at) === undefined ? [at] : [])));
    return hits.filter((hit) => !this.#take(hit, owners.get(hit.at) ?? null));
  }

  /** What surely keeps it is not known yet, and there is more to follow. */
  #isOpen(target: number): boolean {
    const { isStrong, isUnfinished } = this.#wayFrom(target);
    return isUnfinished && !isStrong;
  }

  #meet(address: number): RubyHolder {
    let holder = this.#known.get(address);
    if (holder === undefined) {
      holder = { address, heldBy: [], root: this.#request.roots.get(address) ?? null, isWeakRoot: false };
      this.#known.set(address, holder);
      if (holder.root === null && this.#frontier.size < mostInFrontier) this.#frontier.set(address, holder);
    }
    return holder;
  }

  #pass(): Hit[] {
    const hits: Hit[] = [];
    this.#filter.fill(0);
    for (const address of this.#frontier.keys()) {
      const bit = (address % 2 ** 32) >>> 3;
      this.#filter[(bit >>> 5) & filterMask] = (this.#filter[(bit >>> 5) & filterMask] ?? 0) | (1 << (bit & 31));
    }
    const filter = this.#filter;
    const { memory } = this.#request.values;
    const buffer = new ArrayBuffer(windowBytes);
    const [bytes, words] = [new Uint8Array(buffer), new Uint32Array(buffer)];
    for (const region of memory.regions()) {
      if (!region.writable || region.path.startsWith('/')) continue;
      for (const [start, end] of memory.present(region.start, region.end)) {
        for (let at = start; at < end; at += windowBytes) {
          const length = memory.read(at, bytes.subarray(0, Math.min(windowBytes, end - at))) >>> 2;
          for (let word = 0; word + 1 < length; word += 2) {
            const low = words[word] ?? 0;
            // Its lower bits are in turn a tag, a bit, and a place in the filter.
            if ((low & 7) !== 0 || (((filter[(low >>> 8) & filterMask] ?? 0) >>> ((low >>> 3) & 31)) & 1) === 0) continue;
            const found = this.#frontier.get(low + (words[word + 1] ?? 0) * 2 ** 32);
            if (found !== undefined && found.heldBy.length < mostHolders) hits.push({ found, at: at + word * 4 });
          }
        }
      }
    }
    return hits;
  }

  /** False: it isn't known what has the word. */
  #take({ found, at }: Hit, range: RangeOwner | null): boolean {
    const { values, stacks } = this.#request;
    if (found.heldBy.length >= mostHolders) return true;
    const page = pageOf(this.#pageAt, at);
    if (page !== undefined) {
      const slot = slotOf(page, at);
      const flags = (values.word(slot) % 2 ** 32) & 31;
      // A class is not held by its objects, and what is free or a text holds nothing.
      if (slot === found.address || flags === 0 || flags === rubyType.string || at - slot < 16) return true;
      found.heldBy.push({ holder: this.#meet(slot), by: this.#variable(slot, (at - slot - 16) / 8) });
      return true;
    }
    if (range !== null) {
      if (range.owner !== found.address)
        found.heldBy.push({ holder: this.#meet(range.owner), by: this.#variable(range.owner, (at - range.start) / 8) });
      return true;
    }
    const isOnStack = stacks.some(({ start, end }) => at >= start && at < end);
    if (!isOnStack && !this.#isLarge(found.address)) return false;
    found.isWeakRoot ||= found.root === null;
    found.root ??= isOnStack ? 'a local variable' : 'a thread or native code';
    return true;
  }

  #isCollection(address: number): boolean {
    const type = (this.#request.values.word(address) % 2 ** 32) & 31;
    return type === rubyType.array || type === rubyType.hash;
  }

  #isLarge(address: number): boolean {
    const { values } = this.#request;
    const flags = values.word(address) % 2 ** 32;
    if ((flags & 31) === rubyType.array) return (flags & rubyFlag.embedded) === 0 && values.word(address + 16) >= leastKept;
    return (flags & 31) === rubyType.hash && (flags & rubyFlag.hashTable) !== 0;
  }

  #variable(object: number, index: number): string | null {
    const { values } = this.#request;
    const isObject = ((values.word(object) % 2 ** 32) & 31) === rubyType.object;
    return isObject ? values.instanceVariable(values.word(object + 8), index) : null;
  }

  /** The nearest that surely keeps it, or else what may. */
  #wayFrom(target: number): Way {
    const start = this.#known.get(target);
    const cameFrom: Way['cameFrom'] = new Map();
    if (start === undefined) return { last: null, root: null, isStrong: false, isUnfinished: false, cameFrom };
    cameFrom.set(start, null);
    let isUnfinished = false;
    let weak: RubyHolder | null = null;
    let named: RubyHolder | null = null;
    for (const [holder, from] of cameFrom) {
      if (holder.root !== null && !holder.isWeakRoot) return { last: holder, root: holder.root, isStrong: true, isUnfinished, cameFrom };
      if (from !== null && from.by !== null && this.#isCollection(from.below.address)) named ??= holder;
      // A collection on a stack is in the middle of being used: who has it says more.
      if (holder.isWeakRoot && (weak === null || (this.#isCollection(weak.address) && !this.#isCollection(holder.address)))) weak = holder;
      if (this.#frontier.has(holder.address)) isUnfinished = true;
      for (const { holder: above, by } of holder.heldBy) if (!cameFrom.has(above)) cameFrom.set(above, { below: holder, by });
    }
    const isInUse = weak !== null && this.#isCollection(weak.address);
    return { last: (isInUse ? named : null) ?? weak ?? start, root: weak?.root ?? null, isStrong: false, isUnfinished, cameFrom };
  }

  pathOf(target: number): RubyPath {
    const { last, root, isUnfinished, cameFrom } = this.#wayFrom(target);
    if (last === null) return { root: null, isRubbish: false, steps: [] };
    const steps: RubyPath['steps'] = [];
    for (let at = last, from = cameFrom.get(at); from; at = from.below, from = cameFrom.get(at)) steps.unshift({ holder: at, by: from.by });
    return { root, isRubbish: root === null && !isUnfinished, steps };
  }
}

interface Way {
  /** Null of what is not known at all. */
  last: RubyHolder | null;
  root: string | null;
  isStrong: boolean;
  isUnfinished: boolean;
  cameFrom: Map<RubyHolder, { below: RubyHolder; by: string | null } | null>;
}
