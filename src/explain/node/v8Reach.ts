/**
 * What can be come to from the variables of modules and from global ones, the nearest first: each object once, with the way to it. Not followed:
 * collections that are known. What is looked for is followed to its end, other objects some steps.
 */
import type { HeapPages } from '../heapPages.ts';
import type { V8Look } from './v8Census.ts';
import type { V8Holder } from './v8Climb.ts';
import type { V8Layout } from './v8Constants.ts';
import type { V8Graph } from './v8Graph.ts';
import type { V8Maps } from './v8Maps.ts';
import type { V8Names } from './v8Names.ts';
import type { V8Objects } from './v8Objects.ts';

const mostSteps = 6;
const mostOther = 120_000;
const mostFound = 200_000;
const mostStepsBetween = 3;
const mostAttempts = 8;
const mostNear = 200;
const leastChain = 16;

interface Reached {
  object: number;
  kind: number;
  /** Steps outside of what is looked for. */
  steps: number;
  from: Reached | null;
  offset: number;
  /** The variable, for the first of a way. */
  root: string | null;
  /** Of what is looked for and all behind it: what is just outside of it. */
  start: Reached | null;
}

/** A variable, and what it referred to when it was met. */
interface Source {
  address: number;
  root: string;
  object: number;
}

interface Heap {
  windows: HeapPages;
  objects: V8Objects;
  graph: V8Graph;
  names: V8Names;
  maps: V8Maps;
  layout: V8Layout;
}

export interface Wanted {
  isWanted(object: number, kind: number): boolean;
  isLeftOut(object: number, kind: number): boolean;
  /** Whether so many of a kind are all that may be alive of it. */
  isEnough(kind: number, count: number): boolean;
}

/** Where what is looked for begins, and how much of each kind can be come to from there. */
export interface ReachedGroup {
  root: string;
  /** From next to the first of them outwards. */
  steps: { holder: V8Holder; offset: number }[];
  counts: Map<number, number>;
  first: number;
}

export function reachFromVariables(heap: Heap, look: Pick<V8Look, 'contexts' | 'cells'>, wanted: Wanted): ReachedGroup[] {
  const reach = new Reach(heap, wanted);
  reach.begin(look);
  reach.run();
  return reach.groups();
}

class Reach {
  readonly #heap: Heap;
  readonly #wanted: Wanted;
  /** By address: what tells the object from another one that gets its place. */
  readonly #seen = new Map<number, number>();
  readonly #others: Reached[] = [];
  readonly #sources: Source[] = [];
  /** What is looked for, and what lies between. */
  readonly #found: Reached[] = [];
  #foundDone = 0;
  #isBroken = false;
  /** What was looked for and found from one variable, by kind. */
  readonly #ofSource = new Map<number, number>();
  readonly #groups = new Map<Reached, { first: Reached; counts: Map<number, number> }>();

  constructor(heap: Heap, wanted: Wanted) {
    this.#heap = heap;
    this.#wanted = wanted;
  }

  begin({ contexts, cells }: Pick<V8Look, 'contexts' | 'cells'>): void {
    const { names, graph } = this.#heap;
    for (const context of contexts.filter((each) => names.isOutermost(each))) {
      // What the newest is changes all the time, and where a context was may be something else.
      this.#heap.windows.forget();
      if (!names.isOutermost(context)) continue;
      this.#seen.set(context, graph.markOf(context, graph.kindOf(context) ?? -1));
      for (const { name, offset } of names.moduleVariables(context)) this.#source(context - 1 + offset, name);
    }
    this.#heap.windows.forget();
    for (const cell of cells) this.#source(cell - 1 + 24, `global ${names.nameOfCell(cell) ?? '?'}`);
  }

  #source(address: number, root: string): void {
    const { windows, graph, names, maps } = this.#heap;
    let object = windows.word(address);
    this.#sources.push({ address, root, object });
    const before = this.#others.length + this.#found.length;
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      const foundBefore = this.#found.length;
      this.#ofSource.clear();
      this.#isBroken = false;
      this.#meet(object, { steps: 0, from: null, offset: 0, root });
      this.#followFound();
      if (!this.#isBroken && !this.#endsEarly()) break;
      if (attempt === mostAttempts) break;
      // What is young was moved while it was followed, and something else may be in its place.
      this.#forgetFound(foundBefore);
      windows.forget();
      object = windows.word(address);
    }
    // What is static in a class is a field of a function.
    const kind = graph.kindOf(object);
    if (kind === null || before === this.#others.length + this.#found.length || !names.isFunction(maps.typeOf(kind))) return;
    const from = this.#others.at(-1) ?? null;
    for (const { object: field, offset } of graph.staticRefsOf(object, kind)) this.#meet(field, { steps: 1, from, offset, root: null });
    this.#followFound();
  }

