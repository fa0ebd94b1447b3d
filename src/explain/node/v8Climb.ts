/**
 * Who holds these objects? Most are a few steps from a variable, and are come to from there. Of the others, in each pass over V8's heap, all that
 * refers to what was found before; what is found in a pass is looked for in the rest of it, too. References that keep nothing alive are left out
 * by what they are in.
 */
import { AddressFilter } from '../addressFilter.ts';
import type { HeapPages } from '../heapPages.ts';
import type { V8Look } from './v8Census.ts';
import { isFunctionType, type V8Layout } from './v8Constants.ts';
import type { V8Graph, V8Ref } from './v8Graph.ts';
import type { V8Maps } from './v8Maps.ts';
import type { V8Names } from './v8Names.ts';
import type { V8Object, V8Objects } from './v8Objects.ts';

const mostHolders = 8;
const mostKnown = 20_000;
const mostDescended = 20_000;
const mostDescendedBytes = 4_096;
/** Of a global variable, from where its cell starts. */
const cellValueAt = 24;

export interface V8Holder {
  /** As tagged. */
  address: number;
  kind: number;
  heldBy: { holder: V8Holder; offset: number }[];
  /** What surely lasts: a variable of a module, a static field. */
  root: string | null;
}

export interface V8Path {
  root: string | null;
  /** Nobody refers to it any more. */
  isRubbish: boolean;
  /** From next to the target outwards. */
  steps: { holder: V8Holder; offset: number }[];
}

/** What was come to from a variable, and how. */
interface Met {
  address: number;
  kind: number;
  from: Met | null;
  offset: number;
}

interface Heap {
  windows: HeapPages;
  objects: V8Objects;
  graph: V8Graph;
  maps: V8Maps;
  names: V8Names;
  layout: V8Layout;
}

export class V8Climb {
  readonly #heap: Heap;
  readonly #targets: readonly { address: number; kind: number }[];
  readonly #known = new Map<number, V8Holder>();
  #frontier = new Map<number, V8Holder>();
  #filter = new AddressFilter();

  constructor(heap: Heap, targets: readonly { address: number; kind: number }[]) {
    this.#heap = heap;
    this.#targets = targets;
    for (const { address, kind } of targets) this.#meet(address, kind);
  }

  run(look: Pick<V8Look, 'contexts' | 'cells'>, mostPasses: number): void {
    const { objects } = this.#heap;
    this.#descend(look);
    for (let pass = 0; pass < mostPasses && this.#frontier.size > 0 && !this.#isDone(); pass += 1) {
      const before = new Set(this.#frontier.values());
      objects.holders({
        targets: this.#frontier,
        filter: this.#filter,
        onHolder: (target, holder, offset) => this.#take(target, holder, offset),
      });
      // Those that were met in the middle of the pass are looked for in a whole one.
      this.#frontier = new Map([...this.#frontier].filter(([, holder]) => !before.has(holder)));
      this.#filter = new AddressFilter(this.#frontier.keys());
    }
  }

  #isDone(): boolean {
    return this.#targets.every(({ address }) => this.pathOf(address).root !== null);
  }

  /** From the variables of modules and from global ones, the nearest first; not into what is large. */
  #descend({ contexts, cells }: Pick<V8Look, 'contexts' | 'cells'>): void {
    const { windows, graph, names } = this.#heap;
    windows.forget();
    const seen = new Set<number>();
    const queue: Met[] = [];
    const wanted = new Map(this.#targets.map(({ address, kind }) => [address, kind]));
    const meet = (address: number, from: Met | null, offset: number) => {
      const kind = (address & 3) !== 1 || seen.has(address) || seen.size >= mostDescended ? null : graph.kindOf(address);
      if (kind === null) return;
      seen.add(address);
      const met = { address, kind, from, offset };
      if (wanted.get(address) !== kind) queue.push(met);
      else if (wanted.delete(address)) this.#takeWay(met);
    };
    for (const context of contexts) if (names.isOutermost(context)) meet(context, null, 0);
    for (const cell of cells) meet(cell, null, 0);
    for (const met of queue) {
      if (wanted.size === 0) return;
      for (const { object, offset } of this.#keptBy(met)) meet(object, met, offset);
    }
  }

  #keptBy({ address, kind }: Met): V8Ref[] {
    const { windows, graph, maps, layout } = this.#heap;
    const type = maps.typeOf(kind);
    if (type === layout.propertyCell) return [{ offset: cellValueAt, object: windows.word(address - 1 + cellValueAt) }];
    if (graph.bytesOf(address, kind) > mostDescendedBytes) return [];
    const refs = graph.refsOf(address, kind);
    const all = isFunctionType(type, layout) ? [...refs, ...graph.staticRefsOf(address, kind)] : refs;
    return all.filter(({ offset }) => keepsAlive(type, offset, layout));
  }

