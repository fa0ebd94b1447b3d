/**
 * From three looks at Go's heap to what grows in it, which type it is of, and which variable, field or function holds it. What only waits for the
 * collector is no growth; what lies inside of something that grows is told with it.
 */
import type { ElfSymbol } from '../elfFile.ts';
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { type Growing, spread, whatGrows } from '../threeLooks.ts';
import { type GoCensus, isLarge, isPlain, kindOf } from './goCensus.ts';
import { GoGraph, type GoWay } from './goGraph.ts';
import { GoHolders, type HolderStep, isOfLibrary, swissSince } from './goHolders.ts';
import type { GoLines } from './goLines.ts';
import type { Goroutine } from './goProfile.ts';
import type { AddressRange, GoProgram } from './goProgram.ts';
import { GoReferences } from './goReferences.ts';
import { type GoRoots, readGoRoots } from './goRoots.ts';
import { GoShapes, type HeapObject } from './goShapes.ts';
import { sizeClassBelow } from './goSizes.ts';
import type { GoSpans } from './goSpans.ts';
import { type GoStack, ownPartOf, stackOf } from './goStacks.ts';
import { SymbolNames } from './goSymbols.ts';
import { GoTypes } from './goTypes.ts';

const mostCandidates = 16;
const mostFollowed = 200;
const leastOfAll = 0.02;
const leastKept = 0.3;
const leastGroup = 0.2;
const leastObjects = 8;
const largeBytes = 64 << 10;
const mostStacks = 20_000;
const mostTimes = 2_000;
const mostFollowings = 3;
const mostInside = 3;
/** Of a size, held by one of another. */
const mostInOne = 3;
const newArenas = 2 ** 30;
const context = 'context.cancelCtx';

export interface GoHeapSource {
  memory: TargetMemory;
  program: GoProgram;
  lines: Pick<GoLines, 'placeOf'>;
  spans: Pick<GoSpans, 'read'>;
  /** Those that have not ended, and addresses of the records of all that there ever were. */
  goroutines: readonly Goroutine[];
  records: readonly number[];
  /** Of the program, by address; empty of one that lost them. */
  symbols: readonly ElfSymbol[];
  path: string;
  /** Where the program is mapped. */
  extent: { start: number; end: number };
}

type ThreeCensuses = readonly [GoCensus, GoCensus, GoCensus];

/** What grows, of one size and held in one way. */
interface Candidate {
  growing: Growing;
  /** Those that came, stayed, and are held. */
  objects: number[];
  ways: GoWay[];
  /** From the root down to what holds them. */
  steps: HolderStep[];
  /** Of those of its size that came and stayed: the rest is held otherwise, or waits for the collector. */
  part: number;
  /** Told with these. */
  inside: Candidate[];
}

export interface GoHeapThing {
  thing: GrowingThing;
  /** Each is held by another goroutine. */
  isOfGoroutines: boolean;
  /** It is told by its size. */
  isUntyped: boolean;
}

/** The most first; empty when nothing grows. Null: the heap is too large to be followed. */
export function goHeapGrowth(source: GoHeapSource, looks: ThreeCensuses, every: number): GoHeapThing[] | null {
  const growing = growingKinds(looks, every);
  if (growing.length === 0) return [];
  const followed = followAll(source, growing, wereCollected(looks) ? mostFollowings : 1);
  if (followed === null) return null;
  const { graph, found } = followed;
  const shapes = shapesOf(source, graph);
  const { minor, variables } = source.program;
  const goroutines = new Set(source.records);
  const holders = new GoHolders({
    ...followed,
    memory: source.memory,
    stacks: followed.stacks.all,
    shapes,
    lines: source.lines,
    types: shapes?.types ?? null,
    minor,
    variables,
    references: new GoReferences(source.memory, source.path, source.lines),
    goroutines,
    wanted: new Set(found.flatMap(({ ways }) => ways.flatMap(({ objects }) => objects))),
  });
  const candidates = found
    .flatMap(({ growing: each, objects, ways }) => groupsOf(each, objects, ways, holders))
    // They are told as what they are.
    .filter(({ objects }) => objects.filter((object) => goroutines.has(graph.addressOf(object))).length * 2 < objects.length);
  // A map gets buckets beside its own, as many as what is put in and taken out has it, until it is put in order.
  const isLooseBucket = ({ growing: { kind }, objects, ways }: Candidate) =>
    minor < swissSince &&
    !isLarge(kind) &&
    (holders.isOfMap(objects.flatMap((object) => heapObject(object, graph))) ||
      ways.filter((way) => holders.isBesideBucket(way)).length * 2 > ways.length);
  const whole = folded(candidates, graph).filter((candidate) => candidate.inside.length > 0 || !isLooseBucket(candidate));
  return joined(whole.map((candidate) => tell(candidate, graph, holders)).filter(isOfProgram)).sort(
    (a, b) => b.thing.growthBytes - a.thing.growthBytes,
  );
}

