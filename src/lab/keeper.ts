/** Starts the programs of `programs/native`, which keep something, or are healthy, and say how far they are. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compileProgram } from './compileProgram.ts';
import { findOnPath } from './programs.ts';

const muslCompiler = 'musl-gcc';
const folder = join(import.meta.dirname, 'programs', 'native');
export const keeperLanguages = ['c', 'cpp', 'rs'] as const;
export type KeeperLanguage = (typeof keeperLanguages)[number];
const compilerOf: Record<KeeperLanguage, string> = { c: 'cc', cpp: 'c++', rs: 'rustc' };
const jemalloc = '/usr/lib/x86_64-linux-gnu/libjemalloc.so.2';
/** On which malloc; `fixed`: on glibc's, and always loaded at the same place, below 4 GiB; `untyped`: on glibc's, without type information. Programs in C can run on musl. */
export type KeeperBuild = 'glibc' | 'fixed' | 'untyped' | 'jemalloc' | 'musl';

const flagsOf: Partial<Record<KeeperBuild, string[]>> = { fixed: ['-no-pie'], untyped: ['-fno-rtti'] };

export function isKeeperLanguage(language: string): language is KeeperLanguage {
  return keeperLanguages.some((each) => each === language);
}

export interface Keeper {
  pid: number;
  /** Requests done, as it said last. */
  latest(): number;
  /** Resolves when it has done so many requests; rejects when it ended before. */
  done(requests: number): Promise<void>;
  stop(): Promise<void>;
}

/** For a test to skip with; null when they can run. */
export function whyNoKeeper(language: KeeperLanguage, build: KeeperBuild = 'glibc'): string | null {
  const compiler = build === 'musl' ? muslCompiler : compilerOf[language];
  if (build === 'jemalloc' && !existsSync(jemalloc)) return 'there is no libjemalloc.so.2 here (apt-get install libjemalloc2)';
  return findOnPath(compiler) === null ? `there is no ${compiler} here` : null;
}

/** `prefill`: of programs in C, what is kept before the first request. `name`: of the executable, which all of the same name share. */
export async function startKeeper(
  language: KeeperLanguage,
  kind: string,
  perSecond: number,
  prefill = 0,
  build: KeeperBuild = 'glibc',
  name = build === 'glibc' || build === 'jemalloc' ? `keeps-${language}` : `keeps-${language}-${build}`,
): Promise<Keeper> {
  const how = build === 'musl' ? { compiler: muslCompiler } : { flags: flagsOf[build] ?? [] };
  const program = compileProgram(join(folder, `keeps.${language}`), name, how);
  const env = build === 'jemalloc' ? { ...process.env, LD_PRELOAD: jemalloc } : process.env;
  const child = spawn(program, [kind, `${perSecond}`, `${prefill}`], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  let latest = -1;
  lines.on('line', (line) => {
    latest = line === 'READY' ? 0 : Number(line.slice('DONE '.length));
  });
  const reached = async (requests: number) => {
    while (latest < requests) {
      const isThere = await Promise.race([once(lines, 'line').then(() => true), exited.then(() => false)]);
      if (!isThere) throw new Error(`expected ${requests} requests; the program ended after ${latest}`);
    }
  };
  await reached(0);
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { pid: child.pid ?? 0, latest: () => latest, done: reached, stop };
}
