/**
 * Who holds these objects? From some objects up to a static field, a thread or a variable on a stack: in each pass over the references, all
 * that lead to what was found in the pass before. What nobody holds is rubbish that waits for the collector.
 */
import type { ClassTable } from './classTable.ts';
import type { JavaCensus, Jvm } from './javaCensus.ts';
import { isOfJdk, type JavaClass } from './javaClasses.ts';
import { addressOf } from './javaHeap.ts';
import type { JavaReference, JavaReferences } from './javaReferences.ts';
import { cellOf } from './referenceLists.ts';

const mostPasses = 8;
/** Of each group, of so few the way is not known that it no longer matters. */
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
  /** In the order in which they were met. */
  number: number;
  unit: number;
  /** Null for what to start at. */
  class: JavaClass | null;
  heldBy: Step[];
  /** The same the other way round. */
  holds: Step[];
  /** What keeps it: a static field, a thread; null for an object that others must hold. */
  root: string | null;
  /** The root is no more than a word that looks like a reference: of a stack, perhaps one that is left there. */
  isWeakRoot: boolean;
  kept: Kept;
  /** What holds it was looked for. */
  isFollowed: boolean;
  /** Of the last pass in which a way led here from one of which it wasn't known enough, and in which one led here from what was not followed. */
  metInPass: number;
  openInPass: number;
  /** It moved since it was seen, or is held by what there was no room for: who holds it may not be found. */
  isHeldUnseen: boolean;
}

/** As far as is known: by nothing, a word on a stack, an object of the application that such a word may hold, or surely. */
const kept = { byNothing: 0, weakly: 1, byOwn: 2, surely: 3 } as const;
type Kept = (typeof kept)[keyof typeof kept];

export interface JavaPath {
  root: string | null;
  /** Nobody holds it, as far as can be seen. */
  isRubbish: boolean;
  /** From next to the target outwards. */
  steps: JavaStep[];
}

/** Kept until the last look, and so without all that was climbed over beside it. */
interface JavaStep {
  /** Of what holds what is below. */
  unit: number;
  class: JavaClass | null;
  /** A field; null in an array. */
  by: string | null;
}

const none: Step[] = [];

interface Step {
  holder: JavaHolder;
  below: JavaHolder;
  /** A field; null in an array. */
  by: string | null;
}

/** `groups`: units of objects, those of a class in one group. */
export function climbJava(jvm: Jvm, census: JavaCensus, groups: readonly (readonly number[])[]): JavaPath[][] {
  const climber = new JavaClimber(jvm, census, groups);
  climber.run();
  const ways = climber.ways();
  return groups.map((group) => group.map((target) => climber.pathOf(target, ways)));
}

class JavaClimber {
  readonly #jvm: Jvm;
  readonly #references: JavaReferences;
  readonly #table: ClassTable;
  readonly #groups: readonly (readonly JavaHolder[])[];
  readonly #known = new Map<number, JavaHolder>();
  readonly #outside: ReadonlySet<number>;
  readonly #ofMirrors: ReadonlyMap<number, readonly JavaReference[]>;
  #isEnough = false;
  #passes = 0;
  readonly #youngMoved: boolean;

  constructor(jvm: Jvm, { references, table, whole, outside }: JavaCensus, groups: readonly (readonly number[])[]) {
    this.#jvm = jvm;
    this.#references = references;
    this.#table = table;
    this.#youngMoved = whole === null;
    this.#outside = outside;
    this.#ofMirrors = references.ofMirrors();
    this.#groups = groups.map((group) => group.map((target) => this.#meet(target, null, false)));
  }

  run(): void {
    this.#climb();
    if (this.#isEnough) return;
    const open = this.#nextFrontier();
    const chain = longChain(open);
    if (chain === null) return;
    this.#followChain(chain, open);
    this.#climb();
  }

  #climb(): void {
    for (let pass = 0; pass < mostPasses; pass += 1) {
      const frontier = this.#nextFrontier();
      if (frontier.length === 0 || (this.#passes > passesForNames && this.#isEnough)) return;
      for (const holder of frontier) {
        holder.isFollowed = true;
        for (const reference of this.#ofMirrors.get(cellOf(holder.unit)) ?? []) this.#take(holder, reference);
      }
      const open = frontier.filter(({ root, isWeakRoot }) => root === null || isWeakRoot);
      this.#references.toEach(
        open.map(({ unit }) => unit),
        mostHitsOfEach,
        (index, reference) => this.#takeFor(open[index], reference),
      );
    }
  }

  #takeFor(found: JavaHolder | undefined, reference: JavaReference): void {
    if (found !== undefined) this.#take(found, reference);
  }

  #meet(unit: number, of: JavaClass | null, hasMoved: boolean): JavaHolder {
    let holder = this.#known.get(unit);
    if (holder === undefined) {
      const isOutside = this.#outside.has(unit);
      const root = isOutside ? looseRoot : null;
      holder = {
        number: this.#known.size,
        unit,
        class: of,
        heldBy: none,
        holds: none,
        root,
        isWeakRoot: isOutside,
        kept: isOutside ? kept.weakly : kept.byNothing,
        isFollowed: false,
        metInPass: -1,
        openInPass: -1,
        isHeldUnseen: hasMoved || this.#references.isHeldByLeftOut(unit),
      };
      this.#known.set(unit, holder);
    }
    holder.class ??= of;
    return holder;
  }

