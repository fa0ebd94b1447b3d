/**
 * Who holds these objects? From some objects up to a static field, a thread or a variable on a stack: in each pass over the heap, all fields
 * that refer to what was found in the pass before. What nobody holds is rubbish that waits for the collector.
 */
import type { Jvm } from './javaCensus.ts';
import type { JavaClass } from './javaClasses.ts';
import { ClassTable, visitHeap } from './javaHeap.ts';

const mostPasses = 14;
const mostHolders = 3;
const mostInFrontier = 20_000;
const filterSize = 1 << 18;
/** A heap above this has its long chains left alone: a bit for each place where an object may be would need too much. */
const largestForChains = 2 ** 33;
const mostChainHolders = 16;
const outsideWindowBytes = 1 << 20;

interface JavaHolder {
  address: number;
  /** Null for what to start at. */
  class: JavaClass | null;
  /** A field; null in an array. */
  heldBy: { holder: JavaHolder; by: string | null }[];
  /** What keeps it: a static field, a thread; null for an object that others must hold. */
  root: string | null;
  /** The root is no more than a word that looks like a reference: of a stack, perhaps one that is left there. */
  isWeakRoot: boolean;
}

export interface JavaPath {
  root: string | null;
  /** Nobody holds it, as far as can be seen. */
  isRubbish: boolean;
  /** From next to the target outwards. */
  steps: { holder: JavaHolder; by: string | null }[];
}

export function climbJava(jvm: Jvm, targets: readonly number[]): JavaPath[] {
  const climber = new JavaClimber(jvm, targets);
  climber.run();
  return targets.map((target) => climber.pathOf(target));
}

class JavaClimber {
  readonly #jvm: Jvm;
  readonly #table: ClassTable;
  readonly #known = new Map<number, JavaHolder>();
  /** By the reference, as it is in the heap. */
  #frontier = new Map<number, JavaHolder>();
  readonly #filter = new Uint8Array(filterSize);
  readonly #isReference: Uint8Array;
  readonly #isThread: Uint8Array;
  readonly #mirrors: number;

  constructor(jvm: Jvm, targets: readonly number[]) {
    this.#jvm = jvm;
    this.#table = new ClassTable(jvm.vm, jvm.classes);
    const { classes } = this.#table;
    this.#isReference = Uint8Array.from(classes, (each) => Number(jvm.classes.isA(each, 'java.lang.ref.Reference')));
    this.#isThread = Uint8Array.from(classes, (each) => Number(jvm.classes.isA(each, 'java.lang.Thread')));
    this.#mirrors = classes.findIndex(({ name }) => name === 'java.lang.Class');
    for (const target of targets) this.#meet(target, null);
  }

  run(): void {
    this.#climb();
    const chain = this.#longChain();
    if (chain !== null) this.#followChain(chain);
    this.#lookOutside();
  }

