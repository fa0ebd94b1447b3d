/** One POST of a JSON document over node:http(s): fetch would cost the daemon 18 MB. */
import { request as httpRequest } from 'node:http';

const maxAnswerBytes = 65_536;

/** Statuses of 4xx that say nothing of the message itself: too slow, too early, too much, not now. */
const passing = new Set([408, 409, 423, 425, 429]);

/** The receiver understood, and will not take this message as it is. */
export class RefusedError extends Error {}

/** Resolves for an answer of 2xx; rejects with the status, the beginning of the answer, and never with the address, which may be the secret. */
export async function postJson(url: string, document: unknown, signal: AbortSignal, headers: Record<string, string> = {}): Promise<void> {
  const target = URL.parse(url);
  if (target === null || !/^https?:$/.test(target.protocol)) throw new Error('the address is no http or https URL');
  const request = target.protocol === 'https:' ? (await import('node:https')).request : httpRequest;
  const body = Buffer.from(JSON.stringify(document));
  await new Promise<void>((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Length': body.length, 'User-Agent': 'stanch', ...headers },
      agent: false,
      signal,
    };
    const sent = request(target, options, (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        if (answer.length < maxAnswerBytes) answer += text;
        else response.destroy();
      });
      response.on('error', reject);
      response.on('close', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve();
        else {
          const isRefused = status >= 400 && status < 500 && !passing.has(status);
          reject(new (isRefused ? RefusedError : Error)(`answered ${status} ${answer.slice(0, 200)}`.trim()));
        }
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
