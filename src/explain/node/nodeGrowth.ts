/**
 * From three looks at V8's heap to what grows in it, what it is called and who holds it.
 *
 * A collection that grew both times and still has its oldest entries is alive and loses nothing: that is the surest sign there is, whatever waits
 * for the collector beside it. What grows in no collection, such as a list of objects that are linked to each other, is followed to a variable
 * and counted from there: only what can be come to counts.
 */
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import type { HeapPages } from '../heapPages.ts';
import { slowerGrowth } from '../threeLooks.ts';
import type { Collection, V8Look } from './v8Census.ts';
import { V8Climb, type V8Path } from './v8Climb.ts';
import type { V8Layout } from './v8Constants.ts';
import type { KeptWord, V8Graph } from './v8Graph.ts';
import type { V8Maps } from './v8Maps.ts';
import type { V8Names } from './v8Names.ts';
import type { V8Objects } from './v8Objects.ts';
import { type ToldPath, tellPath } from './v8Path.ts';
import { reachFromVariables } from './v8Reach.ts';

const mostThings = 5;
const mostCollections = 40;
const mostFollowed = 12;
const mostPasses = 6;
const mostEntries = 32;
const leastEntries = 4;
const leastPartLeft = 0.6;
const leastGrowthBytes = 8_192;
/** What grows both times grows about as much; what waits for the collector comes and goes with it. */
const mostUneven = 5;
const mostKinds = 12;
const mostCounted = 30_000;
const mostKept = 12;
/** Smaller ones are places, links and hashes in a table too. */
const leastOwnNumber = 256;
const high = 2 ** 32;

export interface V8Heap {
  windows: HeapPages;
  objects: V8Objects;
  maps: V8Maps;
  layout: V8Layout;
  names: V8Names;
  graph: V8Graph;
}

type Looks = readonly [V8Look, V8Look, V8Look];
type Three = [number, number, number];

/** What a collection that grew from the first look to the second had in it then, the oldest first. */
export type KeptWords = ReadonlyMap<number, readonly KeptWord[]>;

export function oldestWords(heap: V8Heap, first: V8Look, second: V8Look): KeptWords {
  const kept = new Map<number, KeptWord[]>();
  for (const [address, collection] of mostGrown(first, second)) {
    const words = heap.graph.oldest(address, collection).map((word, place) => ({ word, place }));
    const own = words.filter(({ word }) => isOwn(heap, word)).slice(0, mostKept);
    kept.set(
      address,
      own.map((each) => ({ ...each, kind: heap.graph.kindOf(each.word), content: heap.graph.contentOf(each.word) })),
    );
  }
  return kept;
}

/** Whether it tells an entry from others: `undefined` and its like, and the least numbers, are in any table. */
function isOwn({ graph, layout }: V8Heap, word: number): boolean {
  if ((word & 3) !== 1) return word % high === 0 && word >= leastOwnNumber * high;
  const type = graph.typeOf(word);
  return type >= layout.firstObject || type <= layout.symbolType;
}

function mostGrown(before: V8Look, after: V8Look): [number, Collection][] {
  const grown = [...after.collections].map(([address, collection]) => ({
    address,
    collection,
    by: collection.entries - (before.collections.get(address)?.entries ?? 0),
  }));
  return grown
    .filter(({ by }) => by >= leastEntries)
    .sort((a, b) => b.by - a.by)
    .slice(0, 500)
    .map(({ address, collection }) => [address, collection]);
}

function isEven([first, second, third]: Three): boolean {
  const [least = 0, most = 0] = [second - first, third - second].sort((a, b) => a - b);
  return least > 0 && most <= mostUneven * least;
}

interface Found {
  thing: GrowingThing;
  /** What each of the new ones is made of. */
  kinds: ReadonlyMap<number, number>;
}

export function nodeGrowth(heap: V8Heap, looks: Looks, kept: KeptWords): GrowingThing[] {
  const inCollections = grownCollections(heap, looks, kept);
  const explained = new Map<number, number>();
  for (const { thing, kinds } of inCollections) {
    const added = thing.counts[2] - thing.counts[0];
    for (const [kind, each] of kinds) explained.set(kind, (explained.get(kind) ?? 0) + added * each);
  }
  const loose = grownLoose(heap, looks, explained);
  return [...inCollections.map(({ thing }) => thing), ...loose].sort((a, b) => b.growthBytes - a.growthBytes).slice(0, mostThings);
}

interface GrownCollection {
  address: number;
  collection: Collection;
  counts: Three;
}

