/** Real processes to be watched: many that sleep, under several names, and some that grow. They end with whoever started them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Program, startProgram, whyNotRunnable } from '../programs.ts';

export interface Farm {
  /** What runs on the whole machine now. */
  processCount(): number;
  stop(): Promise<void>;
}

const sleeperNames = 40;
const growing = 10;
const growthBytesPerSecond = 16 * 1024;

/**
 * A shell starts every sleeper on the pipe that is its own stdin: the pipe closes when this process is gone, and all end.
 * The sleepers are copies of `cat` under several names, so that they make several workloads.
 */
const startSleepers = `
exec 3<&0
i=0
while [ "$i" -lt "$1" ]; do
  "$2/service-$((i % ${sleeperNames}))" <&3 >/dev/null &
  i=$((i + 1))
done
echo started
wait
`;

export async function startFarm(count: number): Promise<Farm> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  for (let index = 0; index < sleeperNames; index += 1) copyFileSync('/bin/cat', join(folder, `service-${index}`));
  const shell = spawn('/bin/sh', ['-c', startSleepers, 'sh', `${count - growing}`, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(shell, 'exit');
  await once(shell.stdout, 'data');
  const growers = Array.from({ length: growing }, (_, seed) => startGrower(seed));
  await Promise.all(growers.map(({ ready }) => ready));
  return {
    processCount,
    stop: async () => {
      shell.stdin.end();
      await Promise.all([ended, ...growers.map((grower) => grower.stop())]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startGrower(seed: number): Program {
  const language = whyNotRunnable('c') === null ? 'c' : 'node';
  return startProgram({ language, kind: 'leak', rateBytesPerSecond: growthBytesPerSecond, noise: 0.1, seed });
}

function processCount(): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
}
