/**
 * Who holds these objects? From some objects up to a static field, a thread or a variable on a stack: in each pass over the heap, all words
 * that refer to what was found in the pass before. What nobody holds is rubbish that waits for the collector.
 */
import { collectionsOf, type JavaCensus, type Jvm } from './javaCensus.ts';
import { isOfJdk, type JavaClass } from './javaClasses.ts';
import { ClassTable, heapWindows, type ObjectStarts, visitHeap, windowWords } from './javaHeap.ts';
import { wordsOutside } from './javaRoots.ts';
import { javaSpaces } from './javaSpaces.ts';

const mostPasses = 8;
const mostAgain = 3;
/** Of so few of those at the start the way is not known that it no longer matters. */
const leastOpenPart = 0.03;
/** From an object through its list and the map of a thread-local to the thread. */
const passesForNames = 7;
/** Of a list that grew there are all the arrays that it outgrew, until the collector runs. */
const mostHolders = 32;
const mostInFrontier = 20_000;
const filterSize = 1 << 16;
/** Of each group so many are followed until a name is found; of the others it is enough to know that something holds them. */
const namedOfGroup = 16;
/** A heap above this has its long chains left alone: a bit for each place where an object may be would need too much. */
const largestForChains = 2 ** 33;
const mostChainHolders = 16;
/** Some may come from weak references or from what is no reference. */
const mostHitsOfEach = 64;

interface JavaHolder {
  address: number;
  /** Null for what to start at. */
  class: JavaClass | null;
  /** A field; null in an array. */
  heldBy: { holder: JavaHolder; by: string | null }[];
  /** What keeps it: a static field, a thread; null for an object that others must hold. */
  root: string | null;
  /** The root is no more than a word that looks like a reference: of a stack, perhaps one that is left there. */
  isWeakRoot: boolean;
  /** What holds it was looked for. */
  isFollowed: boolean;
  /** Words that refer to it, as many as are looked at. */
  hits: number;
}

export interface JavaPath {
  root: string | null;
  /** Nobody holds it, as far as can be seen. */
  isRubbish: boolean;
  /** From next to the target outwards. */
  steps: { holder: JavaHolder; by: string | null }[];
}

/** `groups`: addresses of objects, those of a class in one group. What was found is worth nothing once the collector has run: then it ends. */
export function climbJava(jvm: Jvm, { starts, collections }: JavaCensus, groups: readonly (readonly number[])[]): JavaPath[][] {
  const climber = new JavaClimber(jvm, starts, groups, () => Number.isNaN(collections) || collectionsOf(jvm) === collections);
  climber.run();
  return groups.map((group) => group.map((target) => climber.pathOf(target)));
}

class JavaClimber {
  readonly #jvm: Jvm;
  readonly #starts: ObjectStarts;
  readonly #table: ClassTable;
  readonly #groups: readonly (readonly number[])[];
  readonly #known = new Map<number, JavaHolder>();
  /** By the reference, as it is in the heap. */
  #frontier = new Map<number, JavaHolder>();
  readonly #filter = new Uint8Array(filterSize);
  /** Where in a window the filter lets a word through. */
  readonly #places = new Int32Array(windowWords);
  readonly #outside: Set<number>;
  #openTargets = 0;
  readonly #mirrors: number;
  readonly #isStill: () => boolean;

  constructor(jvm: Jvm, starts: ObjectStarts, groups: readonly (readonly number[])[], isStill: () => boolean) {
    this.#jvm = jvm;
    this.#isStill = isStill;
    this.#starts = starts;
    this.#groups = groups;
    this.#table = new ClassTable(jvm.vm, jvm.classes);
    this.#mirrors = this.#table.classes.findIndex(({ name }) => name === 'java.lang.Class');
    this.#outside = wordsOutside(jvm);
    for (const target of groups.flat()) this.#meet(target, null);
  }

