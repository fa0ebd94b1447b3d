/** The JSON a client sends, bounded. */
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './problem.ts';

const maxBytes = 16_384;

/** The type is asked for, because no form of another site can send it without asking first. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? 'none';
  if (!/^application\/json(;|$)/i.test(type)) throw refused(415, 'a body of the type application/json', JSON.stringify(type.slice(0, 80)));
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes) throw refused(413, `a body of at most ${maxBytes} bytes`, 'a larger one');
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw refused(400, 'a body of JSON', 'something else');
  }
}

function refused(status: number, expected: string, found: string): HttpProblem {
  return new HttpProblem(status, 'STANCH_E_USAGE', { expected, found, next: 'See /openapi.json for what is to be sent.' });
}
