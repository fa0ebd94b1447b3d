/**
 * Who holds these objects? In each pass over the memory of the process, all words that refer to what was found in the pass before. A word in a
 * slot is of that object; one outside of the heap is of the object that has its values there: an array, a hash, a proc with its variables.
 */
import { AddressFilter } from '../addressFilter.ts';
import { HeapWindows, highHalf } from '../heapWindows.ts';
import type { Region } from '../targetMemory.ts';
import type { PickedKind } from './rubyCensus.ts';
import { type ChainHead, followChain, type RubyChain } from './rubyChain.ts';
import { pageOf, type RubyPage, smallestSlotBytes } from './rubyHeap.ts';
import { type OwnedRange, OwnedRanges, ownersOf, rangeOf, usedWords } from './rubyOwners.ts';
import type { RubyClasses, RubyPart } from './rubyPart.ts';
import type { RubyRoots } from './rubyRoots.ts';
import { type RubyValues, rubyFlag, rubyType } from './rubyValues.ts';

const mostPasses = 12;
const mostHolders = 3;
/** Where many of one class refer back to what holds them, what holds that is of another class. */
const mostOtherHolders = 12;
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
const leastChainedPart = 0.5;
const passesOfCollections = 2;
/** What a thread keeps for itself lies where it isn't known what does: only of collections with so much in them it is taken for kept. */
const leastKept = 64;
const leastContainerBytes = 4096;
const mostContainers = 256;
const mostAsked = 4_096;
const mostRemembered = 20_000;
const localVariable = 'a local variable';

interface RubyHolder {
  address: number;
  /** `at`: where the word is. */
  heldBy: { holder: RubyHolder; by: string | null; at: number }[];
  root: string | null;
  /** Where a word is by which it is known to be one. */
  rootAt: number | null;
  /** Only a word on a stack, perhaps one that is left there. */
  isWeakRoot: boolean;
  /** That refer to it, as far as they are counted, and the classes of the objects that these are in. */
  words: number;
  classes: Set<number>;
}

export interface RubyPath {
  root: string | null;
  isRubbish: boolean;
  /** Not only by what may be left on a stack, or by what is not known. */
  isSure: boolean;
  /** From next to the target outwards. */
  steps: { holder: RubyHolder; by: string | null }[];
  /** That it is in itself, and how many there are in that. */
  collection: { address: number; entries: number } | null;
}

export interface RubyClimb {
  values: RubyValues;
  classes: RubyClasses;
  parts: readonly RubyPart[];
  pages: readonly RubyPage[];
  /** Addresses of arrays with much in them, and of hashes that may have. */
  large: readonly number[];
  /** Asked for once the first pass is over: what is held only for a short time is to be met before it goes. */
  readRoots(): RubyRoots;
  /** Where variables on stacks lie. */
  stacks: readonly { start: number; end: number }[];
  kinds: readonly PickedKind[];
  memory: ClimbMemory;
}

/** What was found in the looks before and is asked first: it has mostly not changed. */
export class ClimbMemory {
  /** What had much that was followed. */
  readonly containers = new Set<number>();
  /** Where words were that referred to what was followed, and kept it. */
  readonly words = new Map<number, number[]>();

  keepContainer({ start, end, owner }: OwnedRange): void {
    if (end - start >= leastContainerBytes && this.containers.size < mostContainers) this.containers.add(owner);
  }

  /** Those of its words that still refer to it; each is told once. */
  wordsOf(values: RubyValues, address: number): number[] {
    const words = (this.words.get(address) ?? []).filter((at) => values.word(at) === address);
    this.words.delete(address);
    return words;
  }
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
  /** Where containers that are known have their values, as of after the last pass and as of before it. */
  #containers: [now: OwnedRanges, before: OwnedRanges] = [new OwnedRanges(), new OwnedRanges()];
  #isAgain = false;
  readonly #fromMemory = new Set<RubyHolder>();
  readonly #chains = new Map<number, RubyChain>();

  constructor(request: RubyClimb) {
    this.#request = request;
    this.#windows = new HeapWindows(request.values.memory);
    for (const page of request.pages) this.#pageAt.set(page.address, page);
    for (const { picks } of request.kinds) for (const pick of picks) this.#meet(pick);
  }

