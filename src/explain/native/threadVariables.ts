/**
 * Variables of which each thread has its own. Those of the program lie right below the thread's control block, which begins with its own address and has it
 * again as its third word.
 * ELF Handling For Thread-Local Storage (Drepper), variant II, as on x86-64; `tcbhead_t` of glibc's sysdeps/x86_64/nptl/tls.h
 */
import type { ElfSymbol } from '../elfFile.ts';
import type { Region, TargetMemory } from '../targetMemory.ts';
import { long } from './glibcArenas.ts';

const blockAlignment = 64;
/** Of the program's own variables; behind them there may be nothing but the control block. */
const mostBytes = 1 << 20;

export class ThreadVariables {
  readonly #memory: TargetMemory;
  readonly #bytes: number;
  readonly #symbols: readonly ElfSymbol[];

  /** `program`: the path of the file that runs. */
  constructor(memory: TargetMemory, program: string | undefined) {
    this.#memory = memory;
    const isProgram = (path: string) => path === program;
    const own = memory.fromFile(isProgram, ({ threadBytes }) => threadBytes);
    this.#bytes = Math.min(mostBytes, own ?? 0);
    this.#symbols = this.#bytes === 0 ? [] : memory.threadSymbols(isProgram);
  }

  /** The symbol of the variable at an address of a region without a file; empty where it has none. Null: it is no such variable. */
  symbolAt(address: number, region: Region): string | null {
    const block = this.#blockAfter(address, region);
    if (block === null) return null;
    const offset = this.#bytes - (block - address);
    return this.#symbols.find((symbol) => offset >= symbol.address && offset < symbol.address + symbol.size)?.name ?? '';
  }

  #blockAfter(address: number, { end }: Region): number | null {
    const first = Math.ceil((address + 1) / blockAlignment) * blockAlignment;
    const bytes = Buffer.alloc(Math.max(0, Math.min(end, address + this.#bytes + 24) - first));
    const read = this.#memory.read(first, bytes);
    for (let at = 0; at + 24 <= read; at += blockAlignment) {
      if (long(bytes, at) === first + at && long(bytes, at + 16) === first + at) return first + at;
    }
    return null;
  }
}
