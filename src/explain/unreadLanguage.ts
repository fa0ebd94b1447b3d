/**
 * A process whose language keeps objects of its own that stanch does not read: what malloc has beneath them is told, as far as it is more than
 * housekeeping, and who can say more.
 */
import { basename } from 'node:path';
import type { GrowingThing } from './growingThing.ts';
import type { HeapReader } from './heapReader.ts';
import { beyondHousekeeping } from './withNative.ts';

export interface UnreadLanguage {
  name: string;
  /** A sentence on what tells of its objects. */
  ask: string;
}

/** By the name of a file that the process has mapped. */
const languages: readonly (UnreadLanguage & { file: RegExp })[] = [
  {
    name: 'Perl',
    file: /^(?:perl|libperl\.so)[\d.]*$/,
    ask: 'Started with perl -MDevel::MAT::Dumper=-dump_at_SIGQUIT, it writes them down at SIGQUIT, for pmat to read.',
  },
  {
    name: 'Lua',
    file: /^(?:lua(?:jit)?|liblua(?:jit)?)[-\d.]*(?:so[\d.]*)?$/,
    ask: "collectgarbage('count') in the program says how many KiB they take.",
  },
  { name: 'PyPy', file: /^(?:pypy|libpypy)[\d.]*(?:-c\.so)?$/, ask: 'gc.get_stats() and gc.dump_rpy_heap() in the program tell of them.' },
  {
    name: 'Erlang',
    file: /^beam(?:\.smp)?$/,
    ask: 'erlang:memory() in its shell (erl -remsh NODE) tells processes, ETS tables and binaries apart.',
  },
  { name: 'Bun', file: /^bun$/, ask: "heapStats() of 'bun:jsc' in the program counts them by type." },
  { name: 'Deno', file: /^deno$/, ask: 'Started with --inspect, it gives a heap snapshot to the developer tools of a browser.' },
  { name: '.NET', file: /^libcoreclr\.so$/, ask: 'dotnet-gcdump collect -p PID writes them down.' },
];

/** `paths`: of the files that are mapped, as the kernel writes them. */
export function unreadLanguageOf(paths: readonly string[]): UnreadLanguage | null {
  const names = new Set(paths.map((path) => basename(path.replace(/ \(deleted\)$/, ''))));
  return languages.find(({ file }) => [...names].some((name) => file.test(name))) ?? null;
}

export class BeneathLanguage implements HeapReader {
  readonly runtime: string;
  readonly #language: UnreadLanguage;
  readonly #native: HeapReader;

  constructor(language: UnreadLanguage, native: HeapReader) {
    this.runtime = `native memory of ${language.name}`;
    this.#language = language;
    this.#native = native;
  }

  look(): void {
    this.#native.look();
  }

  /** Without a shape: that of an engine's arenas is none of the program's. */
  growing(): GrowingThing[] {
    return beyondHousekeeping(this.#native.growing()).map((thing) => ({ ...thing, pattern: null }));
  }

  notes(): string[] {
    const { name, ask } = this.#language;
    return [
      `stanch does not read the objects of ${name}: what it names are blocks of memory beneath them. ${ask}`,
      ...(this.#native.notes?.() ?? []),
    ];
  }
}
