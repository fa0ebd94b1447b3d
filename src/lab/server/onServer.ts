/** What the stories have in common: a server with stanch on it, requests to it, and its end. */
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TestServer } from './testServer.ts';

const root = join(import.meta.dirname, '..', '..', '..');

export interface StoryOptions {
  workers: number;
  /** /etc/stanch/stanch.toml */
  config: string;
}

/** A clean server with a leaking site, and stanch installed where `config` is not empty. It is thrown away afterwards. */
export async function onServer({ workers, config }: StoryOptions, story: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await TestServer.start({ folder: process.env.STANCH_SERVER_IMAGE ?? '' });
  try {
    await server.push([join(root, 'dist', 'stanch.cjs')], '/opt/stanch/dist');
    await server.push(
      ['leak.php', 'setup.sh', 'stanch'].map((name) => join(import.meta.dirname, 'guest', name)),
      '/srv/guest',
    );
    await server.must(
      `mkdir -p /opt/stanch/bin /etc/stanch && cp /srv/guest/stanch /opt/stanch/bin/ && bash /srv/guest/setup.sh ${workers}`,
    );
    if (config !== '') {
      await server.must(`echo ${Buffer.from(config).toString('base64')} | base64 -d > /etc/stanch/stanch.toml && stanch install`);
      await server.until('stanch status >/dev/null', 120_000);
    }
    await story(server);
  } finally {
    await server.stop();
  }
}

export interface Load {
  sent: number;
  stop(): void;
}

/** Requests that leak, so many a second and never more than 24 at once. */
export function leakingLoad(server: TestServer, kilobytes: number, perSecond: number): Load {
  let inFlight = 0;
  const load: Load = { sent: 0, stop: () => clearInterval(timer) };
  const timer = setInterval(() => {
    if (inFlight >= 24) return;
    inFlight += 1;
    load.sent += 1;
    void page(server, `/leak.php?kb=${kilobytes}`).then(() => {
      inFlight -= 1;
    });
  }, 1000 / perSecond);
  return load;
}

/** Status of the answer; 0: none within half a minute. */
export function page(server: TestServer, path: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port: server.ports[80], path, agent: false, timeout: 30_000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => resolve(0));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(0));
  });
}

/** Until `found` says so; null when it did not in time. */
export async function within<T>(timeoutMs: number, found: () => Promise<T | null>): Promise<T | null> {
  for (const endMs = performance.now() + timeoutMs; performance.now() < endMs; await wait(2000)) {
    const value = await found();
    if (value !== null) return value;
  }
  return null;
}
