/** What people call the place that a block is held by: a variable of the program, its stack, a library's data. */
import { basename } from 'node:path';
import type { ElfSymbol } from '../elfFile.ts';
import type { Region, TargetMemory } from '../targetMemory.ts';
import { demangleFunction, demangleRust, demangleType } from './demangle.ts';
import { demangleRustV0 } from './rustNames.ts';
import { ThreadVariables } from './threadVariables.ts';

/** A place that holds something, as people call it. */
export interface VariableName {
  text: string;
  /** A name out of the source, and no mere place. */
  isNamed: boolean;
  /** Each thread has its own. */
  isOfThread?: boolean;
}

export class VariableNames {
  readonly #memory: TargetMemory;
  readonly #regions: readonly Region[];
  readonly #symbols = new Map<string, ElfSymbol[]>();
  #ofThreads: ThreadVariables | null = null;

  constructor(memory: TargetMemory, regions: readonly Region[]) {
    this.#memory = memory;
    this.#regions = regions;
  }

  nameOf(address: number): VariableName {
    const index = this.#regions.findIndex(({ start, end }) => address >= start && address < end);
    const region = this.#regions[index];
    if (region === undefined) return { text: 'memory that is gone', isNamed: false };
    if (region.path === '[stack]') return { text: 'the stack of the main thread', isNamed: false };
    const before = this.#regions[index - 1];
    const file = region.path.startsWith('/') ? region.path : before?.end === region.start && region.path === '' ? before.path : '';
    if (!file.startsWith('/'))
      return this.#nameOfThread(address, region) ?? { text: 'the stack of a thread, or memory without a name', isNamed: false };
    const symbol = this.symbolAt(file, address);
    if (symbol !== null) return { text: symbol, isNamed: true };
    return { text: `a variable of ${basename(file)} at +0x${this.offsetIn(file, address).toString(16)}`, isNamed: false };
  }

  /** The same for all places of one variable that has a name. */
  keyOf(address: number): string {
    const { text, isNamed } = this.nameOf(address);
    return isNamed ? text : `${address}`;
  }

  #nameOfThread(address: number, region: Region): VariableName | null {
    const program = this.#program();
    this.#ofThreads ??= new ThreadVariables(this.#memory, program);
    const symbol = this.#ofThreads.symbolAt(address, region);
    if (symbol === null) return null;
    const isNamed = symbol !== '';
    return { text: isNamed ? readable(symbol) : `a thread-local variable of ${basename(program ?? '')}`, isNamed, isOfThread: true };
  }

  #program(): string | undefined {
    return this.#regions.find(({ path }) => path.startsWith('/'))?.path;
  }

  /** Of a variable or a function, where the file has not lost its symbols. */
  symbolAt(file: string, address: number): string | null {
    const symbol = this.#symbolAt(file, address);
    return symbol === null ? null : readable(symbol.name);
  }

  /** The class whose table of virtual functions lies there. */
  classAt(file: string, address: number): string | null {
    const mangled = /^_ZTV(\w+)/.exec(this.#symbolAt(file, address)?.name ?? '')?.[1];
    return mangled === undefined ? null : demangleType(mangled);
  }

  /** And how far into it. */
  functionAt(file: string, address: number): { name: string; offset: number } | null {
    const symbol = this.#symbolAt(file, address);
    return symbol === null ? null : { name: demangleFunction(symbol.name.replace(/@.*$/, '')), offset: address - symbol.address };
  }

  /** Whether a name in the program itself has it in it. */
  anyHas(part: string): boolean {
    const program = this.#program();
    return program !== undefined && this.#symbolsOf(program).some(({ name }) => name.includes(part));
  }

  #symbolAt(file: string, address: number): ElfSymbol | null {
    const symbols = this.#symbolsOf(file);
    let [low, high] = [0, symbols.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((symbols[middle]?.address ?? 0) <= address) low = middle + 1;
      else high = middle - 1;
    }
    const symbol = symbols[high];
    return symbol === undefined || address >= symbol.address + symbol.size ? null : symbol;
  }

  fileAt(address: number): string | null {
    const region = this.#regions.find(({ start, end }) => address >= start && address < end);
    return region?.path.startsWith('/') === true ? region.path : null;
  }

  /** From where it is mapped first. */
  offsetIn(file: string, address: number): number {
    return address - (this.#regions.find(({ path }) => path === file)?.start ?? 0);
  }

  #symbolsOf(file: string): ElfSymbol[] {
    let known = this.#symbols.get(file);
    if (known === undefined) {
      known = this.#memory.symbolsByAddress(file);
      this.#symbols.set(file, known);
    }
    return known;
  }
}

/** What the macro `thread_local` makes around the variable. */
const ofThreadLocal = /(?:::_?\{\{?(?:constant|closure)[^}]*\}\}?)+::(?:__RUST_STD_INTERNAL_VAL|VAL|__KEY)$/;

function readable(symbol: string): string {
  const name = symbol.replace(/@.*$/, '');
  if (name.startsWith('_ZN') && /17h[0-9a-f]{16}E/.test(name)) return demangleRust(name).replace(ofThreadLocal, '');
  if (name.startsWith('_R')) return demangleRustV0(name).replace(ofThreadLocal, '');
  if (!name.startsWith('_Z')) return name;
  // `_ZL8sessions`, `_ZN4shop8sessionsE`, `_ZZN4shop4openEvE5cache`.
  const local = /^_Z(Z.*)E(\d+)([A-Za-z_]\w*)$/.exec(name);
  if (local?.[1] !== undefined && local[3] !== undefined) {
    const within = demangleFunction(`_${local[1]}`);
    const own = local[3].slice(0, Number(local[2]));
    return within.startsWith('_Z') ? own : `${within}()::${own}`;
  }
  return demangleType(name.slice(2).replace(/^L(?=\d)/, ''));
}
