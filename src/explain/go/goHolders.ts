/** What is on the way from a variable or a stack down to an object of Go's heap, in names: types, their fields, and what is a map, a slice or a channel. */
import { AddressFilter } from '../addressFilter.ts';
import type { ElfSymbol } from '../elfFile.ts';
import type { TargetMemory } from '../targetMemory.ts';
import type { GoGraph, GoWay } from './goGraph.ts';
import type { GoLines } from './goLines.ts';
import type { AddressRange } from './goProgram.ts';
import type { GoReferences } from './goReferences.ts';
import type { GoRoots } from './goRoots.ts';
import type { GoShapes, HeapObject, Shape } from './goShapes.ts';
import { sizeClassBelow } from './goSizes.ts';
import { codeAt, type GoStack } from './goStacks.ts';
import type { SymbolNames } from './goSymbols.ts';
import { type GoTypes, type GoWord, pointerKind } from './goTypes.ts';
import { halvesAt, wordIn } from './goWords.ts';

/** Of all that is gone through to find where in it something is. */
const mostHolderBytes = 256 << 20;
const pieceBytes = 1 << 16;
/** Of all code, and of all variables. */
const mostScans = 12;
const mostVariableBytes = 16 << 20;
const mostSteps = 12;
const mostStaticBytes = 4_096;
const nearHolders = 5;
const leastBucketBytes = 16;
const mostInBucket = 8;
/** Its maps are other ones. */
export const swissSince = 24;
const timerBytes = 160;

export interface HolderStep {
  text: string;
  /** A name out of the source. */
  isNamed: boolean;
}

interface HolderSource {
  memory: TargetMemory;
  graph: GoGraph;
  roots: GoRoots;
  stacks: readonly GoStack[];
  shapes: GoShapes | null;
  types: GoTypes | null;
  lines: Pick<GoLines, 'placeOf'>;
  names: SymbolNames;
  variables: readonly AddressRange[];
  /** Addresses of the records of all goroutines, also of those that have ended. */
  goroutines: ReadonlySet<number>;
  /** Objects that it is asked where what leads to them is. */
  wanted: ReadonlySet<number>;
  references: Pick<GoReferences, 'functionUsing'>;
  minor: number;
}

/** Buckets in a row beside one of the array. */
const mostBeside = 3;

/** Of a bucket in an array of those that are of this size class. */
function isLastWord(offset: number, bytes: number): boolean {
  for (let bucket = bytes; bucket > sizeClassBelow(bytes); bucket -= 8) if (offset % bucket === bucket - 8) return true;
  return false;
}

export class GoHolders {
  readonly #source: HolderSource;
  readonly #shapes = new Map<number, Shape | null>();
  readonly #places = new Map<number, Map<number, number>>();
  #bytesLeft = mostHolderBytes;
  #scansLeft = mostScans;
  readonly #rootSteps = new Map<number, HolderStep>();
  readonly #stacks: GoStack[];
  readonly #goroutines: ReadonlySet<number>;
  readonly #starts = new AddressFilter();

  constructor(source: HolderSource) {
    this.#source = source;
    this.#goroutines = source.goroutines;
    for (const object of source.wanted) this.#starts.add(source.graph.addressOf(object));
    this.#stacks = [...source.stacks].sort((a, b) => a.pointer - b.pointer);
  }