  /** More than a few in a row, and less than there were long ago. */
  #endsEarly(): boolean {
    const counts = [...this.#ofSource];
    return counts.some(([, count]) => count >= leastChain) && !counts.some(([kind, count]) => this.#wanted.isEnough(kind, count));
  }

  #forgetFound(from: number): void {
    for (const { object, start } of this.#found.splice(from)) {
      this.#seen.delete(object);
      if (start !== null) this.#groups.delete(start);
    }
    this.#foundDone = Math.min(this.#foundDone, from);
  }

  #meet(object: number, how: Omit<Reached, 'object' | 'kind' | 'start'>): void {
    if ((object & 3) !== 1) return;
    const kind = this.#heap.graph.kindOf(object);
    // In the place of what was seen may be another one by now, which is moved there.
    const mark = kind === null ? -1 : this.#heap.graph.markOf(object, kind);
    if (this.#seen.get(object) === mark) return;
    if (kind === null) this.#isBroken ||= how.from !== null && how.from.start !== null;
    if (kind === null || this.#wanted.isLeftOut(object, kind)) return;
    const reached: Reached = { object, kind, ...how, start: how.from?.start ?? null };
    const isWanted = this.#wanted.isWanted(object, kind);
    if (isWanted) Object.assign(reached, { start: reached.start ?? how.from ?? reached, steps: 0 });
    const isBetween = reached.start !== null && how.steps <= mostStepsBetween;
    const isOther = !isWanted && !isBetween && how.steps < mostSteps && this.#others.length < mostOther;
    if (isWanted || isBetween) this.#found.push(reached);
    else if (isOther) this.#others.push(reached);
    // What was too far away may be nearer by another way.
    if (isWanted || isBetween || isOther) this.#seen.set(object, mark);
  }

  run(): void {
    for (const source of this.#sources) this.#followNewest(source);
    for (let at = 0; at < this.#others.length; at += 1) {
      this.#follow(this.#others[at]);
      this.#followFound();
    }
  }

  /** A state that is never changed but replaced is gone when its turn comes: what is near in the present one is followed at once. */
  #followNewest({ address, root, object }: Source): void {
    const { windows } = this.#heap;
    windows.forget();
    const newest = windows.word(address);
    if (newest === object) return;
    const first = this.#others.length;
    this.#meet(newest, { steps: 0, from: null, offset: 0, root });
    for (let at = first; at < Math.min(this.#others.length, first + mostNear); at += 1) {
      this.#follow(this.#others[at]);
      this.#followFound();
    }
  }

  /** What is looked for first, and at once: the newest of it is moved soon, and it may be a long way from one to the next. */
  #followFound(): void {
    for (; this.#foundDone < Math.min(this.#found.length, mostFound); this.#foundDone += 1) {
      const from = this.#found[this.#foundDone];
      if (from !== undefined && this.#wanted.isWanted(from.object, from.kind)) this.#count(from);
      this.#follow(from);
    }
  }

  #follow(from: Reached | undefined): void {
    if (from === undefined) return;
    for (const { object, offset } of this.#heap.graph.refsOf(from.object, from.kind))
      this.#meet(object, { steps: from.steps + 1, from, offset, root: null });
  }

  /** What is come to from one array, table or head of a list is one group: by what is just outside of it. */
  #count(reached: Reached): void {
    this.#ofSource.set(reached.kind, (this.#ofSource.get(reached.kind) ?? 0) + 1);
    const start = reached.start ?? reached;
    let group = this.#groups.get(start);
    if (group === undefined) {
      group = { first: reached, counts: new Map() };
      this.#groups.set(start, group);
    }
    group.counts.set(reached.kind, (group.counts.get(reached.kind) ?? 0) + 1);
  }

  groups(): ReachedGroup[] {
    return [...this.#groups.values()].map(({ first, counts }) => {
      const steps: ReachedGroup['steps'] = [];
      let at: Reached = first;
      for (; at.from !== null; at = at.from)
        steps.push({ holder: { address: at.from.object, kind: at.from.kind, heldBy: [], root: null }, offset: at.offset });
      return { root: at.root ?? '?', steps, counts, first: first.object };
    });
  }
}