/** What the runtime has of its own threads has no type that a program would have, and becomes more with the load. */
function isOfProgram({ thing: { path }, isUntyped }: GoHeapThing): boolean {
  return !isUntyped || !/^(?:runtime\.allm$|a variable of runtime\.)/.test(path[0] ?? '');
}

interface FollowedHeap {
  names: SymbolNames;
  stacks: GoStacks;
  roots: GoRoots;
  graph: GoGraph;
  found: Followed[];
}

/**
 * What the latest collection has found in use something leads to. Where nothing seems to, what does was moved meanwhile, as the array of a slice is
 * that gets longer: that does not happen twice.
 */
function followAll(source: GoHeapSource, growing: readonly Growing[], most: number): FollowedHeap | null {
  const { memory, spans, program, symbols, records } = source;
  const names = new SymbolNames(symbols);
  let followed: FollowedHeap | null = null;
  for (let time = 0; time < most; time += 1) {
    // Not two of them in memory at a time.
    followed = null;
    const stacks = stacksOf(source);
    const before = spans.read().spans;
    const heap = { start: before[0]?.start ?? 0, end: (before.at(-1)?.start ?? 0) + newArenas };
    const roots = readGoRoots(memory, program.variables, stacks, heap, names.isOwn);
    const graph = GoGraph.of(memory, spans.read().spans, roots, records);
    if (graph === null) return null;
    followed = { names, stacks, roots, graph, found: growing.map((each) => follow(each, graph)) };
    if (!followed.found.some(isLost)) break;
  }
  return followed;
}

function isLost({ objects, ways }: Followed): boolean {
  return objects.length >= leastObjects && ways.filter(({ root }) => root !== null).length < objects.length * leastKept;
}

/** Some of the runtime's have names of other packages. */
const waits = /^(?:runtime\.|time\.Sleep$|(?:sync|internal\/poll)\.runtime_)/;

interface GoStacks {
  all: GoStack[];
  own: AddressRange[];
  runtimes: AddressRange[];
}

/**
 * The runtime's functions, in which goroutines wait, and its own goroutines refer to all that it knows, and have left there what nobody uses any more:
 * what only they lead to has no owner.
 */
function stacksOf({ memory, goroutines, lines }: GoHeapSource): GoStacks {
  const stacks: GoStacks = { all: [], own: [], runtimes: [] };
  const isOfRuntime = (code: number) => waits.test(lines.placeOf(code - 1)?.function ?? '');
  let timesLeft = mostTimes;
  for (const goroutine of goroutines.slice(0, mostStacks)) {
    let stack = stackOf(memory, goroutine);
    // Of one that runs nothing is noted until it waits again, which mostly is soon.
    for (; stack?.frame === 0 && timesLeft > 0; timesLeft -= 1) stack = stackOf(memory, goroutine);
    if (stack === null) continue;
    stacks.all.push(stack);
    const from = ownPartOf(memory, stack, isOfRuntime);
    if (from !== null) stacks.own.push({ start: from, end: stack.end });
    if (from !== stack.pointer) stacks.runtimes.push({ start: stack.pointer, end: from ?? stack.end });
  }
  return stacks;
}

/** Between collections only what came is known, and not what of it is used: what nothing leads to is left out later. */
function growingKinds(looks: ThreeCensuses, every: number): Growing[] {
  const [first, second, third] = looks;
  const isCollected = wereCollected(looks);
  const of = ({ now, collected }: GoCensus) => (isCollected ? collected : now);
  const all = whatGrows([of(first), of(second), of(third)]).filter((growing) => isMoreThanChance(growing, every));
  const totalBytes = all.reduce((sum, { growthBytes }) => sum + growthBytes, 0);
  return all.filter(({ growthBytes }) => growthBytes >= totalBytes * leastOfAll).slice(0, mostCandidates);
}