  run(): void {
    for (let pass = 0; pass < mostPasses && this.#frontier.size > 0; pass += 1) {
      const sought = this.#frontier;
      this.#frontier = new Map();
      const hits = this.#pass(sought);
      if (pass === 0) this.#learnRoots();
      this.#takeAll(hits);
      this.#takeToHeads(pass);
      this.#takeRemembered();
      // Perhaps it is in a table that got longer meanwhile and is not known: what nothing seems to hold is looked for once more.
      const unheld = [...sought.values()].filter(({ heldBy, root }) => heldBy.length === 0 && root === null);
      if (!this.#isAgain && unheld.length >= leastUnheldPart * sought.size) {
        this.#isAgain = true;
        for (const holder of unheld) this.#follow(holder);
      }
      if (this.#isSettled() && !this.#doubtMemory()) break;
    }
    this.#remember();
  }

  #isSettled(): boolean {
    return this.#request.kinds.every(({ picks }) => picks.filter((pick) => this.#isOpen(pick)).length <= leastOpenPart * picks.length);
  }

  #learnRoots(): void {
    this.#roots = this.#request.readRoots();
    for (const holder of this.#known.values()) holder.root = this.#roots.get(holder.address) ?? null;
  }

  /** Whose memory a word is in that is in no slot takes long to find: only for what is not surely kept by what is known already. */
  #takeAll(hits: readonly Hit[]): void {
    const { values, parts } = this.#request;
    const left = hits.filter((hit) => !this.#takeInSlot(hit) && !this.#takeOnStack(hit) && !this.#takeInContainer(hit));
    this.#takeAsTheirKind();
    const open = left.filter(({ found }) => !this.#wayFrom(found.address).isStrong);
    const owners = ownersOf(
      values,
      parts,
      open.map(({ at }) => at),
    );
    for (const hit of open) {
      const range = owners.get(hit.at);
      if (range !== undefined) this.#takeIn(range, hit);
      else if (this.#isLarge(hit.found.address)) this.#takeWeakly(hit, 'a thread or native code');
    }
    this.#takeAsTheirKind();
  }

  #containerRanges(): OwnedRange[] {
    const { values, memory, large } = this.#request;
    const containers = new Set([...memory.containers, ...large.slice(0, mostAsked)]);
    return [...containers].flatMap((container) => rangeOf(values, container) ?? []);
  }

  /** What surely keeps it is not known yet, and there is more to follow. */
  #isOpen(target: number): boolean {
    const { isStrong, isUnfinished } = this.#wayFrom(target);
    return isUnfinished && !isStrong;
  }

