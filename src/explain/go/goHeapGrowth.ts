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
import { GoHolders } from './goHolders.ts';
import type { GoLines } from './goLines.ts';
import type { GoProgram } from './goProgram.ts';
import { readGoRoots } from './goRoots.ts';
import { GoShapes, type HeapObject } from './goShapes.ts';
import { sizeClassBelow } from './goSizes.ts';
import type { GoSpan, GoSpans } from './goSpans.ts';
import { stackOf } from './goStacks.ts';
import { SymbolNames } from './goSymbols.ts';
import { GoTypes } from './goTypes.ts';
import { halvesAt, wordIn } from './goWords.ts';

const mostCandidates = 16;
const mostFollowed = 200;
const leastOfAll = 0.02;
const leastKept = 0.3;
const leastObjects = 8;
const largeBytes = 64 << 10;
const newArenas = 2 ** 30;

export interface GoHeapSource {
  memory: TargetMemory;
  program: GoProgram;
  lines: GoLines;
  spans: GoSpans;
  /** Addresses of goroutines that have not ended. */
  goroutines: readonly number[];
  /** Of the program, by address; empty of one that lost them. */
  symbols: readonly ElfSymbol[];
  /** Where the program is mapped. */
  extent: { start: number; end: number };
}

type ThreeCensuses = readonly [GoCensus, GoCensus, GoCensus];

interface Candidate {
  growing: Growing;
  /** Those that came, stayed, and are held. */
  objects: number[];
  ways: GoWay[];
  /** Of those that came and stayed, the part that something leads to: the rest waits for the collector. */
  kept: number;
  moreBytes: number;
}

/** The most first; empty when nothing grows. Null: the heap is too large to be followed. */
export function goHeapGrowth(source: GoHeapSource, looks: ThreeCensuses): GrowingThing[] | null {
  const growing = growingKinds(looks);
  if (growing.length === 0) return [];
  const { memory, spans } = source;
  const stacks = source.goroutines.flatMap((address) => stackOf(memory, address) ?? []);
  const before = spans.read().spans;
  const heap = { start: before[0]?.start ?? 0, end: (before.at(-1)?.start ?? 0) + newArenas };
  const names = new SymbolNames(source.symbols);
  const roots = readGoRoots(memory, source.program.variables, stacks, heap, (address) => names.at(address)?.name.startsWith('runtime.') === true);
  const graph = GoGraph.of(memory, spans.read().spans, roots);
  if (graph === null) return null;
  const candidates = growing.map((each) => follow(each, graph)).filter(isHeld);
  const shapes = shapesOf(source, graph);
  const { minor } = source.program;
  const holders = new GoHolders({ memory, graph, roots, stacks, shapes, lines: source.lines, names, types: shapes?.types ?? null, minor });
  return folded(candidates, graph)
    .map((candidate) => tell(candidate, source, graph, holders))
    .sort((a, b) => b.growthBytes - a.growthBytes);
}

/** Between collections only what came is known, and not what of it is used: what nothing leads to is left out later. */
function growingKinds([first, second, third]: ThreeCensuses): Growing[] {
  const wasCollected = second.collection > first.collection && third.collection > second.collection;
  const of = ({ now, collected }: GoCensus) => (wasCollected ? collected : now);
  const all = whatGrows([of(first), of(second), of(third)]).filter(isMoreThanChance);
  const totalBytes = all.reduce((sum, { growthBytes }) => sum + growthBytes, 0);
  return all.filter(({ growthBytes }) => growthBytes >= totalBytes * leastOfAll).slice(0, mostCandidates);
}

/** Of what comes and goes by chance, so many more at two times is no chance. */
function isMoreThanChance({ kind, growthCount, growthBytes, born, survivors }: Growing): boolean {
  if (survivors.length === 0) return false;
  if (isLarge(kind)) return growthCount > 0 && growthBytes >= largeBytes;
  const gone = growthCount * Math.max(0, 1 - survivors.length / Math.max(1, born));
  return growthCount >= leastObjects && growthCount > 3 * Math.sqrt(2 * gone);
}

function follow(growing: Growing, graph: GoGraph): Candidate {
  const objects = spread(growing.survivors, mostFollowed).flatMap((address) => {
    const object = graph.objectAt(address);
    const span = graph.spanOf(object);
    return object >= 0 && span !== undefined && graph.addressOf(object) === address && kindOf(span) === growing.kind ? [object] : [];
  });
  const followed = objects.map((object) => ({ object, way: graph.wayTo(object) })).filter(({ way }) => way.root !== null);
  return {
    growing,
    objects: followed.map(({ object }) => object),
    ways: followed.map(({ way }) => way),
    kept: objects.length === 0 ? 0 : followed.length / objects.length,
    moreBytes: 0,
  };
}

