/**
 * Who holds these objects? From some objects up to a static field, a thread or a variable on a stack: in each pass over the references, all
 * that lead to what was found in the pass before. What nobody holds is rubbish that waits for the collector.
 */
import type { JavaCensus, Jvm } from './javaCensus.ts';
import { isOfJdk, type JavaClass } from './javaClasses.ts';
import type { ClassTable } from './javaHeap.ts';
import type { JavaReference, JavaReferences } from './javaReferences.ts';

const mostPasses = 8;
/** Of so few of those at the start the way is not known that it no longer matters. */
const leastOpenPart = 0.03;
/** From an object through its list and the map of a thread-local to the thread. */
const passesForNames = 7;
/** Of a list that grew there are all the arrays that it outgrew, until the collector runs. */
const mostHolders = 32;
const mostInFrontier = 20_000;
/** Of each group so many are followed until a name is found; of the others it is enough to know that something holds them. */
const namedOfGroup = 16;
const mostChainHolders = 16;
/** Some may come from weak references or from what is no reference. */
const mostHitsOfEach = 64;

/** No more than a word that looks like a reference. */
export const looseRoot = 'a local variable or native code';

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
  /** References to it, as many as are looked at. */
  hits: number;
  /** It moved since it was seen: who holds it may not be found any more. */
  hasMoved: boolean;
}

export interface JavaPath {
  root: string | null;
  /** Nobody holds it, as far as can be seen. */
  isRubbish: boolean;
  /** From next to the target outwards. */
  steps: { holder: JavaHolder; by: string | null }[];
}

/** `groups`: addresses of objects, those of a class in one group. */
export function climbJava(jvm: Jvm, census: JavaCensus, groups: readonly (readonly number[])[]): JavaPath[][] {
  const climber = new JavaClimber(jvm, census, groups);
  climber.run();
  return groups.map((group) => group.map((target) => climber.pathOf(target)));
}

class JavaClimber {
  readonly #jvm: Jvm;
  readonly #references: JavaReferences;
  readonly #table: ClassTable;
  readonly #groups: readonly (readonly number[])[];
  readonly #known = new Map<number, JavaHolder>();
  #frontier = new Map<number, JavaHolder>();
  readonly #outside: ReadonlySet<number>;
  #openTargets = 0;
  readonly #youngMoved: boolean;

  constructor(jvm: Jvm, { references, table, whole, outside }: JavaCensus, groups: readonly (readonly number[])[]) {
    this.#jvm = jvm;
    this.#references = references;
    this.#table = table;
    this.#groups = groups;
    this.#youngMoved = whole === null;
    this.#outside = outside;
    for (const target of groups.flat()) this.#meet(target, null, false);
  }

  run(): void {
    this.#climb();
    const chain = this.#longChain();
    if (chain === null) return;
    this.#followChain(chain);
    this.#climb();
  }

  #climb(): void {
    for (let pass = 0; pass < mostPasses; pass += 1) {
      this.#frontier = this.#nextFrontier();
      const isEnough = pass >= passesForNames && this.#openTargets < leastOpenPart * this.#groups.flat().length;
      if (this.#frontier.size === 0 || isEnough) return;
      for (const holder of this.#frontier.values()) holder.isFollowed = true;
      for (const hit of this.#pass()) this.#take(hit);
    }
  }

  #meet(address: number, of: JavaClass | null, hasMoved: boolean): JavaHolder {
    let holder = this.#known.get(address);
    if (holder === undefined) {
      const isOutside = this.#outside.has(address);
      const root = isOutside ? looseRoot : null;
      holder = { address, class: of, heldBy: [], root, isWeakRoot: isOutside, isFollowed: false, hits: 0, hasMoved };
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
        for (const holder of unfollowed) if (frontier.size < mostInFrontier) frontier.set(holder.address, holder);
      }
    }
    return frontier;
  }

  #pass(): Hit[] {
    const hits: Hit[] = [];
    this.#references.to(this.#frontier, (reference) => {
      const found = this.#frontier.get(reference.target);
      if (found === undefined || found.hits >= mostHitsOfEach) return;
      found.hits += 1;
      hits.push({ ...reference, found });
    });
    return hits;
  }

  #take({ found, holder: address, classIndex, offset, isYoung }: Hit): void {
    const of = this.#table.classes[classIndex];
    const isKept = found.root !== null && !found.isWeakRoot;
    if (of === undefined || isKept || found.heldBy.length >= mostHolders || address === found.address) return;
    const staticField = classIndex === this.#table.mirrors ? this.#staticField(address, offset) : null;
    if (staticField !== null) {
      found.root = staticField;
      found.isWeakRoot = false;
      return;
    }
    const { classes } = this.#jvm;
    const field = classes.fieldAt(of, offset, false);
    // What only refers weakly, or links those that do, holds nothing.
    if (field?.owner.name === 'java.lang.ref.Reference') return;
    const holder = this.#meet(address, of, isYoung && this.#youngMoved);
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
    return most?.[0] ?? null;
  }

  /** Whatever holds any one object of the chain, and is none of it, holds them all. */
  #followChain(chain: JavaClass): void {
    const open = [...this.#nextFrontier().values()].filter(({ class: of }) => of === chain);
    const anyOfChain: JavaHolder = {
      address: 0,
      class: chain,
      heldBy: [],
      root: null,
      isWeakRoot: false,
      isFollowed: true,
      hits: 0,
      hasMoved: false,
    };
    const hits: Hit[] = [];
    this.#references.toClassFromOutside(this.#table.classes.indexOf(chain), (reference) => {
      hits.push({ ...reference, found: anyOfChain });
      return hits.length < mostChainHolders;
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
    const ends = [...cameFrom.keys()].filter(({ heldBy }) => heldBy.length === 0);
    const isRubbish = root === null && unfollowed.length === 0 && !ends.some(({ hasMoved }) => hasMoved);
    return { root: root?.root ?? null, isRubbish, steps };
  }
}

type CameFrom = Map<JavaHolder, { below: JavaHolder; by: string | null } | null>;

interface Hit extends JavaReference {
  found: JavaHolder;
}

function isOwn({ address, class: of }: JavaHolder, target: number): boolean {
  return address !== target && of !== null && !isOfJdk(of.name);
}
