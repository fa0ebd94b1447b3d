/** Visitors of a test server, and how they fare: from outside, as people do. */
import { get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { VM } from './vm.ts';

const answerMs = 30_000;
const mostAtOnce = 24;
/** Each look costs the server some of the little CPU that it has. */
const lookEveryMs = 2000;
/** What has to happen may take long: the machine under the server may be busy. Nothing is told by how long. */
const patienceMs = 900_000;

interface Asked {
  headers?: Record<string, string>;
  timeoutMs?: number;
}

/** The body of what is found there; throws when that is no 200, or takes longer than half a minute. */
export function answerOf(port: number, path: string, { headers = {}, timeoutMs = answerMs }: Asked = {}): Promise<string> {
  return new Promise((done, fail) => {
    const request = get({ host: '127.0.0.1', port, path, headers, agent: false, timeout: timeoutMs }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const body = Buffer.concat(parts).toString();
        if (response.statusCode === 200) done(body);
        else fail(new Error(`${path}: ${response.statusCode} ${body.slice(0, 500)}`));
      });
      response.on('error', fail);
    });
    request.on('timeout', () => request.destroy(new Error(`${path}: no answer within ${timeoutMs / 1000} s`)));
    request.on('error', fail);
  });
}

/** Whether the page came, within half a minute. */
export function page(vm: VM, path: string): Promise<boolean> {
  return answerOf(vm.ports.http, path).then(
    () => true,
    () => false,
  );
}

/** Whether ssh or ftp greets, within half a minute. */
export function greeting(vm: VM, service: 'ssh' | 'ftp'): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(vm.ports[service], '127.0.0.1');
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.once('data', () => {
      done(true);
      socket.destroy();
    });
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
  });
}

/** Requests for a page that keep coming until they are stopped. */
export class Visitors {
  readonly #timer: NodeJS.Timeout;
  #waiting = 0;
  sent = 0;
  failed = 0;

  constructor(vm: VM, path: string, perSecond: number) {
    this.#timer = setInterval(async () => {
      if (this.#waiting >= mostAtOnce) return;
      this.#waiting++;
      this.sent++;
      if (!(await page(vm, path))) this.failed++;
      this.#waiting--;
    }, 1000 / perSecond);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Looks until it is so; throws with the last look when the time is over. */
export async function until<T>(look: () => Promise<T>, wanted: (seen: T) => boolean, timeoutMs = patienceMs): Promise<T> {
  for (const endMs = performance.now() + timeoutMs; ; await wait(lookEveryMs)) {
    const seen = await look();
    if (wanted(seen)) return seen;
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs / 1000} s; at last: ${JSON.stringify(seen)}`);
  }
}
