/** Debian's prometheus-process-exporter, to be measured beside stanch on the same processes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = '/usr/bin/prometheus-process-exporter';
const packageName = 'prometheus-process-exporter';
/** Every process, in groups by name: what comes nearest to workloads. */
const config = 'process_names:\n  - name: "{{.Comm}}"\n    cmdline:\n      - ".+"\n';
const startPatienceMs = 60_000;

export interface Exporter {
  name: string;
  pid: number;
  scrape(): Promise<void>;
  stop(): Promise<void>;
}

/** Installs it when this is root; null when it is there, else why not. */
export function whyNoExporter(): string | null {
  if (existsSync(program)) return null;
  const byHand = `apt-get install ${packageName}`;
  if (process.getuid?.() !== 0) return `${packageName} is not installed (sudo ${byHand})`;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['-q', 'update'], { stdio: ['ignore', 2, 2], env });
  spawnSync('apt-get', ['-q', 'install', '-y', '--no-install-recommends', packageName], { stdio: ['ignore', 2, 2], env });
  return existsSync(program) ? null : `${packageName} could not be installed (${byHand})`;
}

export async function startExporter(name: string, flags: readonly string[]): Promise<Exporter> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  const configFile = join(folder, 'config.yaml');
  writeFileSync(configFile, config);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(program, ['-config.path', configFile, '-web.listen-address', address, ...flags], { stdio: 'ignore' });
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  const url = `http://${address}/metrics`;
  await untilItAnswers(url, child);
  return {
    name,
    pid: child.pid,
    scrape: () => scrape(url),
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  const endMs = performance.now() + startPatienceMs;
  for (;;) {
    try {
      return await scrape(url);
    } catch (error) {
      if (child.exitCode !== null || performance.now() > endMs) throw error;
      await sleep(200);
    }
  }
}

function scrape(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      response.resume();
      response.on('end', resolve);
      response.on('error', reject);
    }).on('error', reject);
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('expected a port; found none');
  return address.port;
}
