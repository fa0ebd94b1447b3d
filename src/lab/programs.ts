/**
 * Starts the leaking and healthy programs of `programs/`, for tests, the demo and benchmarks.
 * A started program ends with whoever started it, even after kill -9: it watches a pipe that the kernel closes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { compileProgram } from './compileProgram.ts';

/** Bundled, this is in dist/, and the build puts a copy of the programs beside it. */
const programsFolder = join(import.meta.dirname, 'programs');
const stopPatienceMs = 5_000;
const readyPatienceMs = 60_000;

export const programLanguages = ['c', 'node', 'python'] as const;
export type ProgramLanguage = (typeof programLanguages)[number];

/** `leak` never stops growing; the others are its healthy twins. */
export const programKinds = ['leak', 'warm-up', 'lru-cache', 'gc-sawtooth', 'load'] as const;
/** They keep what is counted: open files of a log that is gone, connections that the other side has closed. */
export const countedKinds = ['fd-leak', 'close-wait'] as const;
export type ProgramKind = (typeof programKinds)[number] | (typeof countedKinds)[number];

export interface ProgramOptions {
  language: ProgramLanguage;
  kind: ProgramKind;
  /** What it takes each second; 1 MiB unless said otherwise. Of what is counted, one for each 64 KiB. */
  rateBytesPerSecond?: number;
  /** Where healthy programs stop: 12 seconds' worth of the rate, unless said otherwise. */
  sizeBytes?: number;
  /** Share, 0 to 1: each step differs by up to this, and up to this part of ten seconds' growth comes and goes; 0.1 unless said otherwise. */
  noise?: number;
  /** Same seed, same steps; 1 unless said otherwise. */
  seed?: number;
}

export interface Program {
  pid: number;
  /** Settles when the program has taken its first memory; rejects when it ends before. */
  ready: Promise<void>;
  /** SIGTERM, and SIGKILL to one that does not listen. Resolves when the process is gone. */
  stop(): Promise<void>;
}

/** Why programs of this language can't run here, for a test to skip with; null when they can. */
export function whyNotRunnable(language: ProgramLanguage): string | null {
  if (language === 'node') return null;
  const tool = language === 'c' ? 'cc' : 'python3';
  return findOnPath(tool) === null ? `there is no ${tool} here (apt-get install ${language === 'c' ? 'gcc libc6-dev' : tool})` : null;
}

/** The command that is the program, for whoever starts it in another way. */
export function programCommand(options: ProgramOptions): string[] {
  const { command, args } = commandOf(options.language, options.kind);
  return [command, ...args, ...flagsOf(options)];
}

export function startProgram(options: ProgramOptions): Program {
  const [command = '', ...args] = programCommand(options);
  const child = spawn(command, args, {
    env: { ...allocatorEnvironment(), STANCH_LAB_UNTIL_STDIN_ENDS: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw new Error(`${command} could not be started`);
  const exited = once(child, 'exit');
  return { pid: child.pid, ready: becomeReady(child, exited), stop: () => stopProgram(child, exited) };
}

/** Only what was said: the command line is the name under which the program is seen. */
function flagsOf({ rateBytesPerSecond, sizeBytes, noise, seed }: ProgramOptions): string[] {
  const flag = (name: string, value: number | undefined, unit = '') => (value === undefined ? [] : [name, `${value}${unit}`]);
  return [
    ...flag('--rate', rateBytesPerSecond, 'B'),
    ...flag('--size', sizeBytes, 'B'),
    ...flag('--noise', noise),
    ...flag('--seed', seed),
  ];
}

function commandOf(language: ProgramLanguage, kind: ProgramKind): { command: string; args: string[] } {
  switch (language) {
    case 'c':
      return { command: compileProgram(join(programsFolder, 'c', 'program.c'), kind), args: ['--kind', kind] };
    case 'node':
      return { command: process.execPath, args: [join(programsFolder, 'node', `${kind}.mjs`)] };
    case 'python':
      return { command: 'python3', args: ['-B', join(programsFolder, 'python', `${kind}.py`)] };
  }
}

/** Without what is meant for this process's own Node; with an allocator that gives back what is freed. */
export function allocatorEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_'));
  return { ...Object.fromEntries(inherited), MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_ARENA_MAX: '1' };
}

async function becomeReady(child: ChildProcess, exited: Promise<unknown[]>): Promise<void> {
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-2_000);
  });
  if (child.stdout === null) throw new Error('a program has no stdout to say READY on');
  const said = once(child.stdout, 'data', { signal: AbortSignal.timeout(readyPatienceMs) });
  const first = await Promise.race([said.then(([chunk]) => String(chunk)), exited.then(() => null)]);
  child.stdout.resume();
  if (first === null || !first.startsWith('READY')) throw new Error(`expected READY from ${child.spawnfile}; found ${first ?? complaint}`);
}

async function stopProgram(child: ChildProcess, exited: Promise<unknown[]>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs);
  await exited;
  clearTimeout(impatience);
}

export function findOnPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder; the next one is looked at.
    }
  }
  return null;
}