  run(): void {
    this.#climb();
    for (let again = 0; again < mostAgain && this.#forgetOutgrown(); again += 1) this.#climb();
    const chain = this.#isStill() ? this.#longChain() : null;
    if (chain === null) return;
    this.#followChain(chain);
    this.#climb();
  }

  #climb(): void {
    for (let pass = 0; pass < mostPasses; pass += 1) {
      this.#frontier = this.#nextFrontier();
      const isEnough = pass >= passesForNames && this.#openTargets < leastOpenPart * this.#groups.flat().length;
      if (this.#frontier.size === 0 || isEnough || !this.#isStill()) return;
      for (const holder of this.#frontier.values()) holder.isFollowed = true;
      for (const hit of this.#pass()) this.#take(hit);
    }
  }

  /**
   * A list that got a larger array between two passes is held by nothing that was found before: what ends at an array that nobody refers to is
   * looked at again. False: there is none.
   */
  #forgetOutgrown(): boolean {
    let isAny = false;
    for (const target of this.#groups.flat()) {
      const { root, unfollowed, cameFrom } = this.#wayFrom(target);
      const ends = [...cameFrom.keys()].filter(({ heldBy }) => heldBy.length === 0);
      if (root !== null || unfollowed.length > 0 || !ends.some(({ class: of }) => of?.name.endsWith('[]'))) continue;
      isAny = true;
      for (const holder of cameFrom.keys()) Object.assign(holder, { heldBy: [], isFollowed: false, hits: 0 } satisfies Partial<JavaHolder>);
    }
    return isAny;
  }

  #meet(address: number, of: JavaClass | null): JavaHolder {
    let holder = this.#known.get(address);
    if (holder === undefined) {
      const isOutside = this.#outside.has(address);
      const root = isOutside ? 'a local variable or native code' : null;
      holder = { address, class: of, heldBy: [], root, isWeakRoot: isOutside, isFollowed: false, hits: 0 };
      this.#known.set(address, holder);
    }
    holder.class ??= of;
    return holder;
  }

  /** What is not followed yet on the ways from those of which it isn't known enough. */
  #nextFrontier(): Map<number, JavaHolder> {
    const frontier = new Map<number, JavaHolder>();
    this.#openTargets = 0;
    for (const group of this.#groups) {
      for (const [index, target] of group.entries()) {
        const { root, unfollowed } = this.#wayFrom(target);
        const isEnough = index < namedOfGroup ? root !== null && (!root.isWeakRoot || isOwn(root, target)) : root !== null;
        if (isEnough) continue;
        if (unfollowed.length > 0) this.#openTargets += 1;
        for (const holder of unfollowed) if (frontier.size < mostInFrontier) frontier.set(this.#referenceTo(holder.address), holder);
      }
    }
    return frontier;
  }

  #referenceTo(address: number): number {
    const { oopShift, oopBase } = this.#jvm.bounds;
    return oopShift === null ? address : (address - oopBase) / 2 ** oopShift;
  }

  #pass(): Hit[] {
    const hits: Hit[] = [];
    const shift = this.#jvm.bounds.oopShift === 3 ? 0 : 3;
    const [frontier, starts, table] = [this.#frontier, this.#starts, this.#table];
    this.#filter.fill(0);
    for (const reference of frontier.keys()) this.#filter[((reference % 2 ** 32) >>> shift) & (filterSize - 1)] = 1;
    const isWide = this.#jvm.bounds.oopShift === null;
    heapWindows(this.#jvm.memory, javaSpaces(this.#jvm), (window, words, length, space) => {
      if (!this.#isStill()) return;
      const candidates = filterWords(words, length, this.#filter, shift, this.#places);
      for (let index = 0; index < candidates; index += 1) {
        const word = this.#places[index] ?? 0;
        const low = words[word] ?? 0;
        const found = frontier.get(isWide ? low + (words[word + 1] ?? 0) * 2 ** 32 : low);
        if (found === undefined || found.hits >= mostHitsOfEach) continue;
        const object = starts.objectAround(window + word * 4, window, words, length, space, table);
        if (object === null) continue;
        found.hits += 1;
        hits.push({ found, ...object, offset: window + word * 4 - object.address });
      }
    });
    return hits;
  }

  #take({ found, address, classIndex, offset }: Hit): void {
    const of = this.#table.classes[classIndex];
    const isKept = found.root !== null && !found.isWeakRoot;
    if (of === undefined || isKept || found.heldBy.length >= mostHolders || address === found.address) return;
    const staticField = classIndex === this.#mirrors ? this.#staticField(address, offset) : null;
    if (staticField !== null) {
      found.root = staticField;
      found.isWeakRoot = false;
      return;
    }
    const { classes } = this.#jvm;
    const field = classes.fieldAt(of, offset, false);
    // What only refers weakly, or links those that do, holds nothing.
    if (field?.owner.name === 'java.lang.ref.Reference') return;
    const holder = this.#meet(address, of);
    if (classes.isA(of, 'java.lang.Thread')) {
      holder.root = 'a thread';
      holder.isWeakRoot = false;
    }
    found.heldBy.push({ holder, by: field?.name ?? null });
  }

