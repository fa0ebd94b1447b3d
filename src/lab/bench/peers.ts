/** Other programs that look at all processes again and again, to be measured beside stanch on the same processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

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