function wereCollected([first, second, third]: ThreeCensuses): boolean {
  return second.collection > first.collection && third.collection > second.collection;
}

/** Of what comes and goes by chance, so many more at two times is no chance. */
function isMoreThanChance({ kind, growthCount, growthBytes, born, survival, survivors }: Growing, every: number): boolean {
  if (survivors.length === 0) return false;
  if (isLarge(kind)) return growthCount > 0 && growthBytes >= largeBytes;
  const gone = born * every * (1 - (survival ?? 1));
  return growthCount >= leastObjects && growthCount > 3 * Math.sqrt(2 * gone);
}

/** Some of those that came and stayed, with what leads to each. */
interface Followed {
  growing: Growing;
  objects: number[];
  ways: GoWay[];
}

function follow(growing: Growing, graph: GoGraph): Followed {
  const objects = spread(growing.survivors, mostFollowed).flatMap((address) => {
    const object = graph.objectAt(address);
    const span = graph.spanOf(object);
    return object >= 0 && span !== undefined && graph.addressOf(object) === address && kindOf(span) === growing.kind ? [object] : [];
  });
  return { growing, objects, ways: objects.map((object) => graph.wayTo(object)) };
}

/** One for each way of being held that many of them are. */
function groupsOf(growing: Growing, objects: readonly number[], ways: readonly GoWay[], holders: GoHolders): Candidate[] {
  const groups = new Map<string, Candidate>();
  for (const [at, way] of ways.entries()) {
    if (way.root === null) continue;
    const steps = holders.stepsOf(way);
    const key = steps.map(({ text }) => text).join('\n');
    const group = groups.get(key) ?? { growing, objects: [], ways: [], steps, part: 0, inside: [] };
    group.objects.push(objects[at] ?? -1);
    group.ways.push(way);
    groups.set(key, group);
  }
  const kept = [...groups.values()].reduce((sum, group) => sum + group.objects.length, 0);
  if (kept < objects.length * leastKept || kept < Math.min(leastObjects, growing.survivors.length)) return [];
  return usualOf([...groups.values()], kept).map((group) => ({ ...group, part: group.objects.length / objects.length }));
}

/** Held in many ways of which none is usual, they are one: the most usual is told. */
function usualOf(groups: Candidate[], kept: number): Candidate[] {
  groups.sort((a, b) => b.objects.length - a.objects.length);
  const usual = groups.filter(({ objects }) => objects.length >= kept * leastGroup);
  const [first] = groups;
  if (usual.length > 0 || first === undefined) return usual;
  return [{ ...first, objects: groups.flatMap(({ objects }) => objects), ways: groups.flatMap(({ ways }) => ways) }];
}

/** Those of one type and size are one, however they are held: the most usual is told. So is what of them has no name. */
function joined(things: readonly GoHeapThing[]): GoHeapThing[] {
  const left: GoHeapThing[] = [];
  for (const each of [...things].sort((a, b) => b.thing.growthBytes - a.thing.growthBytes)) {
    const { type, counts, growthBytes } = each.thing;
    const same = left.find(({ thing }) => thing.counts === counts && (thing.type === type || each.isUntyped));
    if (same === undefined) left.push(each);
    else same.thing.growthBytes += growthBytes;
  }
  return left;
}

/** What is held one by one by another that grows, and what holds many that do, is told with these. */
function folded(candidates: readonly Candidate[], graph: GoGraph): Candidate[] {
  const into = new Map<Candidate, Candidate>();
  const isWithin = (candidate: Candidate, of: Candidate) => {
    for (let at: Candidate | undefined = candidate, step = 0; at !== undefined && step < 64; at = into.get(at), step += 1)
      if (at === of) return true;
    return false;
  };
  for (const candidate of candidates) {
    for (const other of candidates) {
      if (other === candidate) continue;
      const held = heldBy(candidate, other, graph);
      if (held === 'one by one' && !into.has(candidate) && !isWithin(other, candidate)) into.set(candidate, other);
      if (held === 'many by one' && !into.has(other) && !isWithin(candidate, other)) into.set(other, candidate);
    }
  }
  for (const candidate of into.keys()) {
    let top = candidate;
    for (let step = 0; step < candidates.length; step += 1) top = into.get(top) ?? top;
    top.inside.push(candidate);
  }
  return candidates.filter((candidate) => !into.has(candidate));
}

