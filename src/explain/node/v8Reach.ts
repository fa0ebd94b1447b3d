/**
 * What can be come to from the variables of modules and from global ones, the nearest first: each object once, with the way to it. Not followed:
 * collections that are known. What is looked for is followed to its end, other objects some steps.
 */
import type { HeapPages } from './heapPages.ts';
import type { V8Holder } from './v8Climb.ts';
import type { V8Layout } from './v8Constants.ts';
import type { V8Graph } from './v8Graph.ts';
import type { V8Maps } from './v8Maps.ts';
import type { V8Names } from './v8Names.ts';
import type { V8Objects } from './v8Objects.ts';

const mostSources = 100_000;
const mostSteps = 6;
const mostOther = 120_000;
const mostFound = 200_000;
const mostStepsBetween = 3;
const mostAttempts = 8;

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
  isLeftOut(object: number): boolean;
}

/** Where what is looked for begins, and how much of each kind can be come to from there. */
export interface ReachedGroup {
  root: string;
  /** From next to the first of them outwards. */
  steps: { holder: V8Holder; offset: number }[];
  counts: Map<number, number>;
  first: number;
}

export function reachFromVariables(heap: Heap, wanted: Wanted): ReachedGroup[] {
  const reach = new Reach(heap, wanted);
  reach.begin();
  reach.run();
  return reach.groups();
}

class Reach {
  readonly #heap: Heap;
  readonly #wanted: Wanted;
  readonly #seen = new Set<number>();
  readonly #others: Reached[] = [];
  /** What is looked for, and what lies between. */
  readonly #found: Reached[] = [];
  #foundDone = 0;
  #isBroken = false;
  readonly #groups = new Map<Reached, { first: Reached; counts: Map<number, number> }>();

  constructor(heap: Heap, wanted: Wanted) {
    this.#heap = heap;
    this.#wanted = wanted;
  }

  begin(): void {
    const { objects, maps, layout, names, graph } = this.#heap;
    const contexts: number[] = [];
    const cells: number[] = [];
    objects.each(({ at, kind }) => {
      const type = maps.typeOf(kind);
      if (graph.isContext(type) && contexts.length < mostSources) contexts.push(at + 1);
      else if (type === layout.propertyCell && cells.length < mostSources) cells.push(at + 1);
    });
    for (const context of contexts) {
      // What the newest is changes all the time.
      this.#heap.windows.forget();
      if (!names.isOutermost(context)) continue;
      this.#seen.add(context);
      for (const { name, offset } of names.moduleVariables(context)) this.#source(context - 1 + offset, name);
    }
    this.#heap.windows.forget();
    for (const cell of cells) this.#source(cell - 1 + 24, `global ${names.nameOfCell(cell) ?? '?'}`);
  }

  #source(address: number, root: string): void {
    const { windows, graph, names, maps } = this.#heap;
    let object = windows.word(address);
    const before = this.#others.length + this.#found.length;
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      const foundBefore = this.#found.length;
      this.#isBroken = false;
      this.#meet(object, { steps: 0, from: null, offset: 0, root });
      this.#followFound();
      if (!this.#isBroken || attempt === mostAttempts) break;
      // What is young was moved while it was followed.
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

  #forgetFound(from: number): void {
    for (const { object, start } of this.#found.splice(from)) {
      this.#seen.delete(object);
      if (start !== null) this.#groups.delete(start);
    }
    this.#foundDone = Math.min(this.#foundDone, from);
  }

  #meet(object: number, how: Omit<Reached, 'object' | 'kind' | 'start'>): void {
    if ((object & 3) !== 1 || this.#seen.has(object)) return;
    this.#seen.add(object);
    const kind = this.#heap.graph.kindOf(object);
    if (kind === null) this.#isBroken ||= how.from !== null && how.from.start !== null;
    if (kind === null || this.#wanted.isLeftOut(object)) return;
    const reached: Reached = { object, kind, ...how, start: how.from?.start ?? null };
    const isWanted = this.#wanted.isWanted(object, kind);
    if (isWanted) Object.assign(reached, { start: reached.start ?? how.from ?? reached, steps: 0 });
    if (isWanted || (reached.start !== null && how.steps <= mostStepsBetween)) this.#found.push(reached);
    else if (how.steps < mostSteps && this.#others.length < mostOther) this.#others.push(reached);
  }

  run(): void {
    for (let at = 0; at < this.#others.length; at += 1) {
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
