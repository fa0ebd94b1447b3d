/**
 * Which type objects of Go's heap are of. Large ones with pointers say so since Go 1.22. Of others each type of their size is asked whether it can
 * be: what it calls a text has to have a place and a length, what it calls a number must lead to no object. Where more than one can, all are told.
 */
import type { TargetMemory } from '../targetMemory.ts';
import type { AddressRange } from './goProgram.ts';
import { sizeClassBelow } from './goSizes.ts';
import type { GoSpan } from './goSpans.ts';
import { type GoType, type GoTypes, type GoWord, structKind } from './goTypes.ts';
import { halvesAt, wordIn } from './goWords.ts';

const mostBytes = 768;
const mostLength = 2 ** 40;
const hmapBytes = 48;
const leastChanBytes = 96;
const headedSince = 22;
/** What is larger, with pointers, begins with its type. */
const unheadedBytes = 512;
const wrong = -3;
/** Of what is as likely as the best. */
const nearly = 0.97;
/**
 * Go's own library has a type of nearly every shape: a type of the program's is meant as soon as not much speaks against it, and one of the library only
 * where nothing else can be.
 */
const ownPart = 0.6;
const leastOwnScore = 1.5;
const leastStandardScore = 6;
const mostNamed = 3;

export interface HeapObject {
  address: number;
  span: GoSpan;
}

/** What an address leads to: an object in use, and how many bytes of it lie behind. */
export interface PointedTo {
  span: GoSpan;
  start: number;
  left: number;
}

export interface GoHeapView {
  memory: TargetMemory;
  minor: number;
  types: GoTypes;
  /** All that is mapped of the program itself. */
  program: AddressRange;
  /** Of the function whose code begins there. */
  functionAt(address: number): string | null;
  pointedTo(address: number): PointedTo | null;
}

export interface Shape {
  /** Of the types that they may be of, the likeliest first. */
  names: string[];
  /** Where it is only one, and described: of what is in the object, and from where on. */
  value: { type: GoType; at: number } | null;
}

export class GoShapes {
  readonly types: GoTypes;
  readonly #heap: GoHeapView;
  readonly #bySize: GoType[];

  constructor(heap: GoHeapView) {
    this.types = heap.types;
    this.#heap = heap;
    this.#bySize = [...heap.types.all()]
      .filter(({ size, kind, name }) => size > 0 && kind === structKind && !isOfCompiler(name))
      .sort((a, b) => a.size - b.size);
  }

  /** `objects`: of one kind. Null: none fits, or too many do. */
  shapeOf(objects: readonly HeapObject[]): Shape | null {
    const span = objects[0]?.span;
    if (span === undefined) return null;
    if (!hasPointers(span)) return null;
    return this.#headed(objects) ?? this.#closure(objects) ?? (span.spanClass === 0 ? null : this.#fitting(objects, span));
  }

