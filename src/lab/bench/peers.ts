/** Other programs that look at all processes again and again, to be measured beside stanch on the same processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { readProcessCost } from './processCost.ts';

export interface Peer {
  name: string;
  program: string;
  args: readonly string[];
  debianPackage: string;
  /** Once in the output of each pass over all processes. */
  startsPass(line: string): boolean;
}

export interface RunningPeer {
  name: string;
  pid: number;
  passes(): number;
  stop(): Promise<void>;
}

/** Both look once a second. */
export const peers: readonly Peer[] = [
  {
    name: 'Netdata apps.plugin, without files',
    program: '/usr/lib/netdata/plugins.d/apps.plugin',
    args: ['1', 'without-files'],
    debianPackage: 'netdata-core',
    startsPass: (line) => line.startsWith('BEGIN users.uptime '),
  },
  {
    name: 'top -b',
    program: '/usr/bin/top',
    args: ['-b', '-d', '1'],
    debianPackage: 'procps',
    startsPass: (line) => line.startsWith('top - '),
  },
];

export function isInstalled({ program }: Peer): boolean {
  return existsSync(program);
}

export async function startPeer({ name, program, args, startsPass }: Peer): Promise<RunningPeer> {
  // apps.plugin ends when its stdin does.
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, LC_ALL: 'C' } });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} could not be started`);
  const exited = once(child, 'exit');
  let passes = 0;
  createInterface(child.stdout).on('line', (line) => {
    if (startsPass(line)) passes += 1;
  });
  return {
    name,
    pid,
    passes: () => passes,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export function cpuAndPasses({ name, pid, passes }: RunningPeer): { cpuMs: number; passes: number } {
  const cost = readProcessCost(pid);
  if (cost === null) throw new Error(`${name} has ended`);
  return { cpuMs: cost.cpuSeconds * 1000, passes: passes() };
}

const warmUpMs = 3000;

/** ms of CPU of a pass, measured for so long while nothing else is. */
export async function passCostMs(peer: Peer, measureMs: number): Promise<number> {
  const running = await startPeer(peer);
  try {
    await wait(warmUpMs);
    const first = cpuAndPasses(running);
    await wait(measureMs);
    const last = cpuAndPasses(running);
    return (last.cpuMs - first.cpuMs) / (last.passes - first.passes);
  } finally {
    await running.stop();
  }
}