  #climb(): void {
    for (let pass = 0; pass < mostPasses && this.#frontier.size > 0; pass += 1) {
      const hits = this.#pass();
      this.#frontier = new Map();
      for (const hit of hits) this.#take(hit);
    }
  }

  /** The class whose objects hold one another one after the other, longer than passes reach: entries of a linked list or queue. */
  #longChain(): JavaClass | null {
    const counts = new Map<JavaClass, number>();
    for (const { class: of } of this.#frontier.values()) if (of !== null) counts.set(of, (counts.get(of) ?? 0) + 1);
    const most = [...counts].sort((a, b) => b[1] - a[1])[0];
    return most === undefined || this.#jvm.bounds.end - this.#jvm.bounds.start > largestForChains ? null : most[0];
  }

  /** Whatever holds any one object of the chain, and is none of it, holds them all. */
  #followChain(chain: JavaClass): void {
    const open = [...this.#frontier.values()].filter(({ class: of }) => of === chain);
    this.#frontier = new Map();
    const index = this.#table.classes.indexOf(chain);
    const { start, end, oopShift, oopBase } = this.#jvm.bounds;
    if (oopShift === null) return;
    const isOfChain = new Uint8Array(Math.ceil((end - start) / 64));
    visitHeap(this.#jvm.memory, this.#jvm.bounds, this.#table, {
      object(address, classIndex) {
        if (classIndex !== index) return;
        const bit = (address - start) / 8;
        isOfChain[bit >>> 3] = (isOfChain[bit >>> 3] ?? 0) | (1 << (bit & 7));
      },
    });
    const anyOfChain: JavaHolder = { address: 0, class: chain, heldBy: [], root: null, isWeakRoot: false };
    const hits: Hit[] = [];
    visitHeap(this.#jvm.memory, this.#jvm.bounds, this.#table, {
      fields(address, classIndex, offset, words, from, to) {
        if (classIndex === index || hits.length >= mostChainHolders) return;
        for (let word = from; word < to; word += 1) {
          const bit = ((words[word] ?? 0) * 2 ** oopShift + oopBase - start) / 8;
          if (bit > 0 && ((isOfChain[bit >>> 3] ?? 0) >>> (bit & 7)) & 1 && Number.isInteger(bit)) {
            hits.push({ found: anyOfChain, address, classIndex, offset: offset + (word - from) * 4 });
          }
        }
      },
    });
    for (const hit of hits) this.#take(hit);
    for (const holder of open) holder.heldBy.push(...anyOfChain.heldBy);
    this.#climb();
  }

  #meet(address: number, of: JavaClass | null): JavaHolder {
    let holder = this.#known.get(address);
    if (holder === undefined) {
      holder = { address, class: of, heldBy: [], root: null, isWeakRoot: false };
      this.#known.set(address, holder);
      if (this.#frontier.size < mostInFrontier) this.#frontier.set(this.#referenceTo(address), holder);
    }
    holder.class ??= of;
    return holder;
  }

  #referenceTo(address: number): number {
    const { oopShift, oopBase } = this.#jvm.bounds;
    return oopShift === null ? address : (address - oopBase) / 2 ** oopShift;
  }

  #fillFilter(references: Iterable<number>): number {
    const shift = this.#jvm.bounds.oopShift === 3 ? 0 : 3;
    this.#filter.fill(0);
    for (const reference of references) this.#filter[((reference % 2 ** 32) >>> shift) & (filterSize - 1)] = 1;
    return shift;
  }

  #pass(): Hit[] {
    const hits: Hit[] = [];
    const shift = this.#fillFilter(this.#frontier.keys());
    const [filter, frontier] = [this.#filter, this.#frontier];
    const isWide = this.#jvm.bounds.oopShift === null;
    visitHeap(this.#jvm.memory, this.#jvm.bounds, this.#table, {
      fields(address, classIndex, offset, words, from, to) {
        for (let word = from; word < to; word += 1) {
          const low = words[word] ?? 0;
          if (low === 0 || filter[(low >>> shift) & (filterSize - 1)] === 0) continue;
          const found = frontier.get(isWide ? low + (words[word + 1] ?? 0) * 2 ** 32 : low);
          if (found !== undefined && found.heldBy.length < mostHolders) {
            hits.push({ found, address, classIndex, offset: offset + (word - from) * 4 });
          }
        }
      },
    });
    return hits;
  }

  #take({ found, address, classIndex, offset }: Hit): void {
    const of = this.#table.classes[classIndex];
    if (of === undefined || found.root !== null || found.heldBy.length >= mostHolders || address === found.address) return;
    const staticField = classIndex === this.#mirrors ? this.#staticField(address, offset) : null;
    if (staticField !== null) {
      found.root = staticField;
      return;
    }
    const field = this.#jvm.classes.fieldAt(of, offset, false);
    // What only refers weakly, or links those that do, holds nothing.
    if (this.#isReference[classIndex] === 1 && field?.owner.name === 'java.lang.ref.Reference') return;
    const holder = this.#meet(address, of);
    if (this.#isThread[classIndex] === 1) holder.root = 'a thread';
    found.heldBy.push({ holder, by: field?.name ?? null });
  }

  #staticField(mirror: number, offset: number): string | null {
    const { vm, classes } = this.#jvm;
    const of = classes.ofKlass(vm.word(mirror + vm.int(vm.field('java_lang_Class::_klass_offset'))));
    const field = of === undefined ? null : classes.fieldAt(of, offset, true);
    return of === undefined || field === null ? null : `${of.name}.${field.name}`;
  }

  /** Those that nothing in the heap holds may be held by a variable on a stack, or by native code. */
  #lookOutside(): void {
    const open = new Map<number, JavaHolder>();
    for (const holder of this.#known.values()) if (holder.heldBy.length === 0 && holder.root === null) open.set(holder.address, holder);
    if (open.size === 0) return;
    const { memory, bounds } = this.#jvm;
    this.#filter.fill(0);
    for (const address of open.keys()) this.#filter[(address / 8) % filterSize] = 1;
    const buffer = new ArrayBuffer(outsideWindowBytes);
    const [bytes, words] = [new Uint8Array(buffer), new Uint32Array(buffer)];
    for (const region of memory.regions()) {
      if (!region.writable || region.path.startsWith('/') || (region.start < bounds.end && region.end > bounds.start)) continue;
      for (const [start, end] of memory.present(region.start, region.end)) {
        for (let at = start; at < end; at += outsideWindowBytes) {
          const length = memory.read(at, bytes.subarray(0, Math.min(outsideWindowBytes, end - at))) >>> 2;
          for (let word = 0; word + 1 < length; word += 2) {
            const low = words[word] ?? 0;
            if (this.#filter[(low >>> 3) & (filterSize - 1)] === 0 || low === 0) continue;
            const found = open.get(low + (words[word + 1] ?? 0) * 2 ** 32);
            if (found === undefined) continue;
            found.root = 'a local variable or native code';
            found.isWeakRoot = true;
          }
        }
      }
    }
  }

  /** The shortest way to what keeps it; a way that was not followed to its end keeps it as well. */
  pathOf(target: number): JavaPath {
    const start = this.#known.get(target);
    if (start === undefined) return { root: null, isRubbish: false, steps: [] };
    const cameFrom = new Map<JavaHolder, { below: JavaHolder; by: string | null } | null>([[start, null]]);
    const unfinished = new Set(this.#frontier.values());
    let isUnfinished = false;
    let strong: JavaHolder | null = null;
    let weak: JavaHolder | null = null;
    for (const holder of cameFrom.keys()) {
      if (holder.root !== null && !holder.isWeakRoot) {
        strong = holder;
        break;
      }
      if (holder.isWeakRoot) weak ??= holder;
      if (unfinished.has(holder)) isUnfinished = true;
      for (const { holder: above, by } of holder.heldBy) if (!cameFrom.has(above)) cameFrom.set(above, { below: holder, by });
    }
    const last = strong ?? weak ?? start;
    const steps: JavaPath['steps'] = [];
    for (let at = last, from = cameFrom.get(at); from; at = from.below, from = cameFrom.get(at)) steps.unshift({ holder: at, by: from.by });
    return { root: last.root, isRubbish: last.root === null && !isUnfinished, steps };
  }
}

interface Hit {
  found: JavaHolder;
  address: number;
  classIndex: number;
  offset: number;
}
