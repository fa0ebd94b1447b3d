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
const mostWanted = 120_000;

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
  readonly #found: Reached[] = [];
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
    const object = windows.word(address);
    const before = this.#others.length + this.#found.length;
    this.#meet(object, { steps: 0, from: null, offset: 0, root });
    // What is static in a class is a field of a function.
    const kind = graph.kindOf(object);
    if (kind === null || before === this.#others.length + this.#found.length || !names.isFunction(maps.typeOf(kind))) return;
    const from = this.#others.at(-1) ?? null;
    for (const { object: field, offset } of graph.staticRefsOf(object, kind)) this.#meet(field, { steps: 1, from, offset, root: null });
  }

  #meet(object: number, how: Omit<Reached, 'object' | 'kind' | 'start'>): void {
    if ((object & 3) !== 1 || this.#seen.has(object)) return;
    this.#seen.add(object);
    const kind = this.#heap.graph.kindOf(object);
    if (kind === null || this.#wanted.isLeftOut(object)) return;
    const reached: Reached = { object, kind, ...how, start: how.from?.start ?? null };
    if (this.#wanted.isWanted(object, kind)) {
      reached.start ??= how.from ?? reached;
      this.#found.push(reached);
    } else if (how.steps < mostSteps && this.#others.length < mostOther) this.#others.push(reached);
  }

  run(): void {
    let at = 0;
    let done = 0;
    // What is looked for first: it may be a long way from one to the next.
    while (at < this.#others.length || done < this.#found.length) {
      const isWanted = done < this.#found.length && done < mostWanted;
      if (!isWanted && at >= this.#others.length) break;
      const from = isWanted ? this.#found[done++] : this.#others[at++];
      if (from === undefined) break;
      if (isWanted) this.#count(from);
      const steps = isWanted ? Math.min(from.steps, mostSteps - 3) : from.steps + 1;
      for (const { object, offset } of this.#heap.graph.refsOf(from.object, from.kind))
        this.#meet(object, { steps, from, offset, root: null });
    }
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
