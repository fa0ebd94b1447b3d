/** A pool of PHP-FPM with the scripts of `programs/php-fpm`, for tests and benchmarks: of this process alone, gone with `stop`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastCgiGet } from '../explain/php/fastCgi.ts';

const scriptsFolder = join(import.meta.dirname, 'programs', 'php-fpm');
const patienceMs = 20_000;

export interface FpmPool {
  masterPid: number;
  /** Where the pool tells its state. */
  statusListen: string;
  /** One request for a script of the folder. */
  request(script: string, query: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startFpmPool(program: string, workers: number): Promise<FpmPool> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-fpm-'));
  const [listen, statusListen] = [join(folder, 'shop.sock'), join(folder, 'status.sock')];
  const user = process.getuid?.() === 0 ? 'user = nobody\ngroup = nogroup\n' : '';
  writeFileSync(
    join(folder, 'fpm.conf'),
    `[global]\nerror_log = ${join(folder, 'log')}\ndaemonize = no\n[shop]\n${user}listen = ${listen}\npm = static\npm.max_children = ${workers}\n` +
      `pm.status_path = /status\npm.status_listen = ${statusListen}\nphp_admin_value[ffi.enable] = true\n`,
  );
  const child = spawn(program, ['-O', '-y', join(folder, 'fpm.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilSaid(child.stderr, /ready to handle connections/, exited);
  } catch (error) {
    await stop();
    throw error;
  }
  return { masterPid: child.pid ?? 0, statusListen, request: (script, query) => request(listen, script, query), stop };
}

async function request(listen: string, script: string, query: string): Promise<void> {
  await fastCgiGet(
    listen,
    {
      SCRIPT_FILENAME: join(scriptsFolder, script),
      SCRIPT_NAME: `/${script}`,
      REQUEST_URI: `/${script}?${query}`,
      QUERY_STRING: query,
      REQUEST_METHOD: 'GET',
      SERVER_PROTOCOL: 'HTTP/1.1',
    },
    patienceMs,
  );
}

async function untilSaid(stream: NodeJS.ReadableStream, pattern: RegExp, exited: Promise<unknown>): Promise<void> {
  let said = '';
  const heard = new Promise<void>((resolve) => {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-4_000);
      if (pattern.test(said)) resolve();
    });
  });
  const ended = exited.then(() => Promise.reject(new Error(`PHP-FPM ended: ${said}`)));
  await Promise.race([heard, ended]);
}