  /** What is not followed yet on the ways from those of which it isn't known enough. */
  #nextFrontier(): JavaHolder[] {
    this.#passes += 1;
    const wanted = this.#groups.map((group) =>
      group.filter((target, index) => target.kept < (index < namedOfGroup ? kept.byOwn : kept.weakly)),
    );
    const frontier: JavaHolder[] = [];
    const above: JavaHolder[] = [];
    const meet = (holder: JavaHolder) => {
      if (holder.metInPass === this.#passes) return;
      holder.metInPass = this.#passes;
      above.push(holder);
    };
    for (const group of wanted) for (const target of group) meet(target);
    for (const holder of above) {
      if (!holder.isFollowed) frontier.push(holder);
      if (frontier.length >= mostInFrontier) break;
      for (const step of holder.heldBy) meet(step.holder);
    }
    this.#markOpen(frontier);
    this.#isEnough = wanted.every((group, index) => {
      const open = group.filter(({ openInPass }) => openInPass === this.#passes);
      return open.length <= leastOpenPart * (this.#groups[index]?.length ?? 0);
    });
    return frontier;
  }

  /** All that what is not followed yet holds, of what was met on the ways to it. */
  #markOpen(frontier: readonly JavaHolder[]): void {
    const marked = [...frontier];
    for (const holder of marked) holder.openInPass = this.#passes;
    for (const { holds } of marked) {
      for (const { below } of holds) {
        if (below.openInPass === this.#passes || below.metInPass !== this.#passes) continue;
        below.openInPass = this.#passes;
        marked.push(below);
      }
    }
  }

  /** From each object the way to the nearest of each kind, for all of them at once: from one after the other it may be far, and most of it the same. */
  ways(): Ways {
    const all = [...this.#known.values()];
    const to = (ends: readonly JavaHolder[]) => new WaysTo(ends, all.length);
    const roots = all.filter(({ root }) => root !== null);
    const weakRoots = roots.filter(({ isWeakRoot }) => isWeakRoot);
    return {
      sure: to(roots.filter(({ isWeakRoot }) => !isWeakRoot)),
      own: to(weakRoots.filter(({ class: of }) => of !== null && !isOfJdk(of.name))),
      weak: to(weakRoots),
      unfollowed: to(all.filter(({ isFollowed }) => !isFollowed)),
      unseen: to(all.filter(({ heldBy, isHeldUnseen }) => isHeldUnseen && heldBy.length === 0)),
    };
  }

  #take(found: JavaHolder, { holder: unit, classIndex, offset, isYoung }: JavaReference): void {
    const of = this.#table.classes[classIndex];
    const isKept = found.root !== null && !found.isWeakRoot;
    if (of === undefined || isKept || found.heldBy.length >= mostHolders || unit === found.unit) return;
    const staticField =
      classIndex === this.#table.mirrors && offset !== null ? this.#staticField(addressOf(this.#jvm.bounds, unit), offset) : null;
    if (staticField !== null) {
      this.#root(found, staticField);
      return;
    }
    const { classes } = this.#jvm;
    const field = offset === null ? null : classes.fieldAt(of, offset, false);
    // A static number.
    if (field === null && classIndex === this.#table.mirrors) return;
    // What only refers weakly, or links those that do, holds nothing.
    if (field?.owner.name === 'java.lang.ref.Reference') return;
    const holder = this.#meet(unit, of, isYoung && this.#youngMoved);
    if (classes.isA(of, 'java.lang.Thread')) this.#root(holder, 'a thread');
    hold(holder, found, field?.name ?? null);
  }

  #root(holder: JavaHolder, root: string): void {
    holder.root = root;
    holder.isWeakRoot = false;
    keep(holder, kept.surely);
  }

  #staticField(mirror: number, offset: number): string | null {
    const { vm, classes } = this.#jvm;
    const of = classes.ofKlass(vm.word(mirror + vm.int(vm.field('java_lang_Class::_klass_offset'))));
    const field = of === undefined ? null : classes.fieldAt(of, offset, true);
    return of === undefined || field === null ? null : `${of.name}.${field.name}`;
  }

  /** Whatever holds any one object of the chain, and is none of it, holds them all. */
  #followChain(chain: JavaClass, open: readonly JavaHolder[]): void {
    const anyOfChain = this.#meet(0, chain, false);
    anyOfChain.isFollowed = true;
    let hits = 0;
    this.#references.toClassFromOutside(this.#table.classes.indexOf(chain), (reference) => {
      this.#take(anyOfChain, reference);
      hits += 1;
      return hits < mostChainHolders;
    });
    for (const holder of open) {
      if (holder.class !== chain) continue;
      holder.isFollowed = true;
      for (const { holder: above, by } of anyOfChain.heldBy) hold(above, holder, by);
      if (anyOfChain.root !== null) this.#root(holder, anyOfChain.root);
    }
  }

  /**
   * To the nearest that keeps it: surely, or else a word on a stack, of those one that holds an object of the application: a table that a map no longer
   * uses may be left on a stack as well. A way that was not followed to its end keeps it too.
   */
  pathOf(unit: number, { sure, own, weak, unfollowed, unseen }: Ways): JavaPath {
    const target = this.#meet(unit, null, false);
    const ways = sure.has(target) ? sure : own.stepFrom(target) !== null ? own : weak.has(target) ? weak : undefined;
    const steps: JavaPath['steps'] = [];
    let at = target;
    for (let step = ways?.stepFrom(at); step; step = ways?.stepFrom(at)) {
      at = step.holder;
      steps.push({ unit: at.unit, class: at.class, by: step.by });
    }
    const isRubbish = ways === undefined && !unfollowed.has(target) && !unseen.has(target);
    // Where not all is known, what surely keeps it may be what was left out.
    const isRoot = ways === sure || (ways !== undefined && !this.#references.isFull);
    return { root: isRoot ? at.root : null, isRubbish, steps };
  }
}

