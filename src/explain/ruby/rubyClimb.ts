/**
 * Who holds these objects? In each pass over the memory of the process, all words that refer to what was found in the pass before. A word in a
 * slot is of that object; one outside of the heap is of the object that has its values there: an array, a hash, a proc with its variables.
 */
import { AddressFilter } from '../addressFilter.ts';
import { HeapWindows, highHalf } from '../heapWindows.ts';
import type { Region } from '../targetMemory.ts';
import type { RubyKind } from './rubyCensus.ts';
import { pageOf, type RubyPage } from './rubyHeap.ts';
import { type OwnedRange, ownersOf, rangeOf } from './rubyOwners.ts';
import type { RubyRoots } from './rubyRoots.ts';
import { type RubyValues, rubyFlag, rubyType } from './rubyValues.ts';

const mostPasses = 12;
const mostHolders = 3;
const mostInFrontier = 20_000;
/** Of what much refers to, as it does to a class. */
const mostWords = 64;
/** Of what was looked for, this part may be without anything that holds it. */
const leastUnheldPart = 0.2;
/** Of so few it need not be known what keeps them. */
const leastOpenPart = 0.02;
/** Of a kind of which so many are followed, and nearly all are held, others are taken to be held as well. */
const leastKnownOfKind = 100;
const leastSurePart = 0.98;
/** What a thread keeps for itself lies where it isn't known what does: only of collections with so much in them it is taken for kept. */
const leastKept = 64;
const leastContainerBytes = 4096;
const mostContainers = 256;

interface RubyHolder {
  address: number;
  heldBy: { holder: RubyHolder; by: string | null }[];
  root: string | null;
  /** Only a word on a stack, perhaps one that is left there. */
  isWeakRoot: boolean;
  /** That refer to it, as far as they are counted. */
  words: number;
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
  /** Asked for once the first pass is over: what is held only for a short time is to be met before it goes. */
  readRoots(): RubyRoots;
  /** Where variables on stacks lie. */
  stacks: readonly { start: number; end: number }[];
  kinds: readonly RubyKind[];
  /** What had much that was followed, in the looks before as well: it is asked first. */
  containers: Set<number>;
}

/** A word that refers to something that is followed. */
interface Hit {
  found: RubyHolder;
  at: number;
}

/** For each kind, of each of its picks. */
export function climbRuby(request: RubyClimb): RubyPath[][] {
  const climber = new RubyClimber(request);
  climber.run();
  return request.kinds.map(({ picks }) => picks.map((pick) => climber.pathOf(pick)));
}

function slotOf({ firstSlot, slotBytes }: RubyPage, at: number): number {
  return firstSlot + Math.floor((at - firstSlot) / slotBytes) * slotBytes;
}

class RubyClimber {
  readonly #request: RubyClimb;
  readonly #windows: HeapWindows;
  #roots: RubyRoots = new Map();
  readonly #pageAt = new Map<number, RubyPage>();
  readonly #known = new Map<number, RubyHolder>();
  #frontier = new Map<number, RubyHolder>();

  constructor(request: RubyClimb) {
    this.#request = request;
    this.#windows = new HeapWindows(request.values.memory);
    for (const page of request.pages) this.#pageAt.set(page.address, page);
    for (const { picks } of request.kinds) for (const pick of picks) this.#meet(pick);
  }