  /** What is of a kind of which some were followed, and found to be held by something, is held as one of those. */
  #takeAsTheirKind(): void {
    const { values, kinds } = this.#request;
    const known = new Map(kinds.flatMap((kind) => this.#holdersOf(kind)));
    if (known.size === 0) return;
    for (const [address, holder] of this.#frontier) {
      const others = known.get(values.word(address + 8));
      const other = others?.[(address / 8) % others.length];
      if (other === undefined) continue;
      holder.heldBy.push(...other.heldBy);
      holder.root = other.root;
      holder.isWeakRoot = other.isWeakRoot;
      this.#frontier.delete(address);
    }
  }

  /** Collections of one class may be held by anything: none of those. Nor of a list in which each holds the next: it would seem to have no beginning. */
  #holdersOf({ klass, picks: [first = 0], picks }: PickedKind): [number, RubyHolder[]][] {
    if (picks.length < leastKnownOfKind || this.#typeOf(first) !== rubyType.object) return [];
    const holders = picks.flatMap((pick) => this.#known.get(pick) ?? []);
    const isOther = ({ holder }: RubyHolder['heldBy'][number]) => this.#request.values.word(holder.address + 8) !== klass;
    const held = holders.filter(({ heldBy, root }) => root !== null || heldBy.some(isOther));
    return held.length < leastSurePart * picks.length ? [] : [[klass, holders]];
  }

  /** What is in a list in which each holds the next is held by what has the first of it. */
  #takeToHeads(pass: number): void {
    for (const kind of this.#request.kinds.filter((each) => this.#isChained(each, pass))) {
      const chain = this.#chainOf(kind);
      for (const [address, holder] of this.#frontier) {
        const head = chain.headOf(address);
        if (head === null) continue;
        this.#takeHead(holder, head);
        this.#frontier.delete(address);
      }
    }
  }

  #takeHead(found: RubyHolder, { first, heldBy }: ChainHead): void {
    if (heldBy !== null) {
      const { holder, index, at } = heldBy;
      found.heldBy.push({ holder: this.#meet(holder), by: this.#variable(holder, index), at });
      return;
    }
    found.root = this.#roots.get(first) ?? localVariable;
    found.isWeakRoot = !this.#roots.has(first);
  }

  /** Collections that lie in one another are mostly no list, and climbed soon. */
  #isChained({ klass, picks: [first = 0], picks }: PickedKind, pass: number): boolean {
    const type = this.#typeOf(first);
    const isRecord = type === rubyType.object || type === rubyType.struct;
    if (!isRecord && (pass < passesOfCollections || !this.#isCollection(first))) return false;
    const isSame = ({ holder }: RubyHolder['heldBy'][number]) => this.#request.values.word(holder.address + 8) === klass;
    return picks.filter((pick) => this.#known.get(pick)?.heldBy.some(isSame) === true).length > leastChainedPart * picks.length;
  }

  #chainOf({ klass }: PickedKind): RubyChain {
    const chain = this.#chains.get(klass) ?? followChain({ ...this.#request, roots: this.#roots }, klass);
    this.#chains.set(klass, chain);
    return chain;
  }

  #meet(address: number): RubyHolder {
    let holder = this.#known.get(address);
    if (holder === undefined) {
      holder = {
        address,
        heldBy: [],
        root: this.#roots.get(address) ?? null,
        rootAt: null,
        isWeakRoot: false,
        words: 0,
        classes: new Set(),
      };
      this.#known.set(address, holder);
      if (holder.root === null) this.#follow(holder);
    }
    return holder;
  }

  #follow(holder: RubyHolder): void {
    if (this.#frontier.size < mostInFrontier) this.#frontier.set(holder.address, holder);
  }

  /** What holds these, and what holds that, as far as it is the same as in the look before. */
  #takeRemembered(): void {
    const { values, memory } = this.#request;
    let hits: Hit[];
    do {
      hits = [...this.#frontier.values()].flatMap((found) => memory.wordsOf(values, found.address).map((at) => ({ found, at })));
      for (const { found } of hits) {
        this.#frontier.delete(found.address);
        this.#fromMemory.add(found);
      }
      this.#takeAll(hits);
    } while (hits.length > 0);
  }

  /** What held it before may have gone, and something else hold it. True: there is such a thing, and it is followed now. */
  #doubtMemory(): boolean {
    const doubtful = [...this.#fromMemory].filter(({ address }) => this.#wayFrom(address).root === null);
    this.#fromMemory.clear();
    for (const holder of doubtful) this.#follow(holder);
    return doubtful.length > 0;
  }

  #remember(): void {
    const { words } = this.#request.memory;
    words.clear();
    const isKept = ({ address }: RubyHolder) => this.#wayFrom(address).root !== null;
    for (const holder of this.#known.values()) {
      if (words.size === mostRemembered) return;
      // A collection on a stack is in the middle of being used: who has it says more.
      const own = holder.rootAt === null || this.#isCollection(holder.address) ? [] : [holder.rootAt];
      const places = [...holder.heldBy.filter((held) => isKept(held.holder)).map(({ at }) => at), ...own];
      if (places.length > 0) words.set(holder.address, places);
    }
  }

  /** What gets longer is moved: what is in it is found where it was, and nobody's by then. */
  #pass(sought: ReadonlyMap<number, RubyHolder>): Hit[] {
    const before = this.#containerRanges();
    const hits = this.#search(sought);
    const now = this.#containerRanges();
    this.#containers = [new OwnedRanges(now), new OwnedRanges(before)];
    const isKnown = ({ owner }: OwnedRange) => this.#request.memory.containers.has(owner);
    if (this.#isAgain || !hasMoved(before.filter(isKnown), now)) return hits;
    this.#isAgain = true;
    for (const holder of sought.values()) holder.words = 0;
    return this.#pass(sought);
  }

  #search(sought: ReadonlyMap<number, RubyHolder>): Hit[] {
    const hits: Hit[] = [];
    const filter = new AddressFilter(sought.keys());
    this.#windows.each((address, halves, count) => {
      for (let half = 0; half < count; half += 2) {
        const low = halves[half] ?? 0;
        if (!filter.mayHave(low)) continue;
        const top = halves[half + 1] ?? 0;
        const found = filter.mayHaveTop(top) ? sought.get(low + top * highHalf) : undefined;
        if (found === undefined) continue;
        const isNew = this.#isOfNewClass(found, address, halves, half);
        if (found.words >= mostWords && !isNew) continue;
        found.words += 1;
        hits.push({ found, at: address + half * 4 });
      }
    }, mayHold);
    return hits;
  }

  /** Of the object that the word is in, among all that refer to it; a stack is as good as that. */
  #isOfNewClass({ classes }: RubyHolder, address: number, halves: Uint32Array, half: number): boolean {
    const at = address + half * 4;
    const page = pageOf(this.#pageAt, at);
    if (page === undefined) return this.#isOnStack(at);
    const classHalf = (slotOf(page, at) + 8 - address) / 4;
    const klass = classHalf < 0 ? 0 : (halves[classHalf] ?? 0) + (halves[classHalf + 1] ?? 0) * highHalf;
    if (classes.has(klass) || classes.size === mostOtherHolders) return false;
    classes.add(klass);
    return true;
  }

  /** False: it is in none. */
  #takeInSlot(hit: Hit): boolean {
    const page = pageOf(this.#pageAt, hit.at);
    if (page === undefined) return false;
    const slot = slotOf(page, hit.at);
    const { values } = this.#request;
    const word = values.word(slot);
    const flags = word % highHalf;
    const type = flags & 31;
    // A class is not held by its objects, and what is free or a text holds nothing.
    const isValue =
      hit.at >= slot + 16 &&
      (page.slotBytes > smallestSlotBytes || hit.at < slot + 16 + usedWords(values.shapes, flags, Math.floor(word / highHalf)) * 8);
    if (slot !== hit.found.address && type !== 0 && type !== rubyType.string && isValue) this.#hold(hit, slot, slot + 16);
    return true;
  }

  #isOnStack(at: number): boolean {
    return this.#request.stacks.some(({ start, end }) => at >= start && at < end);
  }

  #takeOnStack(hit: Hit): boolean {
    const isOnStack = this.#isOnStack(hit.at);
    if (isOnStack) this.#takeWeakly(hit, localVariable);
    return isOnStack;
  }

  #takeInContainer(hit: Hit): boolean {
    const [now, before] = this.#containers;
    // What is where one was that has been moved meanwhile was in it just now.
    const range = now.at(hit.at) ?? before.at(hit.at);
    if (range === null) return false;
    this.#takeIn(range, hit);
    return true;
  }

  #takeIn(range: OwnedRange, hit: Hit): void {
    if (range.owner === hit.found.address) return;
    this.#request.memory.keepContainer(range);
    this.#hold(hit, range.owner, range.start);
  }

  /** `start`: where the holder has its first value. Only now it is known what has the word: it may be another one's by now. */
  #hold({ found, at }: Hit, holder: number, start: number): void {
    const { values } = this.#request;
    if (!this.#hasRoomFor(found, holder) || values.word(at) !== found.address) return;
    found.heldBy.push({ holder: this.#meet(holder), by: this.#variable(holder, (at - start) / 8), at });
  }

  #hasRoomFor({ heldBy }: RubyHolder, holder: number): boolean {
    const classOf = (address: number) => this.#request.values.word(address + 8);
    if (heldBy.length < mostHolders) return true;
    return heldBy.length < mostOtherHolders && !heldBy.some((held) => classOf(held.holder.address) === classOf(holder));
  }

  #takeWeakly({ found, at }: Hit, root: string): void {
    found.rootAt ??= at;
    found.isWeakRoot ||= found.root === null;
    found.root ??= root;
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
    return this.#typeOf(object) === rubyType.object ? values.instanceVariable(object, index) : null;
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

  #collectionAt(address = 0): RubyPath['collection'] {
    return this.#isCollection(address) ? { address, entries: this.#request.values.entryCount(address) } : null;
  }

  pathOf(target: number): RubyPath {
    const { last, root, isStrong, isUnfinished, cameFrom } = this.#wayFrom(target);
    if (last === null) return { root: null, isRubbish: false, isSure: false, steps: [], collection: null };
    const steps: RubyPath['steps'] = [];
    for (let at = last, from = cameFrom.get(at); from; at = from.below, from = cameFrom.get(at)) steps.unshift({ holder: at, by: from.by });
    return {
      root,
      isRubbish: root === null && !isUnfinished,
      isSure: isStrong,
      steps,
      collection: this.#collectionAt(steps[0]?.holder.address),
    };
  }
}

/** One that something is taken from at its beginning begins later, and is where it was. */
function hasMoved(before: readonly OwnedRange[], now: readonly OwnedRange[]): boolean {
  const nowOf = new Map(now.map((range) => [range.owner, range]));
  return before.some(({ start, end, owner }) => {
    const range = nowOf.get(owner);
    return range !== undefined && (range.start < start || range.start > end);
  });
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