  #headed(objects: readonly HeapObject[]): Shape | null {
    const [first] = objects;
    if (first === undefined || !isHeaded(first.span, this.#heap.minor)) return null;
    const found = new Map<number, number>();
    for (const { address } of objects) {
      const halves = halvesAt(this.#heap.memory, address, 8);
      const type = halves === null ? 0 : wordIn(halves, 0);
      if (this.#heap.types.at(type) !== null) found.set(type, (found.get(type) ?? 0) + 1);
    }
    const [most] = [...found].sort((a, b) => b[1] - a[1]);
    const type = most === undefined || most[1] * 2 < objects.length ? null : this.#heap.types.at(most[0]);
    if (type === null || isOfCompiler(type.name)) return null;
    // Of a slice's elements each is of the type.
    const isArray = type.size <= sizeClassBelow(first.span.elementBytes) - 8;
    return isArray
      ? { names: [type.name.startsWith('entries of ') ? type.name : `[]${type.name}`], value: null }
      : { names: [type.name], value: { type, at: 8 } };
  }

  /** Begins with where its code does. */
  #closure(objects: readonly HeapObject[]): Shape | null {
    const names = new Map<string, number>();
    for (const { address } of objects) {
      const halves = halvesAt(this.#heap.memory, address, 8);
      const name = halves === null ? null : this.#heap.functionAt(wordIn(halves, 0));
      if (name !== null) names.set(name, (names.get(name) ?? 0) + 1);
    }
    const [most] = [...names].sort((a, b) => b[1] - a[1]);
    return most === undefined || most[1] * 2 < objects.length ? null : { names: [`closure ${most[0]}`], value: null };
  }

  #fitting(objects: readonly HeapObject[], { elementBytes }: GoSpan): Shape | null {
    const contents = objects.flatMap(({ address }) => halvesAt(this.#heap.memory, address, Math.min(elementBytes, mostBytes)) ?? []);
    const least = sizeClassBelow(elementBytes);
    const scored = this.#bySize
      .filter(({ size }) => size > least && size <= elementBytes)
      .map((type) => ({ type, words: this.#heap.types.wordsOf(type) }))
      .filter(({ words }) => words.some(({ is }) => is !== 'number'))
      .map(({ type, words }) => ({ type, score: contents.reduce((sum, halves) => sum + this.#scoreOf(halves, words), 0) }))
      .sort((a, b) => b.score - a.score);
    const own = scored.filter(({ type, score }) => isOwnName(type.name) && !isStandard(type) && score >= leastOwnScore * contents.length);
    const others = scored.filter(({ type, score }) => isStandard(type) && score >= leastStandardScore * contents.length);
    const best = scored[0]?.score ?? 0;
    const isOwn = (own[0]?.score ?? 0) >= best * ownPart && own.length > 0;
    const likely = isOwn ? own : others;
    const types = likely.filter(({ score }) => score >= (likely[0]?.score ?? 0) * nearly).map(({ type }) => type);
    if (!isOwn && types.length > 1) return null;
    const [type] = types;
    if (type === undefined || types.length > mostNamed) return null;
    return { names: types.map(({ name }) => name), value: types.length > 1 ? null : { type, at: 0 } };
  }

  /** How much a value of the type is in it: more than 0 by what can hardly be by chance. */
  #scoreOf(halves: Uint32Array, words: readonly GoWord[]): number {
    let score = 0;
    const count = halves.length / 2;
    for (let word = 0; word < count; word += 1) {
      const expected = words[word];
      const value = wordIn(halves, word * 2);
      const gained = expected === undefined ? this.#unused(value) : this.#fit(expected, value, halves, word);
      if (gained < 0) return wrong;
      score += gained;
    }
    return score;
  }

  /** Behind the value: nobody writes there, though what was there before may be left where there are no pointers. */
  #unused(value: number): number {
    return value === 0 ? 0 : this.#heap.pointedTo(value) === null ? 0 : -1;
  }

  #fit(expected: GoWord, value: number, halves: Uint32Array, word: number): number {
    if (expected.is === 'number') {
      if (value === 0) return 0;
      return this.#heap.pointedTo(value) === null ? 0.2 : -1;
    }
    const next = (behind: number) => wordIn(halves, (word + behind) * 2);
    if (value === 0) return this.#isEmpty(expected, next) ? 0 : -1;
    const to = this.#heap.pointedTo(value);
    if (to === null && !this.#isInProgram(value)) return expected.is === 'value' ? 0 : -1;
    switch (expected.is) {
      case 'text':
        return next(1) < mostLength && (to === null || next(1) <= to.left) ? 2 : -1;
      case 'slice':
        return next(1) <= next(2) && next(2) < mostLength ? this.#fitsElements(expected.of, next(2), to) : -1;
      case 'map':
        return to !== null && to.span.elementBytes === hmapBytes && to.left === hmapBytes ? 3 : -1;
      case 'chan':
        return to !== null && to.left === to.span.elementBytes && to.left >= leastChanBytes ? 2 : -1;
      case 'func':
        return this.#isFunction(value) ? 4 : -1;
      case 'type':
        return to !== null ? -1 : 3;
      case 'value':
        return 1;
      case 'pointer':
        return this.#fitsPointee(expected.to, to);
    }
  }

  /** A text or a slice of nothing has no length. */
  #isEmpty({ is }: GoWord, next: (behind: number) => number): boolean {
    return is === 'text' || is === 'slice' ? next(1) === 0 : true;
  }

  /** `room`: for so many of the type. */
  #fitsElements(type: GoType | null, room: number, to: PointedTo | null): number {
    if (type === null || to === null) return 2;
    if (room * type.size > to.left) return -1;
    // What is cut out of something larger may lie anywhere.
    if (to.left < to.span.elementBytes) return 2;
    if (this.#hasPointers(type) !== hasPointers(to.span)) return -1;
    return room * type.size > sizeClassBelow(to.span.elementBytes) ? 4 : 2;
  }

  #hasPointers(type: GoType): boolean {
    return this.#heap.types.wordsOf(type).some(({ is }) => is !== 'number');
  }

  #fitsPointee(type: GoType | null, to: PointedTo | null): number {
    if (type === null || to === null) return 0.5;
    if (type.size > to.left) return -1;
    const withPointers = this.#hasPointers(type);
    if (withPointers && !hasPointers(to.span)) return -1;
    // Most are allocated one by one.
    const isAlone =
      to.left === to.span.elementBytes && type.size > sizeClassBelow(to.span.elementBytes) && withPointers === hasPointers(to.span);
    return isAlone ? 4 : 0.5;
  }

  #isFunction(value: number): boolean {
    const halves = halvesAt(this.#heap.memory, value, 8);
    return halves !== null && this.#heap.functionAt(wordIn(halves, 0)) !== null;
  }

  #isInProgram(address: number): boolean {
    return address >= this.#heap.program.start && address < this.#heap.program.end;
  }
}

function hasPointers({ spanClass }: GoSpan): boolean {
  return spanClass % 2 === 0;
}

function isHeaded(span: GoSpan, minor: number): boolean {
  return minor >= headedSince && hasPointers(span) && span.spanClass > 1 && span.elementBytes > unheadedBytes;
}

/** Made for maps and for functions by the compiler. */
function isOfCompiler(name: string): boolean {
  return /^(?:noalg\.|struct \{ F |[0-9a-f]{40,}$)/.test(name);
}

const standard = new Set(
  'archive bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing text time unicode unique unsafe vendor weak'.split(
    ' ',
  ),
);

/** Of Go's own library. */
function isStandard({ name, package: path }: GoType): boolean {
  return standard.has((path === '' ? name.split('.') : path.split('/'))[0] ?? '');
}

/** With a name of its own, `main.session`, or what a map of the program has. */
function isOwnName(name: string): boolean {
  return /^(?:[\p{L}_][\p{L}\p{N}_]*\.[\p{L}_]|entries of map\[)/u.test(name);
}