/** The class whose objects hold one another one after the other, longer than passes reach: entries of a linked list or queue. */
function longChain(open: readonly JavaHolder[]): JavaClass | null {
  const counts = new Map<JavaClass, number>();
  for (const { class: of } of open) if (of !== null) counts.set(of, (counts.get(of) ?? 0) + 1);
  const most = [...counts].sort((a, b) => b[1] - a[1])[0];
  return most?.[0] ?? null;
}

/** Of each object from which one leads there the first step. */
class WaysTo {
  /** By number of the object: null of those that are there. */
  readonly #steps: (Step | null | undefined)[];

  constructor(ends: readonly JavaHolder[], of: number) {
    this.#steps = new Array<Step | null | undefined>(of).fill(undefined);
    for (const { number } of ends) this.#steps[number] = null;
    const found = [...ends];
    for (const holder of found) {
      for (const step of holder.holds) {
        const { below } = step;
        if (this.#steps[below.number] !== undefined) continue;
        this.#steps[below.number] = step;
        found.push(below);
      }
    }
  }

  has({ number }: JavaHolder): boolean {
    return this.#steps[number] !== undefined;
  }

  /** Null where it is there, or no way leads there. */
  stepFrom({ number }: JavaHolder): Step | null {
    return this.#steps[number] ?? null;
  }
}

interface Ways {
  /** To static fields and threads. */
  sure: WaysTo;
  /** To objects of the application that a word on a stack may hold. */
  own: WaysTo;
  /** To any that a word on a stack may hold. */
  weak: WaysTo;
  /** To objects of which it was not looked for who holds them. */
  unfollowed: WaysTo;
  /** To objects of which it can't be seen. */
  unseen: WaysTo;
}

function hold(holder: JavaHolder, below: JavaHolder, by: string | null): void {
  const step = { holder, below, by };
  below.heldBy = withStep(below.heldBy, step);
  holder.holds = withStep(holder.holds, step);
  keep(below, keptBelow(holder));
}

/** Most have one: of an empty list that something is added to there is room for many. */
function withStep(steps: Step[], step: Step): Step[] {
  if (steps.length === 0) return [step];
  steps.push(step);
  return steps;
}

function keptBelow({ kept: own, isWeakRoot, class: of }: JavaHolder): Kept {
  return own === kept.weakly && isWeakRoot && of !== null && !isOfJdk(of.name) ? kept.byOwn : own;
}

/** And with it all that it holds. */
function keep(holder: JavaHolder, by: Kept): void {
  if (by <= holder.kept) return;
  holder.kept = by;
  const more = [holder];
  for (const above of more) {
    const passedOn = keptBelow(above);
    for (const { below } of above.holds) {
      if (passedOn <= below.kept) continue;
      below.kept = passedOn;
      more.push(below);
    }
  }
}