  /** What lies between a variable and one that is looked for holds each other. */
  #takeWay(way: Met): void {
    let below = this.#known.get(way.address);
    for (let { from, offset } = way; from !== null && below !== undefined; { from, offset } = from) {
      const root = rootName(this.#heap, from, offset);
      const holder: V8Holder =
        root === null ? this.#meet(from.address, from.kind) : { address: from.address, kind: from.kind, heldBy: [], root };
      below.heldBy.push({ holder, offset });
      below = root === null ? holder : undefined;
    }
  }

  #meet(address: number, kind: number): V8Holder {
    let holder = this.#known.get(address);
    if (holder === undefined) {
      holder = { address, kind, heldBy: [], root: null };
      this.#known.set(address, holder);
      if (this.#known.size < mostKnown) {
        this.#frontier.set(address, holder);
        this.#filter.add(address);
      }
    }
    return holder;
  }

  #take(target: number, { at, kind }: V8Object, offset: number): void {
    const found = this.#frontier.get(target);
    if (found === undefined || found.heldBy.length >= mostHolders || at + 1 === target) return;
    if (
      !keepsAlive(this.#heap.maps.typeOf(kind), offset, this.#heap.layout) ||
      found.heldBy.some(({ holder }) => holder.address === at + 1)
    )
      return;
    const root = rootName(this.#heap, { address: at + 1, kind }, offset);
    const holder = root === null ? this.#meet(at + 1, kind) : { address: at + 1, kind, heldBy: [], root };
    found.heldBy.push({ holder, offset });
  }

  /** The shortest way to what lasts, or else as far as it was followed. */
  pathOf(target: number): V8Path {
    const start = this.#known.get(target);
    if (start === undefined) return { root: null, isRubbish: false, steps: [] };
    const cameFrom = new Map<V8Holder, { below: V8Holder; offset: number } | null>([[start, null]]);
    const unfinished = new Set(this.#frontier.values());
    let last = start;
    let isUnfinished = false;
    for (const holder of cameFrom.keys()) {
      last = holder;
      if (holder.root !== null) break;
      if (unfinished.has(holder)) isUnfinished = true;
      for (const { holder: above, offset } of holder.heldBy) if (!cameFrom.has(above)) cameFrom.set(above, { below: holder, offset });
    }
    const steps: V8Path['steps'] = [];
    for (let at = last, from = cameFrom.get(at); from; at = from.below, from = cameFrom.get(at))
      steps.unshift({ holder: at, offset: from.offset });
    return { root: last.root, isRubbish: last.root === null && !isUnfinished, steps };
  }
}

/** Objects, arrays, tables, contexts and cells do; maps, feedback, code and weak collections don't. */
function keepsAlive(type: number, offset: number, layout: V8Layout): boolean {
  const {
    firstObject,
    fixedArray,
    byteArray,
    firstContext,
    lastContext,
    propertyArray,
    propertyCell,
    cell,
    promiseReaction,
    promiseCapability,
  } = layout;
  if (offset < 8 || type === layout.weakRef || type === layout.weakMap || type === layout.weakSet) return false;
  if (type >= firstContext && type <= lastContext) return offset >= 32 || offset === 24;
  return (
    type >= firstObject ||
    (type >= fixedArray && type < byteArray) ||
    [propertyArray, propertyCell, cell, promiseReaction, promiseCapability].includes(type)
  );
}

/** Null of what may end with a request. */
function rootName({ maps, names, layout }: Heap, { address, kind }: { address: number; kind: number }, offset: number): string | null {
  const type = maps.typeOf(kind);
  if (type >= layout.firstContext && type <= layout.lastContext) {
    const variable = names.contextVariable(address, offset);
    return variable?.isModule === true ? variable.name : null;
  }
  if (type === layout.propertyCell) {
    const name = names.nameOfCell(address);
    return name === null ? null : `global ${name}`;
  }
  if (names.isFunction(type)) {
    const field = names.fieldName(maps.all[kind]?.address ?? 0, offset);
    return field === null || field === 'prototype' ? null : `${names.functionName(address) ?? 'a function'}.${field}`;
  }
  return null;
}
