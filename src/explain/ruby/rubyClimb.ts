/**
 * Who holds these objects? In each pass over the memory of the process, all words that refer to what was found in the pass before. A word in a
 * slot is of that object; one outside of the heap is of the object that has its values there: an array, a hash, a proc with its variables.
 */
import { largestPageBytes, pageOf, type RubyPage, visitSlots } from './rubyHeap.ts';
import type { RubyRoots } from './rubyRoots.ts';
import { isAddress, type RubyValues, rubyFlag, rubyType, wordIn } from './rubyValues.ts';

const mostPasses = 12;
const mostHolders = 3;
const mostInFrontier = 20_000;
const filterSize = 1 << 18;
const windowBytes = 1 << 20;
/** Of the words that were found, this part may be of nobody known. */
const leastLeftPart = 0.2;
const mostTimesMoved = 2;
const mostRanges = 2_000_000;
/** What a proc, a thread and the like have of their own. */
const dataBytes = 96;
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
  roots: RubyRoots;
  /** Where variables on stacks lie. */
  stacks: readonly { start: number; end: number }[];
  targets: readonly number[];
}

export function climbRuby(request: RubyClimb): RubyPath[] {
  const climber = new RubyClimber(request);
  climber.run();
  return request.targets.map((target) => climber.pathOf(target));
}

/** Memory outside of the heap that belongs to an object in it, in order of address. */
class Ranges {
  readonly #all: { start: number; end: number; owner: number }[] = [];

  add(start: number, end: number, owner: number): void {
    if (isAddress(start) && end > start && this.#all.length < mostRanges) this.#all.push({ start, end, owner });
  }

  sort(): void {
    this.#all.sort((a, b) => a.start - b.start);
  }

  at(address: number): { start: number; owner: number } | null {
    let [low, high] = [0, this.#all.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#all[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const found = this.#all[low - 1];
    return found !== undefined && address < found.end ? found : null;
  }
}

function slotOf({ firstSlot, slotBytes }: RubyPage, at: number): number {
  return firstSlot + Math.floor((at - firstSlot) / slotBytes) * slotBytes;
}

class RubyClimber {
  readonly #request: RubyClimb;
  #ranges = new Ranges();
  readonly #pageAt = new Map<number, RubyPage>();
  readonly #known = new Map<number, RubyHolder>();
  #frontier = new Map<number, RubyHolder>();
  readonly #filter = new Uint8Array(filterSize);

  constructor(request: RubyClimb) {
    this.#request = request;
    for (const page of request.pages) this.#pageAt.set(page.address, page);
    this.#findRanges();
    for (const target of request.targets) this.#meet(target);
  }

  #findRanges(): void {
    this.#ranges = new Ranges();
    const { values, pages } = this.#request;
    const buffer = Buffer.alloc(largestPageBytes);
    for (const page of pages) {
      visitSlots(values, page, buffer, (address, flags, _klass, bytes, at) => {
        const first = wordIn(bytes, at + 16);
        const isEmbedded = (flags & rubyFlag.embedded) !== 0;
        switch (flags & 31) {
          case rubyType.array:
            if (!isEmbedded) this.#ranges.add(wordIn(bytes, at + 32), wordIn(bytes, at + 32) + first * 8, address);
            break;
          case rubyType.hash:
            this.#addHash(address, first, (flags & rubyFlag.hashTable) !== 0);
            break;
          case rubyType.object:
            if (!isEmbedded) this.#ranges.add(wordIn(bytes, at + 24), wordIn(bytes, at + 24) + (first % 2 ** 32) * 8, address);
            break;
          case rubyType.struct:
            if ((flags & rubyFlag.structEmbedded) === 0)
              this.#ranges.add(wordIn(bytes, at + 24), wordIn(bytes, at + 24) + first * 8, address);
            break;
          case rubyType.data:
            this.#ranges.add(wordIn(bytes, at + 32), wordIn(bytes, at + 32) + dataBytes, address);
            break;
          case rubyType.imemo:
            // The variables of a block: kind 0, where they are, how many.
            if (((flags >>> 12) & 15) === 0)
              this.#ranges.add(wordIn(bytes, at + 24), wordIn(bytes, at + 24) + bytes.readUInt32LE(at + 32) * 8, address);
            break;
        }
      });
    }
    this.#ranges.sort();
  }

  /** Small ones have up to eight pairs in one block, after eight bytes of hints. */
  #addHash(address: number, table: number, isLarge: boolean): void {
    if (!isLarge) {
      this.#ranges.add(table + 8, table + 8 + 8 * 16, address);
      return;
    }
    const range = this.#request.values.tableRange(table);
    if (range !== null) this.#ranges.add(range.start, range.end, address);
  }

  run(): void {
    let times = 0;
    for (let pass = 0; pass < mostPasses && this.#frontier.size > 0; pass += 1) {
      const hits = this.#pass();
      this.#frontier = new Map();
      const left = hits.filter((hit) => !this.#take(hit));
      // An array that got longer lies elsewhere by now.
      if (left.length < leastLeftPart * hits.length || times >= mostTimesMoved) continue;
      times += 1;
      this.#findRanges();
      for (const hit of left) this.#take(hit);
    }
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

  #pass(): { found: RubyHolder; at: number }[] {
    const hits: { found: RubyHolder; at: number }[] = [];
    this.#filter.fill(0);
    for (const address of this.#frontier.keys()) this.#filter[(address / 8) % filterSize] = 1;
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
            if ((low & 7) !== 0 || this.#filter[(low >>> 3) & (filterSize - 1)] === 0) continue;
            const found = this.#frontier.get(low + (words[word + 1] ?? 0) * 2 ** 32);
            if (found !== undefined && found.heldBy.length < mostHolders) hits.push({ found, at: at + word * 4 });
          }
        }
      }
    }
    return hits;
  }

  /** False: it isn't known what has the word. */
  #take({ found, at }: { found: RubyHolder; at: number }): boolean {
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
    const range = this.#ranges.at(at);
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

  /** The shortest way to what surely keeps it, or else to what may. */
  pathOf(target: number): RubyPath {
    const start = this.#known.get(target);
    if (start === undefined) return { root: null, isRubbish: false, steps: [] };
    const cameFrom = new Map<RubyHolder, { below: RubyHolder; by: string | null } | null>([[start, null]]);
    const unfinished = new Set(this.#frontier.values());
    let isUnfinished = false;
    let strong: RubyHolder | null = null;
    let weak: RubyHolder | null = null;
    for (const holder of cameFrom.keys()) {
      if (holder.root !== null && !holder.isWeakRoot) {
        strong = holder;
        break;
      }
      // A collection on a stack is in the middle of being used: who has it says more.
      if (holder.isWeakRoot && (weak === null || (this.#isCollection(weak.address) && !this.#isCollection(holder.address)))) weak = holder;
      if (unfinished.has(holder)) isUnfinished = true;
      for (const { holder: above, by } of holder.heldBy) if (!cameFrom.has(above)) cameFrom.set(above, { below: holder, by });
    }
    const last = strong ?? weak ?? start;
    const steps: RubyPath['steps'] = [];
    for (let at = last, from = cameFrom.get(at); from; at = from.below, from = cameFrom.get(at)) steps.unshift({ holder: at, by: from.by });
    return { root: last.root, isRubbish: last.root === null && !isUnfinished, steps };
  }
}