function heldBy({ ways, growing, steps, part }: Candidate, other: Candidate, graph: GoGraph): 'one by one' | 'many by one' | null {
  // As the key and the value of an entry are.
  if (isHeldAlike(steps, other.steps) && bytesOf({ growing, part }) < bytesOf(other)) return 'one by one';
  // Of the same size, what is held in the same way and then by one step more is held by it.
  if (growing === other.growing) {
    const isFurther = steps.length === other.steps.length + 1 && other.steps.every(({ text }, at) => text === steps[at]?.text);
    return isFurther ? 'one by one' : null;
  }
  const holders = ways.flatMap(({ objects }) => {
    const near = objects.slice(1, 5).find((object) => {
      const span = graph.spanOf(object);
      return span !== undefined && kindOf(span) === other.growing.kind && kindOf(span) !== growing.kind;
    });
    return near === undefined ? [] : [near];
  });
  if (holders.length * 2 <= ways.length) return null;
  const isMany = growing.growthCount > mostInOne * other.growing.growthCount || new Set(holders).size * 2 <= holders.length;
  return isMany ? 'many by one' : 'one by one';
}

function isHeldAlike(steps: readonly HolderStep[], others: readonly HolderStep[]): boolean {
  return steps.length > 1 && steps.length === others.length && steps.every(({ text }, at) => text === others[at]?.text);
}

function shapesOf({ memory, program, lines, extent }: GoHeapSource, graph: GoGraph): GoShapes | null {
  if (program.types === null) return null;
  const types = new GoTypes(memory, program.types);
  const pointedTo = (address: number) => {
    const object = graph.objectAt(address);
    const span = graph.spanOf(object);
    if (object < 0 || span === undefined) return null;
    const start = graph.addressOf(object);
    return { span, start, left: start + span.elementBytes - address };
  };
  const functionAt = (address: number) => {
    const place = lines.placeOf(address);
    return place?.entry === address ? place.function : null;
  };
  return new GoShapes({ memory, minor: program.minor, types, program: extent, functionAt, pointedTo });
}

function tell(candidate: Candidate, graph: GoGraph, holders: GoHolders): GoHeapThing {
  const { growing, inside } = candidate;
  const outer = asContext(outermost(candidate, graph, holders));
  const growthBytes = [candidate, ...inside].reduce((sum, each) => sum + bytesOf(each), 0);
  const pattern = outer.type === context ? 'context-never-cancelled' : patternOf(growing, outer.ways, graph, holders);
  // Its own lists of timers are the runtime's affair.
  const path = pattern === 'closure-held-by-timer' ? ['a timer'] : outer.steps.map(({ text }) => text);
  const nearest = outer.steps.findLast(({ text, isNamed }) => isNamed && text !== outer.type && !text.startsWith(`${outer.type}.`));
  const thing = {
    type: outer.type,
    place: null,
    counts: growing.counts,
    growthBytes,
    survival: growing.survival,
    owner: pattern === 'closure-held-by-timer' ? 'a timer' : (nearest?.text ?? path[0] ?? null),
    path: [...path, outer.type],
    pattern,
  };
  return { thing, isOfGoroutines: isOfGoroutines(candidate, holders), isUntyped: outer.isUntyped };
}

/** What a context that lasts has of those that were taken from it: they are told, and who has that context. */
function asContext(outer: Outer): Outer {
  const isOfChildren = ({ text }: HolderStep) => text === `${context}.children`;
  const [first, last] = [outer.steps.findIndex(isOfChildren), outer.steps.findLastIndex(isOfChildren)];
  // What the program keeps in one of them is its own affair.
  const isOwn = outer.steps.slice(last + 1).some(({ isNamed }) => isNamed);
  return first < 0 || isOwn ? outer : { ...outer, type: context, steps: outer.steps.slice(0, Math.max(1, first)), isUntyped: false };
}

