import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { phpGrowth } from './phpGrowth.ts';
import { KnownChunks, takeCensus, type ZendCensus } from './zendCensus.ts';
import { findZendHeap, type ZendHeap } from './zendHeap.ts';
import { ZendKinds } from './zendKinds.ts';
import type { ZendGlobals } from './zendRoots.ts';
import { ZendValues } from './zendValues.ts';

/** The program itself, or the module of a web server. */
const phpFile = /\/(?:php|php-cgi|php-fpm|libphp|mod_php)[\d.]*(?:\.so)?[\d.]*(?: \(deleted\))?$/;

export const openPhp: OpenHeap = (memory) => {
  const symbols = memory.symbols((path) => phpFile.test(path), 'executor_globals|compiler_globals|executor_globals_offset');
  const [executor, compiler] = [symbols.get('executor_globals'), symbols.get('compiler_globals')];
  if (symbols.has('executor_globals_offset')) return { runtime: 'PHP', why: 'this PHP is built for threads, whose heaps are not read' };
  if (executor === undefined || compiler === undefined) return null;
  const heap = findZendHeap(memory);
  if (heap === null) return { runtime: 'PHP', why: 'its own allocator is switched off (USE_ZEND_ALLOC=0)' };
  return new PhpReader(memory, heap, { executor, compiler });
};

class PhpReader implements HeapReader {
  readonly runtime = 'PHP';
  readonly #heap: ZendHeap;
  readonly #globals: ZendGlobals;
  readonly #values: ZendValues;
  readonly #kinds: ZendKinds;
  readonly #known = new KnownChunks();
  readonly #looks: ZendCensus[] = [];

  constructor(memory: TargetMemory, heap: ZendHeap, globals: ZendGlobals) {
    this.#heap = heap;
    this.#globals = globals;
    this.#values = new ZendValues(memory);
    this.#kinds = new ZendKinds(this.#values);
  }

  look(): void {
    this.#looks.push(this.#census());
  }

  #census(): ZendCensus {
    const oneIn = this.#looks[0]?.oneIn ?? 0;
    return takeCensus({ heap: this.#heap, values: this.#values, kinds: this.#kinds, oneIn, known: this.#known });
  }

  owns(address: number): boolean {
    return this.#looks.at(-1)?.own.has(address) === true;
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return [];
    const lookAgain = () => void this.#census();
    const php = { values: this.#values, heap: this.#heap, globals: this.#globals, kinds: this.#kinds, known: this.#known, lookAgain };
    return phpGrowth(php, [first, second, third]);
  }
}
