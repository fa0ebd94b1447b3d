/**
 * Starts the programs of `programs/{php,java,go,ruby,python-heap,node-heap}`, each of which keeps something or is healthy, and says by itself how far it is. A started
 * program ends with whoever started it: its standard input does.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { findOnPath } from '../programs.ts';

const programsFolder = join(import.meta.dirname, '..', 'programs');
const builtFolder = join(import.meta.dirname, '..', '..', '..', 'dist', 'lab-programs');
const turnsToCatchUp = 5;
const buildPatienceMs = 300_000;

export const heapLanguages = ['php', 'java', 'go', 'plainGo', 'strippedGo', 'ruby', 'python', 'node', 'systemNode'] as const;
export type HeapLanguage = (typeof heapLanguages)[number];

const systemNode = '/usr/bin/node';
const tools: Record<HeapLanguage, { programs: string[]; packages: string }> = {
  php: { programs: ['php'], packages: 'php-cli' },
  java: { programs: ['java', 'javac'], packages: 'openjdk-17-jdk-headless' },
  go: { programs: ['go'], packages: 'golang-go' },
  plainGo: { programs: ['go'], packages: 'golang-go' },
  strippedGo: { programs: ['go'], packages: 'golang-go' },
  ruby: { programs: ['ruby'], packages: 'ruby' },
  python: { programs: ['python3'], packages: 'python3' },
  node: { programs: [process.execPath], packages: 'nodejs' },
  systemNode: { programs: [systemNode], packages: 'nodejs' },
};

/** Why programs of this language can't run here, for a test to skip with; null when they can. */
export function whyNoHeapProgram(language: HeapLanguage): string | null {
  const missing = tools[language].programs.filter((program) => !existsSync(program) && findOnPath(program) === null);
  return missing.length === 0 ? null : `there is no ${missing.join(' and no ')} here (apt-get install ${tools[language].packages})`;
}

export interface HeapProgram {
  pid: number;
  /** Resolves when the program has done so many requests more; rejects when it ends before. */
  more(requests: number): Promise<void>;
  stop(): Promise<void>;
}

/** `pause`: after ten requests, in the unit of the language's program.* file. `tool`: another interpreter, or for Go another `go`, than that of the PATH. */
export async function startHeapProgram(language: HeapLanguage, name: string, pause: string, tool?: string): Promise<HeapProgram> {
  const [command = '', ...args] = commandOf(language, name, tool ?? tools[language].programs[0] ?? '');
  const child = spawn(command, [...args, pause], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const progress = new Progress(child);
  await progress.reached(0);
  return { pid: child.pid ?? 0, more: (requests) => progress.more(requests), stop: () => stop(child, exited) };
}

class Progress {
  #done = -1;
  #ended = false;
  #waiting: { requests: number; resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(child: ChildProcess) {
    if (child.stdout === null) throw new Error('a program has no stdout to say READY on');
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const done = line === 'READY' ? 0 : Number(/^DONE (\d+)$/.exec(line)?.[1] ?? Number.NaN);
      if (done >= 0) this.#reach(done);
    });
    lines.on('close', () => this.#end());
  }

  #reach(done: number): void {
    this.#done = done;
    for (const { requests, resolve } of this.#waiting) if (requests <= done) resolve();
    this.#waiting = this.#waiting.filter(({ requests }) => requests > done);
  }

  #end(): void {
    this.#ended = true;
    for (const { reject, requests } of this.#waiting)
      reject(new Error(`expected ${requests} requests; the program ended after ${this.#done}`));
    this.#waiting = [];
  }

  /** From now on: what the program said while this process was busy is read first. */
  async more(requests: number): Promise<void> {
    for (let turn = 0; turn < turnsToCatchUp; turn += 1) await nextTurn();
    await this.reached(this.#done + requests);
  }

  reached(requests: number): Promise<void> {
    if (this.#done >= requests) return Promise.resolve();
    if (this.#ended) return Promise.reject(new Error(`expected ${requests} requests; the program ended after ${this.#done}`));
    return new Promise((resolve, reject) => this.#waiting.push({ requests, resolve, reject }));
  }
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await exited;
}

function commandOf(language: HeapLanguage, name: string, tool: string): string[] {
  const folder = join(programsFolder, language);
  switch (language) {
    case 'php':
      return [tool, join(folder, `${name}.php`)];
    case 'ruby':
      return [tool, join(folder, `${name}.rb`)];
    case 'python':
      return [tool, '-B', join(programsFolder, 'python-heap', `${name}.py`)];
    case 'node':
    case 'systemNode':
      return [tool, join(programsFolder, 'node-heap', `${name}.mjs`)];
    case 'java':
      return [tool, '-Xmx128m', '-cp', builtOnce('java', folder, (into) => ['javac', '-d', into, ...sources(folder, '.java')]), name];
    case 'go':
      return [builtGo(tool, name, [], ['profiled.go'])];
    case 'plainGo':
      return [builtGo(tool, name, [])];
    case 'strippedGo':
      return [builtGo(tool, name, ['-ldflags=-s -w'])];
  }
}

/** Without the profile of allocations, unless `profiled.go` is one of its files. */
function builtGo(go: string, name: string, flags: readonly string[], more: readonly string[] = []): string {
  const folder = join(programsFolder, 'go');
  const files = ['program.go', ...more, `${name}.go`].map((file) => join(folder, file));
  const build = (into: string) => [go, 'build', ...flags, '-o', join(into, name), ...files];
  return join(builtOnce(`go-${name}${[go, ...more, ...flags].join('')}`.replace(/[^\w.-]/g, ''), folder, build), name);
}

function sources(folder: string, ending: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));
}

/** The folder with what was built of the sources, once for each state of them. */
function builtOnce(name: string, folder: string, build: (into: string) => string[]): string {
  const hash = createHash('sha256');
  for (const source of sources(folder, '')) hash.update(readFileSync(source));
  const built = join(builtFolder, `${name}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(built)) return built;
  // Renamed when complete: two tests may build the same program at the same time.
  const unfinished = `${built}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const [command = '', ...args] = build(unfinished);
  const env = { ...process.env, GO111MODULE: 'off', GOCACHE: join(builtFolder, 'go-cache') };
  execFileSync(command, args, { env, timeout: buildPatienceMs, stdio: ['ignore', 'ignore', 'inherit'] });
  if (!existsSync(built)) renameSync(unfinished, built);
  return built;
}
