/** Requests to a server of the bench on this machine. */
import { get, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const startPatienceMs = 60_000;

/** Until it answers. Throws when it does not in time. */
export async function untilAnswers(name: string, url: string): Promise<void> {
  for (const endMs = performance.now() + startPatienceMs; !(await answers(url)); await wait(100))
    if (performance.now() > endMs) throw new Error(`expected ${name} to answer; found that it does not`);
}

async function answers(url: string): Promise<boolean> {
  try {
    await ask(url);
    return true;
  } catch {
    return false;
  }
}

export function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(`${url}: ${response.statusCode} ${body}`))));
    }).on('error', reject);
  });
}

export function post(url: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST' }, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode === 204 ? resolve() : reject(new Error(`${url}: ${response.statusCode}`))));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
