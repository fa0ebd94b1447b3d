/** What is on the way from a variable or a stack down to an object of Go's heap, in names: types, their fields, and what is a map, a slice or a channel. */
import type { TargetMemory } from '../targetMemory.ts';
import type { GoGraph, GoWay } from './goGraph.ts';
import type { GoLines } from './goLines.ts';
import type { GoRoots } from './goRoots.ts';
import type { GoShapes, HeapObject } from './goShapes.ts';
import { codeAt, type GoStack } from './goStacks.ts';
import type { SymbolNames } from './goSymbols.ts';
import type { GoType, GoTypes, GoWord } from './goTypes.ts';
import { halvesAt, wordIn } from './goWords.ts';

const mostHolderBytes = 1 << 17;
const mostSteps = 12;
const nearHolders = 5;
const leastBucketBytes = 16;
const mostInBuckets = 8;
const swissSince = 24;

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
  minor: number;
}

export class GoHolders {
  readonly #source: HolderSource;
  readonly #types = new Map<number, { type: GoType; valueAt: number } | null>();
  readonly #rootSteps = new Map<number, HolderStep>();
  readonly #stacks: GoStack[];

  constructor(source: HolderSource) {
    this.#source = source;
    this.#stacks = [...source.stacks].sort((a, b) => a.pointer - b.pointer);
  }