  #staticField(mirror: number, offset: number): string | null {
    const { vm, classes } = this.#jvm;
    const of = classes.ofKlass(vm.word(mirror + vm.int(vm.field('java_lang_Class::_klass_offset'))));
    const field = of === undefined ? null : classes.fieldAt(of, offset, true);
    return of === undefined || field === null ? null : `${of.name}.${field.name}`;
  }

  /** The class whose objects hold one another one after the other, longer than passes reach: entries of a linked list or queue. */
  #longChain(): JavaClass | null {
    const counts = new Map<JavaClass, number>();
    for (const { class: of } of this.#nextFrontier().values()) if (of !== null) counts.set(of, (counts.get(of) ?? 0) + 1);
    const most = [...counts].sort((a, b) => b[1] - a[1])[0];
    return most === undefined || this.#jvm.bounds.end - this.#jvm.bounds.start > largestForChains ? null : most[0];
  }

  /** Whatever holds any one object of the chain, and is none of it, holds them all. */
  #followChain(chain: JavaClass): void {
    const open = [...this.#nextFrontier().values()].filter(({ class: of }) => of === chain);
    const index = this.#table.classes.indexOf(chain);
    const { start, end, oopShift, oopBase } = this.#jvm.bounds;
    if (oopShift === null) return;
    const isOfChain = new Uint8Array(Math.ceil((end - start) / 64));
    visitHeap(this.#jvm.memory, javaSpaces(this.#jvm), this.#table, (address, classIndex) => {
      if (classIndex !== index) return;
      const bit = (address - start) / 8;
      isOfChain[bit >>> 3] = (isOfChain[bit >>> 3] ?? 0) | (1 << (bit & 7));
    });
    const anyOfChain: JavaHolder = { address: 0, class: chain, heldBy: [], root: null, isWeakRoot: false, isFollowed: true, hits: 0 };
    const hits: Hit[] = [];
    heapWindows(this.#jvm.memory, javaSpaces(this.#jvm), (window, words, length, space) => {
      for (let word = 0; word < length && hits.length < mostChainHolders; word += 1) {
        const bit = ((words[word] ?? 0) * 2 ** oopShift + oopBase - start) / 8;
        if (bit <= 0 || !(((isOfChain[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) || !Number.isInteger(bit)) continue;
        const object = this.#starts.objectAround(window + word * 4, window, words, length, space, this.#table);
        if (object !== null && object.classIndex !== index)
          hits.push({ found: anyOfChain, ...object, offset: window + word * 4 - object.address });
      }
    });
    for (const hit of hits) this.#take(hit);
    for (const holder of open) {
      holder.isFollowed = true;
      holder.heldBy.push(...anyOfChain.heldBy);
      if (anyOfChain.root !== null) holder.root = anyOfChain.root;
    }
  }

  /** The nearest that keeps it: surely, or else a word on a stack, of those one that holds an object of the application. */
  #wayFrom(target: number): { root: JavaHolder | null; unfollowed: JavaHolder[]; cameFrom: CameFrom } {
    const start = this.#known.get(target);
    const cameFrom: CameFrom = new Map();
    const unfollowed: JavaHolder[] = [];
    const weak: JavaHolder[] = [];
    if (start !== undefined) cameFrom.set(start, null);
    for (const holder of cameFrom.keys()) {
      if (holder.root !== null && !holder.isWeakRoot) return { root: holder, unfollowed, cameFrom };
      if (holder.isWeakRoot) weak.push(holder);
      if (!holder.isFollowed) unfollowed.push(holder);
      for (const { holder: above, by } of holder.heldBy) if (!cameFrom.has(above)) cameFrom.set(above, { below: holder, by });
    }
    // A table that a map no longer uses may be left on a stack as well.
    return { root: weak.find((holder) => isOwn(holder, target)) ?? weak[0] ?? null, unfollowed, cameFrom };
  }

  /** A way that was not followed to its end keeps it as well. */
  pathOf(target: number): JavaPath {
    const { root, unfollowed, cameFrom } = this.#wayFrom(target);
    const steps: JavaPath['steps'] = [];
    if (root !== null) {
      for (let at = root, from = cameFrom.get(at); from; at = from.below, from = cameFrom.get(at))
        steps.unshift({ holder: at, by: from.by });
    }
    return { root: root?.root ?? null, isRubbish: root === null && unfollowed.length === 0, steps };
  }
}

/** Kept apart and plain, because it sees every word of the heap. */
function filterWords(words: Uint32Array, length: number, filter: Uint8Array, shift: number, places: Int32Array): number {
  const signed = new Int32Array(words.buffer);
  const last = filter.length - 1;
  let count = 0;
  for (let word = 0; word < length; word += 1) {
    const value = signed[word] ?? 0;
    if (value === 0 || filter[(value >>> shift) & last] === 0) continue;
    places[count] = word;
    count += 1;
  }
  return count;
}

type CameFrom = Map<JavaHolder, { below: JavaHolder; by: string | null } | null>;

interface Hit {
  found: JavaHolder;
  address: number;
  classIndex: number;
  offset: number;
}

function isOwn({ address, class: of }: JavaHolder, target: number): boolean {
  return address !== target && of !== null && !isOfJdk(of.name);
}