  /** From the root down to what holds the object. */
  stepsOf(way: GoWay): HolderStep[] {
    const steps: HolderStep[] = way.root === null ? [] : [this.#rootStep(way.root)];
    for (let at = way.objects.length - 1; at > 0 && steps.length < mostSteps; at -= 1) {
      const step = this.#step(way, at);
      if (step.text !== steps.at(-1)?.text) steps.push(step);
    }
    return steps;
  }

  /** Of objects of one kind that are of one type; several names where more than one fits. */
  typesOf(objects: readonly HeapObject[]): string[] {
    return this.#source.shapes?.shapeOf(objects)?.names ?? [];
  }

  /** They are what a map keeps its entries in. */
  isOfMap(objects: readonly HeapObject[]): boolean {
    return this.typesOf(objects).some((name) => name.startsWith('entries of map'));
  }

  /**
   * Until Go 1.23: it hangs on the last word of a bucket, and is as large as one. The buckets of a map lie in one array, so that it is few from there:
   * in a list whose objects refer to the next one by their last word there is no such array, or far away.
   */
  isBesideBucket({ objects }: GoWay): boolean {
    const { graph } = this.#source;
    const bytesOf = (object: number | undefined) => (object === undefined ? 0 : (graph.spanOf(object)?.elementBytes ?? 0));
    const bytes = bytesOf(objects[0]);
    for (let at = 0; at < mostBeside; at += 1) {
      const [object, holder] = [objects[at], objects[at + 1]];
      const place = object === undefined || holder === undefined ? null : this.#placeIn(holder, object);
      if (holder === undefined || place === null || !isLastWord(place - graph.addressOf(holder), bytes)) return false;
      if (bytesOf(holder) !== bytes) return bytesOf(holder) > bytes;
    }
    return false;
  }

  /** What an object is of, or the closure that it is, where that is known. */
  typeOf(object: number): string | null {
    return this.#shapeOfOne(object)?.names[0] ?? null;
  }

  /** As what holds it declares it. */
  typeByHolder(way: GoWay): string | null {
    const [object = -1, holder] = way.objects;
    const place = this.#placeAbove(way, 0);
    if (place === null) return null;
    const declared = holder === undefined ? null : this.#declaredAt(holder, object, way);
    const named = declared === null ? null : nameOf(declared);
    return named ?? this.#byInterface(place, object) ?? this.#byNeighbours(object, place);
  }

  /** What it is nearest to that has many: the table of a map, or a slice. */
  containerOf(way: GoWay): 'map' | 'slice' | null {
    for (let at = 1; at < Math.min(way.objects.length, nearHolders); at += 1) {
      const object = way.objects[at] ?? -1;
      const place = this.#placeAbove(way, at);
      const above = way.objects[at + 1];
      if (place === null) continue;
      if (this.#isMapAt(place, object)) return 'map';
      // A channel has no fewer, but it is no slice.
      if (above !== undefined && this.typeOf(above) === 'runtime.hchan') return null;
      if (this.#isSliceAt(place, object)) return 'slice';
    }
    return null;
  }

  /** One of what it is nearest to has, in its first words, what a timer calls. */
  isByTimer({ objects }: GoWay): boolean {
    return objects.slice(1, nearHolders).some((object) => {
      const { graph, memory } = this.#source;
      const halves = halvesAt(memory, graph.addressOf(object), Math.min(timerBytes, graph.spanOf(object)?.elementBytes ?? 0));
      return halves?.some((_, half) => half % 2 === 0 && this.#isCalledByTimer(wordIn(halves, half))) === true;
    });
  }

  #isCalledByTimer(address: number): boolean {
    if (this.#source.graph.objectAt(address) >= 0 || address % 8 !== 0) return false;
    const halves = halvesAt(this.#source.memory, address, 8);
    const code = halves === null ? 0 : wordIn(halves, 0);
    const place = code === 0 ? null : this.#source.lines.placeOf(code);
    return place?.entry === code && /^time\.(?:goFunc|sendTime)$/.test(place.function);
  }

  #rootStep(root: number): HolderStep {
    const place = this.#source.roots.places[root] ?? 0;
    let step = this.#rootSteps.get(root);
    if (step === undefined) {
      step = this.#stackStep(place) ?? this.#variableStep(place);
      this.#rootSteps.set(root, step);
    }
    return step;
  }

  #stackStep(place: number): HolderStep | null {
    const stack = this.#stackAt(place);
    if (stack === null) return null;
    const code = codeAt(this.#source.memory, stack, place, (address) => this.#source.lines.placeOf(address) !== null);
    const name = code === null ? '' : (this.#source.lines.placeOf(code - 1)?.function ?? '');
    // What the runtime begins with calls the program's own.
    const start = this.#source.lines.placeOf(stack.start)?.function.replace(/^runtime\.main$/, 'main.main') ?? '';
    return { text: `the stack of ${[name, start, 'a goroutine'].find((each) => each !== '')}`, isNamed: name !== '' || start !== '' };
  }

  #stackAt(place: number): GoStack | null {
    let [low, last] = [0, this.#stacks.length - 1];
    while (low <= last) {
      const middle = (low + last) >>> 1;
      if ((this.#stacks[middle]?.pointer ?? 0) <= place) low = middle + 1;
      else last = middle - 1;
    }
    const stack = this.#stacks[last];
    return stack === undefined || place >= stack.end ? null : stack;
  }

  /** Which goroutine leads there, by its record or its stack; null: none does. */
  goroutineOf({ objects, root }: GoWay): number | null {
    const record = objects.map((object) => this.#source.graph.addressOf(object)).find((address) => this.#goroutines.has(address));
    if (record !== undefined) return record;
    return root === null ? null : (this.#stackAt(this.#source.roots.places[root] ?? 0)?.goroutine ?? null);
  }

  #variableStep(place: number): HolderStep {
    const symbol = this.#source.names.at(place);
    if (symbol !== null) return { text: symbol.name, isNamed: true };
    const unknown = { text: `a variable at 0x${place.toString(16)}`, isNamed: false };
    if (this.#scansLeft === 0) return unknown;
    this.#scansLeft -= 1;
    // What a variable refers to from the beginning has no name of its own.
    const through = this.#referringTo(place);
    if (through !== null) return { text: through.name, isNamed: true };
    const user = this.#source.references.functionUsing(place);
    return user === null
      ? { text: `a variable at 0x${place.toString(16)}`, isNamed: false }
      : { text: `a variable of ${user}`, isNamed: true };
  }

  #referringTo(place: number): ElfSymbol | null {
    let nearest: { value: number; symbol: ElfSymbol } | null = null;
    for (const { start, end } of this.#source.variables) {
      const halves = halvesAt(
        this.#source.memory,
        Math.ceil(start / 8) * 8,
        Math.min(mostVariableBytes, end - start - ((end - start) % 8)),
      );
      for (let half = 0; halves !== null && half < halves.length; half += 2) {
        const value = wordIn(halves, half);
        if (value > place || value <= Math.max(place - mostStaticBytes, nearest?.value ?? 0)) continue;
        const symbol = this.#source.names.at(Math.ceil(start / 8) * 8 + half * 4);
        if (symbol !== null) nearest = { value, symbol };
      }
    }
    return nearest?.symbol ?? null;
  }

  #step(way: GoWay, at: number): HolderStep {
    const [holder = -1, object = -1] = [way.objects[at], way.objects[at - 1]];
    const shape = this.#shapeOfOne(holder);
    const container = containers.get(shape?.names[0] ?? '');
    if (container !== undefined) return { text: container, isNamed: false };
    if (shape?.value != null && this.#source.types !== null) {
      const place = this.#placeIn(holder, object);
      const { type, at: from } = shape.value;
      const field = place === null ? '' : this.#source.types.fieldAt(type, place - this.#source.graph.addressOf(holder) - from);
      return { text: field === '' ? type.name : `${type.name}.${field}`, isNamed: !isOfLibrary(type.name) };
    }
    return { text: shape?.names[0] ?? this.#describe(way, at), isNamed: shape !== null && !isOfLibrary(shape.names[0] ?? '') };
  }

  /** Without a type: by what leads to it. */
  #describe(way: GoWay, at: number): string {
    const object = way.objects[at] ?? -1;
    const place = this.#placeAbove(way, at);
    if (place !== null && this.#isMapAt(place, object)) return 'a map';
    if (place !== null && this.#isSliceAt(place, object)) return 'a slice';
    const bytes = this.#source.graph.spanOf(object)?.elementBytes ?? 0;
    return bytes > 2048 ? 'a large object' : `an object of ${bytes} bytes`;
  }

  /** Null where several fit. */
  #shapeOfOne(object: number): Shape | null {
    let known = this.#shapes.get(object);
    if (known === undefined) {
      const span = this.#source.graph.spanOf(object);
      const shape =
        span === undefined ? null : (this.#source.shapes?.shapeOf([{ address: this.#source.graph.addressOf(object), span }]) ?? null);
      known = shape?.names.length === 1 ? shape : null;
      this.#shapes.set(object, known);
    }
    return known;
  }

  /** Where the word lies that leads to an object of the way: in the next one, or outside of the heap. */
  #placeAbove({ objects, root }: GoWay, at: number): number | null {
    const [object, holder] = [objects[at], objects[at + 1]];
    if (object === undefined) return null;
    if (holder !== undefined) return this.#placeIn(holder, object);
    return root === null ? null : (this.#source.roots.places[root] ?? null);
  }

  #placeIn(holder: number, object: number): number | null {
    let places = this.#places.get(holder);
    if (places === undefined) {
      places = this.#placesIn(holder);
      this.#places.set(holder, places);
    }
    return places.get(object) ?? null;
  }

  /** Where in it is what leads to objects that are asked for, gone through once. In the table of a large map only what leads to where one begins. */
  #placesIn(holder: number): Map<number, number> {
    const places = new Map<number, number>();
    const { graph, memory, wanted } = this.#source;
    const [start, bytes] = [graph.addressOf(holder), Math.min(graph.spanOf(holder)?.elementBytes ?? 0, this.#bytesLeft)];
    this.#bytesLeft -= bytes;
    const isLarge = bytes > pieceBytes;
    for (let from = 0; from < bytes; from += pieceBytes) {
      const halves = halvesAt(memory, start + from, Math.min(pieceBytes, bytes - from));
      for (let half = 0; halves !== null && half < halves.length; half += 2) {
        if (halves[half + 1] === 0 || (isLarge && !this.#starts.mayHave(halves[half] ?? 0))) continue;
        const object = graph.objectAt(wordIn(halves, half));
        if (object >= 0 && wanted.has(object) && !places.has(object)) places.set(object, start + from + half * 4);
      }
    }
    return places;
  }

  /** What the holder's type, or that of the slice which the holder is, says that the object is. */
  #declaredAt(holder: number, object: number, way: GoWay): GoWord | null {
    const { types, graph } = this.#source;
    const place = this.#placeIn(holder, object);
    if (types === null || place === null) return null;
    const known = this.#shapeOfOne(holder)?.value ?? null;
    if (known !== null) return types.wordsOf(known.type)[(place - graph.addressOf(holder) - known.at) / 8] ?? null;
    const above = way.objects[2];
    const outer = above === undefined ? null : (this.#shapeOfOne(above)?.value ?? null);
    const outerPlace = above === undefined ? null : this.#placeIn(above, holder);
    if (outer === null || outerPlace === null || above === undefined) return null;
    const slice = types.wordsOf(outer.type)[(outerPlace - graph.addressOf(above) - outer.at) / 8];
    const element = slice?.is === 'slice' ? slice.of : null;
    if (element === null || element.size < 8) return null;
    return types.wordsOf(element)[Math.floor(((place - graph.addressOf(holder)) % element.size) / 8)] ?? null;
  }

  /** An interface has the type of its value before it, or a table for one that begins with two types. */
  #byInterface(place: number, object: number): string | null {
    const { types, memory, graph } = this.#source;
    const halves = halvesAt(memory, place - 8, 8);
    if (types === null || halves === null) return null;
    const before = wordIn(halves, 0);
    const table = halvesAt(memory, before, 16);
    const bytes = graph.spanOf(object)?.elementBytes ?? 0;
    for (const address of [before, ...(table === null ? [] : [wordIn(table, 2)])]) {
      const type = types.at(address);
      const value = type?.kind === pointerKind && type.element !== null ? types.at(type.element) : type;
      if (value != null && value.size <= bytes && value.size > sizeClassBelow(bytes)) return value.name;
    }
    return null;
  }

  /** A text has its length behind it, a slice its length and its room. Only of what has no pointers: that others have is less sure. */
  #byNeighbours(object: number, place: number): string | null {
    const span = this.#source.graph.spanOf(object);
    if (span === undefined || span.spanClass % 2 === 0) return null;
    if (this.#isSliceAt(place, object)) return 'slice without pointers';
    const halves = halvesAt(this.#source.memory, place, 16);
    const length = halves === null ? 0 : wordIn(halves, 2);
    return length > 0 && length <= span.elementBytes ? 'string' : null;
  }

  #isSliceAt(place: number, object: number): boolean {
    const halves = halvesAt(this.#source.memory, place, 24);
    const bytes = this.#source.graph.spanOf(object)?.elementBytes ?? 0;
    if (halves === null) return false;
    const [length, room] = [wordIn(halves, 2), wordIn(halves, 4)];
    return length > 0 && length <= room && room <= bytes;
  }

  /**
   * `hmap` until Go 1.23: how many there are, flags, the logarithm of the number of buckets, these, and those before while they are moved. Since 1.24:
   * how many, a seed, the directory and how many are in it.
   */
  #isMapAt(place: number, object: number): boolean {
    return this.#source.minor >= swissSince ? this.#isDirectoryAt(place, object) : this.#isBucketsAt(place, object);
  }

  #isDirectoryAt(place: number, object: number): boolean {
    const halves = this.#tableAt(place - 16, 16, object);
    if (halves === null) return false;
    const [count, length, bytes] = [wordIn(halves, 0), wordIn(halves, 6), this.#source.graph.spanOf(object)?.elementBytes ?? 0];
    return count > 0 && (length === 0 ? count <= mostInBucket : Number.isInteger(Math.log2(length)) && length * 8 <= bytes);
  }

  #isBucketsAt(place: number, object: number): boolean {
    const bytes = this.#source.graph.spanOf(object)?.elementBytes ?? 0;
    return [16, 24].some((offset) => {
      const halves = this.#tableAt(place - offset, offset, object);
      const [count, logarithm] = halves === null ? [0, 0] : [wordIn(halves, 0), ((halves[2] ?? 0) >>> 8) & 255];
      const buckets = 2 ** (logarithm - (offset === 24 ? 1 : 0));
      return count > 0 && buckets >= 1 && buckets * leastBucketBytes <= bytes && count <= 2 ** logarithm * mostInBucket + mostInBucket;
    });
  }

  /** What may be a map's own record, if it has the object at that offset. */
  #tableAt(address: number, offset: number, object: number): Uint32Array | null {
    const halves = halvesAt(this.#source.memory, address, 40);
    return halves !== null && wordIn(halves, offset / 4) === this.#source.graph.addressOf(object) ? halves : null;
  }
}

function nameOf(word: GoWord): string | null {
  if (word.is === 'pointer') return word.to?.name ?? null;
  if (word.is === 'slice') return word.of === null ? null : `[]${word.of.name}`;
  return word.is === 'text' ? 'string' : word.is === 'map' ? 'map' : null;
}

/** What the runtime has for what is built into the language. */
const containers = new Map([
  ['runtime.hmap', 'a map'],
  ['maps.Map', 'a map'],
  ['runtime.hchan', 'a channel'],
]);

/** Parts that other types are made of: who has them is asked. */
export function isOfLibrary(name: string): boolean {
  return /^(?:\*|\[|map\[|chan |func\(|struct |interface |entries of )|^(?:runtime|sync|atomic|list|ring|heap|time|context|reflect|internal)\./.test(
    name,
  );
}
