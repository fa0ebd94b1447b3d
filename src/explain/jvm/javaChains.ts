/**
 * Who holds a chain holds the first of it, of a queue one after the other, of a list that is added to in front each new one. An object is read once
 * in a look: the holder before the chain or after it, and what was the first of it then may be taken out by then, or be made where it was read
 * already. So the holder is asked again, and holds what it holds then, or what was seen of the chain that follows.
 */
import { readPresent } from '../targetMemory.ts';
import type { ClassTable } from './classTable.ts';
import type { Jvm } from './javaCensus.ts';
import { isOfJdk } from './javaClasses.ts';
import { addressOf, unitBytes, unitOf } from './javaHeap.ts';
import type { JavaObjects } from './javaObjects.ts';
import type { JavaReferences } from './javaReferences.ts';

/** Chains with fewer objects tell of no growth. */
const leastPart = 0.005;
const mostChains = 3;
/** Of a class, or of a chain: a table has many chains, each with a first that stays. */
const mostHolders = 64;
/** Made since their place was read. */
const mostNewer = 20_000;
const mostFields = 64;
const windowWords = 256;
const headerWords = 3;

export function askChainHolders(jvm: Jvm, table: ClassTable, references: JavaReferences, objects: JavaObjects): void {
  const { counts } = objects.counted();
  const least = leastPart * counts.reduce((sum, count) => sum + count, 0);
  const now = new ObjectsNow(jvm, table);
  const chains = [...counts.keys()]
    .filter((index) => (counts[index] ?? 0) >= least && mayHold(jvm, table, index, index))
    .sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0))
    .slice(0, mostChains);
  // The fields of a class are read when they are asked for first: of most there are no objects, or too many.
  const few = [...counts.keys()].filter((index) => (counts[index] ?? 0) > 0 && (counts[index] ?? 0) <= mostHolders);
  for (const chain of chains) {
    const own = few.filter((index) => isOwnHolder(jvm, table, index, chain));
    const holders = new Set([
      ...holdersSeen(references, chain),
      ...own.flatMap((index) => [...objects.old.of(index), ...objects.young.of(index)]),
    ]);
    for (const holder of holders) {
      for (const { place, unit } of now.fieldsOf(holder)) {
        const first = now.classAt(unit) === chain ? firstSeen(unit, chain, references, now) : null;
        if (first !== null) references.replace(holder, place, first);
      }
    }
  }
}

/** By a field, each of one. */
function mayHold({ classes }: Jvm, table: ClassTable, holder: number, held: number): boolean {
  const [of, type] = [table.classes[holder], table.classes[held]];
  return of !== undefined && type !== undefined && table.referenceCount(holder) > 0 && classes.hasFieldOf(of, type);
}

/** The application's own: what it holds may be nothing yet that was seen. */
function isOwnHolder(jvm: Jvm, table: ClassTable, holder: number, chain: number): boolean {
  return holder !== chain && !isOfJdk(table.classes[holder]?.name ?? '') && mayHold(jvm, table, holder, chain);
}

/** What held objects of the chain by a field, and is none of it; none of many, as of a table. */
function holdersSeen(references: JavaReferences, chain: number): Set<number> {
  const holders = new Set<number>();
  let isTable = false;
  references.toClassFromOutside(chain, ({ holder, offset }) => {
    holders.add(holder);
    isTable = offset === null || holders.size > mostHolders;
    return !isTable;
  });
  return isTable ? new Set() : holders;
}

/** The nearest of the chain that was seen; null: none was. */
function firstSeen(unit: number, chain: number, references: JavaReferences, now: ObjectsNow): number | null {
  const met = new Set([unit]);
  for (const each of met) {
    if (references.isKnown(each)) return each;
    if (met.size < mostNewer) for (const next of now.fieldsOf(each)) if (now.classAt(next.unit) === chain) met.add(next.unit);
  }
  return null;
}

/** Objects as they are now. */
class ObjectsNow {
  readonly #jvm: Jvm;
  readonly #table: ClassTable;
  readonly #words = new Uint32Array(windowWords);

  constructor(jvm: Jvm, table: ClassTable) {
    this.#jvm = jvm;
    this.#table = table;
  }

  /** Below 0: there is none. */
  classAt(unit: number): number {
    return this.#table.classAt(this.#read(unit, headerWords), 0);
  }

  /** What the fields of an object refer to, each with how many there are before it; none of arrays, and of what stands for a class. */
  fieldsOf(unit: number): { place: number; unit: number }[] {
    const table = this.#table;
    const classIndex = table.classAt(this.#read(unit, windowWords), 0);
    const count = Math.min(mostFields, classIndex < 0 ? 0 : table.referenceCount(classIndex));
    const fields: { place: number; unit: number }[] = [];
    for (let place = 0; place < count; place += 1) {
      const target = this.#unitAt(table.offsets[table.firstOffset(classIndex) + place] ?? 0);
      if (target > 0) fields.push({ place, unit: target });
    }
    return fields;
  }

  /** Of what this word, and where references are wide the next, refer to; 0: nothing in the heap. */
  #unitAt(word: number): number {
    const { start, end, oopBase, oopShift } = this.#jvm.bounds;
    const [low, high] = [this.#words[word] ?? 0, this.#words[word + 1] ?? 0];
    const address = oopShift === null ? low + high * 2 ** 32 : oopBase + low * 2 ** oopShift;
    return address >= start && address < end && address % unitBytes === 0 ? unitOf(this.#jvm.bounds, address) : 0;
  }

  #read(unit: number, words: number): Uint32Array {
    readPresent(this.#jvm.memory, addressOf(this.#jvm.bounds, unit), new Uint8Array(this.#words.buffer, 0, words * 4));
    return this.#words;
  }
}