function grownCollections(heap: V8Heap, looks: Looks, kept: KeptWords): Found[] {
  const { graph } = heap;
  const grown: GrownCollection[] = [];
  for (const [address, words] of kept) {
    const collection = looks[2].collections.get(address);
    if (collection === undefined) continue;
    const counts = looks.map((look) => look.collections.get(address)?.entries ?? 0) as Three;
    if (!isEven(counts) || counts[2] - counts[1] < leastEntries) continue;
    if (words.length > 0 && graph.partLeft(address, collection, words) < leastPartLeft) continue;
    grown.push({ address, collection, counts });
  }
  grown.sort((a, b) => b.counts[2] - b.counts[0] - (a.counts[2] - a.counts[0]));
  const followed = grown.slice(0, mostCollections);
  const climb = new V8Climb(
    heap,
    followed.map(({ address, collection }) => ({ address, kind: collection.kind })),
  );
  if (followed.length > 0) climb.run(looks[2], mostPasses);
  const told = followed.flatMap((each) => {
    const path = climb.pathOf(each.address);
    // Nothing refers to it: a batch that was full, and has been left to the collector since.
    return path.root === null && path.steps.length === 0 ? [] : [tellCollection(heap, each, path)];
  });
  return grouped(told);
}

interface ToldCollection extends Found {
  owner: string;
}

function tellCollection(heap: V8Heap, { address, collection, counts }: GrownCollection, path: V8Path): ToldCollection {
  const { graph, names, windows } = heap;
  windows.forget();
  const entries = graph.entries(address, collection, Math.floor((counts[2] - counts[1]) / 2), mostEntries);
  const values = entries.map(({ key, value }) => (names.typeOfObject(value) === 'number' ? key : value));
  const type = mostCommon(values.map((value) => names.typeOfObject(value))) ?? 'number';
  const own = graph.ownBytes(entries.slice(0, mostFollowed).map(({ key, value }) => [key, value]));
  const told = tellPath(path, heap);
  // A variable that holds the collection itself is nearer than what holds the function that has the variable.
  const owner = told.variable ?? told.owner;
  const functionValue = values.find((value) => names.isFunction(graph.typeOf(value)));
  const thing: GrowingThing = {
    type,
    place: functionValue === undefined ? null : names.scriptOfFunction(functionValue),
    counts,
    growthBytes: Math.min(counts[1] - counts[0], counts[2] - counts[1]) * (own.bytes + entryBytes[collection.sort]),
    survival: 1,
    owner: owner === null ? `a ${wordFor(collection)}` : `${owner} (${wordFor(collection)})`,
    path: [...told.path, wordFor(collection)],
    pattern: patternOf(collection, type, told.classes),
  };
  return { thing, kinds: own.kinds, owner: `${type}\n${told.owner}` };
}

/** In the collection itself. */
const entryBytes = { Map: 28, Set: 20, Array: 8, object: 36 };

function wordFor({ sort }: Collection): string {
  return sort === 'object' ? 'object as a map' : sort;
}

function patternOf({ sort }: Collection, type: string, classes: readonly string[]): LeakPattern {
  if (type.startsWith('function') && classes.some((name) => /Emitter|EventTarget|Socket|Server|Stream|process/.test(name)))
    return 'listener-never-removed';
  return sort === 'Array' ? 'list-only-grows' : 'map-without-eviction';
}

/** Many collections of one owner, such as one for each user, are one answer. */
function grouped(told: readonly ToldCollection[]): Found[] {
  const groups = new Map<string, ToldCollection>();
  for (const each of told) {
    const group = groups.get(each.owner);
    if (group === undefined) {
      groups.set(each.owner, { ...each, thing: { ...each.thing } });
      continue;
    }
    group.thing.counts = group.thing.counts.map((count, look) => count + (each.thing.counts[look] ?? 0)) as Three;
    group.thing.growthBytes += each.thing.growthBytes;
  }
  return [...groups.values()];
}