  /** From the root down to the object. */
  stepsOf({ objects, root }: GoWay): HolderStep[] {
    const steps: HolderStep[] = root === null ? [] : [this.#rootStep(root)];
    for (let at = objects.length - 1; at > 0 && steps.length < mostSteps; at -= 1) {
      const [holder = -1, object = -1] = [objects[at], objects[at - 1]];
      const step = this.#step(holder, object);
      if (step.text !== steps.at(-1)?.text) steps.push(step);
    }
    steps.push({ text: this.#typeOfOne(objects[0] ?? -1)?.type.name ?? this.#sizeOf(objects[0] ?? -1), isNamed: false });
    return steps;
  }

  /** Of objects of one kind that are of one type; several names where more than one fits. */
  typesOf(objects: readonly HeapObject[]): string[] {
    const shape = this.#source.shapes?.shapeOf(objects) ?? null;
    return shape === null ? [] : shape.types.map(({ name }) => (shape.isArray ? `[]${name}` : name));
  }

  /** As what holds it declares it. */
  typeByHolder(way: GoWay): string | null {
    const [object = -1, holder] = way.objects;
    const place = this.#placeAbove(way, 0);
    if (place === null) return null;
    const declared = holder === undefined ? null : this.#declaredAt(holder, object, way);
    return declared === null ? this.#byNeighbours(object, place) : nameOf(declared);
  }

  /** One of what it is nearest to is the table of a map. */
  isInMap(way: GoWay): boolean {
    return way.objects.slice(1, nearHolders).some((object, at) => {
      const place = this.#placeAbove(way, at + 1);
      return place !== null && this.#isMapAt(place, object);
    });
  }

  isInSlice(way: GoWay): boolean {
    const place = this.#placeAbove(way, 1);
    const object = way.objects[1];
    return place !== null && object !== undefined && this.#isSliceAt(place, object);
  }

  isByTimer({ objects }: GoWay): boolean {
    return objects.slice(1, nearHolders).some((object) => /^(?:time\.(?:Timer|Ticker|runtimeTimer)|runtime\.timer)$/.test(this.#typeOfOne(object)?.type.name ?? ''));
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
    const stack = this.#stacks.findLast(({ pointer, end }) => place >= pointer && place < end);
    if (stack === undefined) return null;
    const code = codeAt(this.#source.memory, stack, place);
    const name = code === null ? '' : (this.#source.lines.placeOf(code - 1)?.function ?? '');
    return name === '' ? { text: 'the stack of a goroutine', isNamed: false } : { text: `the stack of ${name}`, isNamed: true };
  }

  #variableStep(place: number): HolderStep {
    const symbol = this.#source.names.at(place);
    if (symbol !== null) return { text: symbol.name, isNamed: true };
    return { text: `a variable at 0x${place.toString(16)}`, isNamed: false };
  }

  #step(holder: number, object: number): HolderStep {
    const known = this.#typeOfOne(holder);
    const place = this.#placeIn(holder, object);
    const address = this.#source.graph.addressOf(holder);
    if (known === null || this.#source.types === null) {
      if (place !== null && this.#isMapAt(place, object)) return { text: 'a map', isNamed: false };
      return { text: this.#sizeOf(holder), isNamed: false };
    }
    const field = place === null ? '' : this.#source.types.fieldAt(known.type, place - address - known.valueAt);
    return { text: field === '' ? known.type.name : `${known.type.name}.${field}`, isNamed: !isOfLibrary(known.type.name) };
  }

  #sizeOf(object: number): string {
    const bytes = this.#source.graph.spanOf(object)?.elementBytes ?? 0;
    return bytes > 2048 ? 'a large object' : `an object of ${bytes} bytes`;
  }

  #typeOfOne(object: number): { type: GoType; valueAt: number } | null {
    let known = this.#types.get(object);
    if (known === undefined) {
      const span = this.#source.graph.spanOf(object);
      const shape = span === undefined ? null : (this.#source.shapes?.shapeOf([{ address: this.#source.graph.addressOf(object), span }]) ?? null);
      const [type, ...others] = shape?.types ?? [];
      known = shape === null || type === undefined || others.length > 0 || shape.isArray ? null : { type, valueAt: shape.valueAt };
      this.#types.set(object, known);
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
    const { graph, memory } = this.#source;
    const [address, bytes] = [graph.addressOf(holder), graph.spanOf(holder)?.elementBytes ?? 0];
    const [start, size] = [graph.addressOf(object), graph.spanOf(object)?.elementBytes ?? 0];
    for (let from = 0; from < Math.min(bytes, mostHolderBytes); from += 4_096) {
      const halves = halvesAt(memory, address + from, Math.min(4_096, bytes - from));
      for (let half = 0; halves !== null && half < halves.length; half += 2) {
        const value = wordIn(halves, half);
        if (value >= start && value < start + size) return address + from + half * 4;
      }
    }
    return null;
  }

  /** What the holder's type, or that of the slice which the holder is, says that the object is. */
  #declaredAt(holder: number, object: number, way: GoWay): GoWord | null {
    const { types, graph } = this.#source;
    const place = this.#placeIn(holder, object);
    if (types === null || place === null) return null;
    const known = this.#typeOfOne(holder);
    if (known !== null) return types.wordsOf(known.type)[(place - graph.addressOf(holder) - known.valueAt) / 8] ?? null;
    const above = way.objects[2];
    const outer = above === undefined ? null : this.#typeOfOne(above);
    const outerPlace = above === undefined ? null : this.#placeIn(above, holder);
    if (outer === null || outerPlace === null || above === undefined) return null;
    const slice = types.wordsOf(outer.type)[(outerPlace - graph.addressOf(above) - outer.valueAt) / 8];
    const element = slice?.is === 'slice' ? slice.of : null;
    if (element === null || element.size < 8) return null;
    return types.wordsOf(element)[Math.floor(((place - graph.addressOf(holder)) % element.size) / 8)] ?? null;
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
   * `hmap` until Go 1.23: how many there are, flags, the logarithm of the number of buckets, these. Since 1.24: how many, a seed, the directory and how
   * many are in it. The address of what is large comes third in both.
   */
  #isMapAt(place: number, object: number): boolean {
    const { graph, memory } = this.#source;
    const halves = halvesAt(memory, place - 16, 40);
    const bytes = graph.spanOf(object)?.elementBytes ?? 0;
    if (halves === null || wordIn(halves, 4) !== graph.addressOf(object)) return false;
    const [count, logarithm, directory] = [wordIn(halves, 0), ((halves[2] ?? 0) >>> 8) & 255, wordIn(halves, 6)];
    if (count === 0) return false;
    const buckets = 2 ** logarithm;
    const isBuckets = buckets * leastBucketBytes <= bytes && count <= buckets * mostInBuckets + mostInBuckets;
    const isDirectory = directory === 0 ? count <= mostInBuckets : Number.isInteger(Math.log2(directory)) && directory * 8 <= bytes;
    return this.#source.minor >= swissSince ? isDirectory : isBuckets;
  }
}

function nameOf(word: GoWord): string | null {
  if (word.is === 'pointer') return word.to?.name ?? null;
  if (word.is === 'slice') return word.of === null ? null : `[]${word.of.name}`;
  return word.is === 'text' ? 'string' : word.is === 'map' ? 'map' : null;
}

/** Parts that other types are made of: who has them is asked. */
function isOfLibrary(name: string): boolean {
  return /^(?:\*|\[|map\[|chan |func\(|struct |interface )|^(?:runtime|sync|atomic|list|ring|heap|time|context|reflect|internal)\./.test(name);
}