  run(): void {
    let isAgain = false;
    for (let pass = 0; pass < mostPasses && this.#frontier.size > 0; pass += 1) {
      const sought = [...this.#frontier.values()];
      const hits = this.#pass();
      this.#frontier = new Map();
      if (pass === 0) this.#learnRoots();
      this.#takeAll(hits);
      // A table that got longer meanwhile lies elsewhere by now: what nothing seems to hold is looked for once more.
      const unheld = sought.filter(({ heldBy, root }) => heldBy.length === 0 && root === null);
      if (!isAgain && unheld.length >= leastUnheldPart * sought.length) {
        isAgain = true;
        for (const holder of unheld) this.#follow(holder);
      }
      if (this.#request.kinds.every(({ picks }) => picks.filter((pick) => this.#isOpen(pick)).length <= leastOpenPart * picks.length))
        return;
    }
  }

  #learnRoots(): void {
    this.#roots = this.#request.readRoots();
    for (const holder of this.#known.values()) holder.root = this.#roots.get(holder.address) ?? null;
  }

  /** Whose memory a word is in that is in no slot takes long to find: only for what is not surely kept by what is known already. */
  #takeAll(hits: readonly Hit[]): void {
    const { values, pages } = this.#request;
    const outside = hits.filter((hit) => !this.#takeInSlot(hit));
    const containers = this.#containerRanges();
    const left = outside.filter((hit) => {
      const range = containers.find(({ start, end }) => hit.at >= start && hit.at < end);
      if (range !== undefined) this.#takeIn(range, hit);
      return range === undefined;
    });
    this.#takeAsTheirKind();
    const open = left.filter(({ found }) => !this.#wayFrom(found.address).isStrong);
    const owners = ownersOf(
      values,
      pages,
      open.map(({ at }) => at),
    );
    for (const hit of open) {
      const range = owners.get(hit.at);
      if (range === undefined) this.#takeOfNobody(hit);
      else this.#takeIn(range, hit);
    }
    this.#takeAsTheirKind();
  }

  #containerRanges(): OwnedRange[] {
    return [...this.#request.containers].flatMap((container) => rangeOf(this.#request.values, container) ?? []);
  }

  /** What surely keeps it is not known yet, and there is more to follow. */
  #isOpen(target: number): boolean {
    const { isStrong, isUnfinished } = this.#wayFrom(target);
    return isUnfinished && !isStrong;
  }

  /** What is of a kind of which some were followed and nearly all are held is held as one of those. */
  #takeAsTheirKind(): void {
    const { values, kinds } = this.#request;
    const sure = new Map(
      kinds.filter((kind) => this.#isSure(kind)).map(({ klass, picks }) => [klass, picks.flatMap((pick) => this.#known.get(pick) ?? [])]),
    );
    if (sure.size === 0) return;
    for (const [address, holder] of this.#frontier) {
      const others = sure.get(values.word(address + 8));
      const other = others?.[(address / 8) % others.length];
      if (other === undefined) continue;
      holder.heldBy.push(...other.heldBy);
      holder.root = other.root;
      holder.isWeakRoot = other.isWeakRoot;
      this.#frontier.delete(address);
    }
  }

  /** Collections of one class may be held by anything. */
  #isSure({ picks: [first = 0], picks }: RubyKind): boolean {
    if (picks.length < leastKnownOfKind || this.#typeOf(first) !== rubyType.object) return false;
    return picks.filter((pick) => this.#wayFrom(pick).isStrong).length >= leastSurePart * picks.length;
  }

  #meet(address: number): RubyHolder {
    let holder = this.#known.get(address);
    if (holder === undefined) {
      holder = { address, heldBy: [], root: this.#roots.get(address) ?? null, isWeakRoot: false, words: 0 };
      this.#known.set(address, holder);
      if (holder.root === null) this.#follow(holder);
    }
    return holder;
  }

  #follow(holder: RubyHolder): void {
    if (this.#frontier.size < mostInFrontier) this.#frontier.set(holder.address, holder);
  }

  #pass(): Hit[] {
    const hits: Hit[] = [];
    const filter = new AddressFilter(this.#frontier.keys());
    this.#windows.each((address, halves, count) => {
      for (let half = 0; half < count; half += 2) {
        const low = halves[half] ?? 0;
        if ((low & 7) !== 0 || !filter.mayHave(low)) continue;
        const found = this.#frontier.get(low + (halves[half + 1] ?? 0) * highHalf);
        if (found === undefined || found.words >= mostWords) continue;
        found.words += 1;
        hits.push({ found, at: address + half * 4 });
      }
    }, mayHold);
    return hits;
  }

  /** False: it is in none. */
  #takeInSlot({ found, at }: Hit): boolean {
    const page = pageOf(this.#pageAt, at);
    if (page === undefined) return false;
    const slot = slotOf(page, at);
    const type = this.#typeOf(slot);
    // A class is not held by its objects, and what is free or a text holds nothing.
    if (slot !== found.address && type !== 0 && type !== rubyType.string && at - slot >= 16) this.#hold({ found, at }, slot, slot + 16);
    return true;
  }

  #takeIn({ start, end, owner }: OwnedRange, hit: Hit): void {
    const { containers } = this.#request;
    if (owner === hit.found.address) return;
    if (end - start >= leastContainerBytes && containers.size < mostContainers) containers.add(owner);
    this.#hold(hit, owner, start);
  }

  /** `start`: where the holder has its first value. Only now it is known what has the word: it may be another one's by now. */
  #hold({ found, at }: Hit, holder: number, start: number): void {
    if (found.heldBy.length >= mostHolders || this.#request.values.word(at) !== found.address) return;
    found.heldBy.push({ holder: this.#meet(holder), by: this.#variable(holder, (at - start) / 8) });
  }

  #takeOfNobody({ found, at }: Hit): void {
    if (found.heldBy.length >= mostHolders) return;
    const isOnStack = this.#request.stacks.some(({ start, end }) => at >= start && at < end);
    if (!isOnStack && !this.#isLarge(found.address)) return;
    found.isWeakRoot ||= found.root === null;
    found.root ??= isOnStack ? 'a local variable' : 'a thread or native code';
  }

  #typeOf(address: number): number {
    return (this.#request.values.word(address) % 2 ** 32) & 31;
  }

  #isCollection(address: number): boolean {
    const type = this.#typeOf(address);
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
    return this.#typeOf(object) === rubyType.object ? values.instanceVariable(values.word(object + 8), index) : null;
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

function mayHold({ writable, path }: Region): boolean {
  return writable && !path.startsWith('/');
}

interface Way {
  /** Null of what is not known at all. */
  last: RubyHolder | null;
  root: string | null;
  isStrong: boolean;
  isUnfinished: boolean;
  cameFrom: Map<RubyHolder, { below: RubyHolder; by: string | null } | null>;
}