function mostCommon(of: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

interface GrownKind {
  kind: number;
  counts: Three;
  growthBytes: number;
}

/** What grows outside of collections that grow. */
function grownLoose(heap: V8Heap, looks: Looks, explained: ReadonlyMap<number, number>): GrowingThing[] {
  const { maps, layout, names } = heap;
  const grown = Array.from(looks[2].counts.keys(), (kind): GrownKind => {
    const of = (each: (look: V8Look) => ArrayLike<number>) => looks.map((look) => each(look)[kind] ?? 0) as Three;
    return { kind, counts: of(({ counts }) => counts), growthBytes: slowerGrowth(of(({ bytes }) => bytes)) };
  })
    .filter(({ kind, counts, growthBytes }) => {
      const type = maps.typeOf(kind);
      const isExplained = (explained.get(kind) ?? 0) * 2 > counts[2] - counts[0];
      return (
        (type >= layout.firstObject || type === layout.promiseReaction) &&
        type !== layout.array &&
        !names.isFunction(type) &&
        !isExplained &&
        growthBytes >= leastGrowthBytes &&
        isEven(counts)
      );
    })
    .sort((a, b) => b.growthBytes - a.growthBytes)
    .slice(0, mostKinds);
  const textGrowth = looks.map(({ longestText }) => longestText.characters) as Three;
  const leastCharacters =
    isEven(textGrowth) && textGrowth[1] - textGrowth[0] >= leastGrowthBytes ? textGrowth[2] / 2 : Number.POSITIVE_INFINITY;
  if (grown.length === 0 && leastCharacters === Number.POSITIVE_INFINITY) return [];
  const kinds = new Set(grown.map(({ kind }) => kind));
  const least = new Map(grown.map(({ kind, counts: [first] }) => [kind, leastAlive(first)]));
  const groups = reachFromVariables(heap, looks[2], {
    isWanted: (object, kind) => kinds.has(kind) || isLongText(heap, object, kind, leastCharacters),
    // What is young has the place of what was there before.
    isLeftOut: (object, kind) => [looks[0], looks[2]].every(({ collections }) => collections.get(object)?.kind === kind),
    isEnough: (kind, count) => count > (least.get(kind) ?? Number.POSITIVE_INFINITY),
  });
  const byOwner = new Map<string, { told: ToldPath; counts: Map<number, number> }>();
  for (const group of groups) {
    const told = tellPath({ root: group.root, isRubbish: false, steps: group.steps }, heap);
    const known = byOwner.get(told.path.join('\n'));
    if (known === undefined) byOwner.set(told.path.join('\n'), { told, counts: group.counts });
    else for (const [kind, count] of group.counts) known.counts.set(kind, (known.counts.get(kind) ?? 0) + count);
  }
  return [...byOwner.values()].flatMap(({ told, counts }) => tellLoose(heap, grown, textGrowth, { told, counts }) ?? []);
}

function isLongText({ maps, layout, windows }: V8Heap, object: number, kind: number, leastCharacters: number): boolean {
  if (maps.typeOf(kind) >= layout.firstNonString || leastCharacters === Number.POSITIVE_INFINITY) return false;
  const characters = Math.floor(windows.word(object - 1 + layout.stringLengthAt - 4) / 2 ** 32);
  return characters >= leastCharacters;
}

/** That more than this are alive says that it grows: some of those of the first look may have been rubbish. */
function leastAlive(first: number): number {
  return Math.min(first, mostCounted);
}

/** Null when there are no more alive now than there were, dead or alive, at the first look. */
function tellLoose(
  { names, maps, layout }: V8Heap,
  grown: readonly GrownKind[],
  textGrowth: Three,
  { told, counts }: { told: ToldPath; counts: ReadonlyMap<number, number> },
): GrowingThing | null {
  const common = { place: null, survival: null, owner: told.owner, path: told.path };
  if ([...counts.keys()].some((kind) => maps.typeOf(kind) < layout.firstNonString)) {
    const growthBytes = Math.min(textGrowth[1] - textGrowth[0], textGrowth[2] - textGrowth[1]);
    return { ...common, type: 'string', counts: textGrowth, growthBytes, pattern: 'text-only-grows' };
  }
  const alive = grown.filter(({ kind, counts: [first] }) => (counts.get(kind) ?? 0) > leastAlive(first));
  const isReaction = ({ kind }: GrownKind) => maps.typeOf(kind) === layout.promiseReaction;
  const typeName = (each: GrownKind) => (isReaction(each) ? 'reaction to a promise' : names.type(maps.all[each.kind]?.address ?? 0));
  const [main] = [...alive].sort(
    (a, b) => Number(isBuiltIn(typeName(a))) - Number(isBuiltIn(typeName(b))) || b.growthBytes - a.growthBytes,
  );
  if (main === undefined) return null;
  const isByTimer = told.classes.some((name) => /^Timers?List$/.test(name));
  return {
    ...common,
    type: typeName(main),
    counts: main.counts,
    growthBytes: alive.reduce((sum, { growthBytes }) => sum + growthBytes, 0),
    pattern: isReaction(main) ? 'promise-never-settled' : isByTimer ? 'closure-held-by-timer' : 'list-only-grows',
  };
}

const builtIn = /^(?:Object|Array|Map|Set|Promise|Function|Date|RegExp|Timeout|\w*Error|\w+Array|ArrayBuffer|Buffer)\b/;

function isBuiltIn(type: string): boolean {
  return builtIn.test(type);
}