function isHeld({ growing, objects, kept }: Candidate): boolean {
  return kept >= leastKept && objects.length >= Math.min(leastObjects, growing.survivors.length);
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
    top.moreBytes += candidate.growing.growthBytes * candidate.kept;
  }
  return candidates.filter((candidate) => !into.has(candidate));
}

function heldBy({ ways, growing }: Candidate, other: Candidate, graph: GoGraph): 'one by one' | 'many by one' | null {
  const holders = ways.flatMap(({ objects }) => {
    const near = objects.slice(1, 5).find((object) => {
      const span = graph.spanOf(object);
      return span !== undefined && kindOf(span) === other.growing.kind && kindOf(span) !== growing.kind;
    });
    return near === undefined ? [] : [near];
  });
  if (holders.length * 2 <= ways.length) return null;
  return new Set(holders).size * 2 > holders.length ? 'one by one' : 'many by one';
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
  const isEntry = (address: number) => lines.placeOf(address)?.entry === address;
  return new GoShapes({ memory, minor: program.minor, types, program: extent, isEntry, pointedTo });
}

function tell({ growing, objects, ways, kept, moreBytes }: Candidate, source: GoHeapSource, graph: GoGraph, holders: GoHolders): GrowingThing {
  const told = ways.map((way) => holders.stepsOf(way));
  const usual = mostCommon(told.map((steps) => steps.map(({ text }) => text).join('\n')));
  const path = told.find((steps) => steps.map(({ text }) => text).join('\n') === usual) ?? [];
  const nearest = path.slice(0, -1).findLast(({ isNamed }) => isNamed) ?? path[0];
  return {
    type: typeOf(growing, objects, ways, source, graph, holders),
    place: null,
    counts: growing.counts,
    growthBytes: growing.growthBytes * kept + moreBytes,
    survival: growing.survival === null ? null : growing.survival * kept,
    owner: nearest?.text ?? null,
    path: path.map(({ text }) => text),
    pattern: patternOf(growing, ways, graph, holders),
  };
}

function typeOf(growing: Growing, objects: readonly number[], ways: readonly GoWay[], source: GoHeapSource, graph: GoGraph, holders: GoHolders): string {
  const all = objects.flatMap((object) => heapObject(object, graph));
  const functions = all.flatMap(({ address }) => {
    const halves = halvesAt(source.memory, address, 8);
    const place = halves === null ? null : source.lines.placeOf(wordIn(halves, 0));
    return halves !== null && place?.entry === wordIn(halves, 0) ? [place.function] : [];
  });
  if (!isPlain(growing.kind) && functions.length * 10 > all.length * 8) return `closure ${mostCommon(functions)}`;
  const byHolder = mostCommon(ways.map((way) => holders.typeByHolder(way) ?? ''));
  const fitting = holders.typesOf(all);
  if (byHolder !== '' && fitting.length !== 1) return byHolder;
  if (fitting.length > 0) return fitting.join(' or ');
  return sizeText(growing.kind, graph.spanOf(objects[0] ?? -1));
}

function heapObject(object: number, graph: GoGraph): HeapObject[] {
  const span = graph.spanOf(object);
  return span === undefined ? [] : [{ address: graph.addressOf(object), span }];
}

/** What can be said of them without a type. */
function sizeText(kind: number, span: GoSpan | undefined): string {
  const bytes = span?.elementBytes ?? 0;
  const what = isPlain(kind) ? 'objects without pointers' : 'objects';
  return isLarge(kind) ? `${what} of about ${Math.round(bytes / 1024)} KiB` : `${what} of ${sizeClassBelow(bytes) + 1} to ${bytes} bytes`;
}

function patternOf(growing: Growing, ways: readonly GoWay[], graph: GoGraph, holders: GoHolders): LeakPattern | null {
  const share = (is: (way: GoWay) => boolean) => ways.filter(is).length / Math.max(1, ways.length);
  if (share((way) => holders.isByTimer(way)) > 0.5) return 'closure-held-by-timer';
  if (share((way) => holders.isInMap(way)) > 0.5) return 'map-without-eviction';
  const isChained = ({ objects }: GoWay) => {
    const spans = objects.slice(0, 8).map((object) => graph.spanOf(object));
    return spans.some((span, at) => at > 0 && span !== undefined && kindOf(span) === growing.kind && spans[at - 1]?.elementBytes === span.elementBytes);
  };
  if (share((way) => holders.isInSlice(way)) > 0.5 || share(isChained) > 0.5) return 'list-only-grows';
  return null;
}

function mostCommon(of: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}