function bytesOf({ growing, part }: Pick<Candidate, 'growing' | 'part'>): number {
  return growing.growthBytes * part;
}

function isOfGoroutines({ ways }: Candidate, holders: GoHolders): boolean {
  const holding = ways.flatMap((way) => holders.goroutineOf(way) ?? []);
  return holding.length * 2 > ways.length && new Set(holding).size * 2 > holding.length;
}

interface Outer {
  type: string;
  steps: HolderStep[];
  ways: GoWay[];
  isUntyped: boolean;
}

/** What is in a field of one that is told as that one: there is one for each. */
function outermost(candidate: Candidate, graph: GoGraph, holders: GoHolders): Outer {
  const told = toldOf(candidate, graph, holders);
  const { ways, steps } = told;
  const own = typeOf(told, graph, holders);
  let [type, inner, left] = [own ?? sizeText(told, graph), ways, steps];
  for (let step = 0; step < mostInside; step += 1) {
    const around = inner.map(({ objects: [, ...outer], root }) => ({ objects: outer, root }));
    const each = around.flatMap(({ objects: [holder] }) => holder ?? []);
    const holder = mostCommon(each.map((object) => holders.typeOf(object) ?? ''));
    if (holder === '' || holder === type || isOfLibrary(holder) || new Set(each).size * 2 <= ways.length) break;
    [type, inner, left] = [holder, around, left.slice(0, -1)];
  }
  return { type, steps: left, ways: inner, isUntyped: own === null && inner === ways };
}

/** A shell that nobody has a name for is told as the most of what is in it. */
function toldOf(candidate: Candidate, graph: GoGraph, holders: GoHolders): Candidate {
  const own = typeOf(candidate, graph, holders);
  const [main] = candidate.inside.toSorted((a, b) => bytesOf(b) - bytesOf(a));
  if (main === undefined || (own !== null && !isOfLibrary(own)) || bytesOf(main) < bytesOf(candidate)) return candidate;
  return typeOf(main, graph, holders) === null ? candidate : main;
}

function typeOf({ objects, ways }: Candidate, graph: GoGraph, holders: GoHolders): string | null {
  const all = objects.flatMap((object) => heapObject(object, graph));
  const byHolder = mostCommon(ways.map((way) => holders.typeByHolder(way) ?? ''));
  const fitting = holders.typesOf(all);
  if (byHolder !== '' && fitting.length !== 1) return byHolder;
  return fitting.length > 0 ? fitting.join(' or ') : null;
}

function heapObject(object: number, graph: GoGraph): HeapObject[] {
  const span = graph.spanOf(object);
  return span === undefined ? [] : [{ address: graph.addressOf(object), span }];
}

/** What can be said of them without a type. */
function sizeText({ growing: { kind }, objects }: Candidate, graph: GoGraph): string {
  const bytes = graph.spanOf(objects[0] ?? -1)?.elementBytes ?? 0;
  const what = isPlain(kind) ? 'objects without pointers' : 'objects';
  return isLarge(kind) ? `${what} of about ${Math.round(bytes / 1024)} KiB` : `${what} of ${sizeClassBelow(bytes) + 1} to ${bytes} bytes`;
}

function patternOf(growing: Growing, ways: readonly GoWay[], graph: GoGraph, holders: GoHolders): LeakPattern | null {
  const share = (is: (way: GoWay) => boolean) => ways.filter(is).length / Math.max(1, ways.length);
  if (share((way) => holders.isByTimer(way)) > 0.5) return 'closure-held-by-timer';
  if (share((way) => holders.containerOf(way) === 'map') > 0.5) return 'map-without-eviction';
  const isChained = ({ objects }: GoWay) => {
    const spans = objects.slice(0, 8).map((object) => graph.spanOf(object));
    return spans.some(
      (span, at) => at > 0 && span !== undefined && kindOf(span) === growing.kind && spans[at - 1]?.elementBytes === span.elementBytes,
    );
  };
  if (share((way) => holders.containerOf(way) === 'slice') > 0.5 || share(isChained) > 0.5) return 'list-only-grows';
  return null;
}

function mostCommon(of: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}
