/** The program as users run it: a process of its own, its output, its exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const entry = join(import.meta.dirname, 'main.ts');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Cleaning {
  after(fn: () => void): void;
}

/** A folder that is gone after the test. */
export function testFolder(t: Cleaning): string {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Another account to run as, which only root can. */
interface Account {
  uid?: number;
  gid?: number;
}

function start(args: readonly string[], env: Record<string, string>, account: Account = {}): ChildProcess {
  const { PATH = '', HOME = '/' } = process.env;
  return spawn(process.execPath, [entry, ...args], { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...account });
}

/** From source stanch is larger than its budget allows for. Tests that are not about that are to look as often as they say. */
function withRoomyBudget(t: Cleaning, args: readonly string[]): readonly string[] {
  if (args.includes('--config')) return args;
  const folder = testFolder(t);
  chmodSync(folder, 0o755);
  const config = join(folder, 'stanch.toml');
  writeFileSync(config, '[budget]\ncpu = "100%"\nrss = "1GiB"\n');
  return [...args, '--config', config];
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk) => {
    output.stderr += chunk;
  });
  return output;
}

export async function runCli(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = start(args, env);
  const output = collect(child);
  await once(child, 'close');
  return { code: child.exitCode, ...output };
}

/** Like `| head -0`: whoever reads has gone before anything is written. */
export async function runCliUnread(args: readonly string[]): Promise<Ended> {
  const child = start(args, {});
  child.stdout?.destroy();
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  await once(child, 'close');
  return { code: child.exitCode, stdout: '', stderr };
}

/** Like `> path`. */
export async function runCliInto(path: string, args: readonly string[]): Promise<Ended> {
  const { PATH = '', HOME = '/' } = process.env;
  const output = openSync(path, 'w');
  const child = spawn(process.execPath, [entry, ...args], { env: { PATH, HOME }, stdio: ['ignore', output, 'pipe'] });
  closeSync(output);
  const collected = collect(child);
  await once(child, 'close');
  return { code: child.exitCode, ...collected };
}

export interface RunningCli {
  url: string;
  stderr(): string;
  /** Waits until stderr has matched. */
  said(pattern: RegExp): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  ended: Promise<Ended>;
}

/** `stanch run` on a free port, up and answering. Killed after the test when it still runs. */
export async function startRun(
  t: Cleaning,
  args: readonly string[],
  env: Record<string, string> = {},
  account: Account = {},
): Promise<RunningCli> {
  const child = start(['run', '--listen', '127.0.0.1:0', ...withRoomyBudget(t, args)], env, account);
  t.after(() => child.kill('SIGKILL'));
  const output = collect(child);
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, ...output }));
  const said = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(output.stderr)) return;
        child.stderr?.off('data', look);
        resolve();
      };
      child.stderr?.on('data', look);
      child.once('close', () => reject(new Error(`ended before it said ${pattern}: ${output.stderr}`)));
      look();
    });
  await said(/http:\/\/\S+/);
  const url = /http:\/\/[\d.:]+/.exec(output.stderr)?.[0] ?? '';
  return { url, stderr: () => output.stderr, said, signal: (signal) => child.kill(signal), ended };
}
