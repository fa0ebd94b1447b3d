import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import { HeapWindows } from '../heapWindows.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { type RubyCensus, takeRubyCensus } from './rubyCensus.ts';
import { ClimbMemory } from './rubyClimb.ts';
import {
  followGrowingRuby,
  followLargestRuby,
  followRuby,
  type RubyFollowed,
  type RubyLook,
  type RubyProgram,
  rubyGrowth,
} from './rubyGrowth.ts';
import { RubyClasses } from './rubyPart.ts';
import { readRubyRoots } from './rubyRoots.ts';
import { type AddressRange, findMachine, rubyThreads } from './rubyThreads.ts';
import { RubyValues } from './rubyValues.ts';

/** The library, or a program that has it inside. */
const rubyFile = /\/(?:libruby[-\w.]*\.so[\d.]*|ruby[\d.]*)(?: \(deleted\))?$/;
const wanted = 'rb_cString|rb_cArray|rb_cHash|rb_cObject|ruby_api_version';
/** Of those between and after these the layout was not tried. */
const versionsByTable = new Set(['2.7', '3.0', '3.1']);
const versionWithShapes = '3.3';

export const openRuby: OpenHeap = (memory) => {
  const symbols = memory.symbols((path) => rubyFile.test(path), wanted);
  const at = (name: string) => symbols.get(name) ?? 0;
  if (at('rb_cString') === 0) return null;
  const values = new RubyValues(memory);
  const version = versionOf(memory, at('ruby_api_version'));
  const hasShapes = version === versionWithShapes;
  if (version === null || (!hasShapes && !versionsByTable.has(version)))
    return {
      runtime: 'Ruby',
      why: `how Ruby ${version ?? 'of this version'} lays out its objects is not known here: expected Ruby 2.7 to 3.1, or 3.3`,
    };
  const regions = memory.regions();
  // What is global and zero at first follows the file without a name.
  const data = regions.filter(({ writable, path }, index) => {
    return writable && (rubyFile.test(path) || (path === '' && rubyFile.test(regions[index - 1]?.path ?? '')));
  });
  const classes = { string: at('rb_cString'), array: at('rb_cArray'), hash: at('rb_cHash'), object: at('rb_cObject') };
  if (!values.calibrate(classes, hasShapes, data))
    return { runtime: 'Ruby', why: 'the names of its classes are kept in a way that is not known here' };
  return new RubyReader(values, data);
};

/** `ruby_api_version`: numbers. Null where they can't be read. */
function versionOf(memory: TargetMemory, address: number): string | null {
  const numbers = Buffer.alloc(8);
  return memory.read(address, numbers) < numbers.length ? null : `${numbers.readInt32LE(0)}.${numbers.readInt32LE(4)}`;
}

class RubyReader implements HeapReader {
  readonly runtime = 'Ruby';
  readonly #values: RubyValues;
  readonly #data: readonly AddressRange[];
  readonly #machine: number;
  readonly #looks: RubyLook[] = [];
  readonly #outsideBytes: number[] = [];
  readonly #windows: HeapWindows;
  readonly #classes = new RubyClasses();
  #census: RubyCensus | null = null;
  readonly #memory = new ClimbMemory();

  constructor(values: RubyValues, data: readonly AddressRange[]) {
    this.#values = values;
    this.#windows = new HeapWindows(values.memory);
    this.#data = data;
    this.#machine = findMachine(values, data);
  }

  look(): void {
    const [values, windows, classes, before] = [this.#values, this.#windows, this.#classes, this.#census?.parts ?? []];
    const census = takeRubyCensus({ values, windows, classes, before });
    this.#census = census;
    this.#outsideBytes.push(census.outsideBytes);
    this.#looks.push({ kinds: census.kinds, followed: this.#follow(census) });
  }

  #follow(now: RubyCensus): Map<number, RubyFollowed> {
    const [first, second] = this.#looks;
    const program = this.#program(now);
    if (first === undefined) return followLargestRuby(program, now);
    return second === undefined ? followGrowingRuby(program, first, now) : followRuby(program, now, [...second.followed.keys()]);
  }

  #program(now: RubyCensus): RubyProgram {
    const [values, data] = [this.#values, this.#data];
    const threads = rubyThreads(values, this.#machine);
    const ofMain = values.memory.regions().filter(({ path }) => path === '[stack]');
    const readRoots = () => readRubyRoots({ values, classes: now.classes, threads, data });
    const stacks = [...threads.flatMap((thread) => thread.stacks), ...ofMain];
    return { values, classes: this.#classes, readRoots, stacks, memory: this.#memory };
  }

  owns(address: number): boolean {
    return this.#census?.own.has(address) === true;
  }

  moreOfMalloc(): number {
    const [first = 0, second = 0, third = 0] = this.#outsideBytes;
    return Math.max(0, second - first, third - second);
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return [];
    return rubyGrowth(this.#values, [first, second, third]);
  }
}
