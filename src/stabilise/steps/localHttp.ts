/** One request to a manager of this server, over its Unix socket. */
import { request } from 'node:http';
import { StanchError } from '../../model/errors.ts';

const mostBytes = 1 << 20;

export interface LocalRequest {
  manager: string;
  socket: string;
  method: 'GET' | 'POST';
  path: string;
  body?: { type: string; text: string };
  timeoutMs: number;
}

/** Throws STANCH_E_MANAGER when there is no answer, or none in time. */
export function askLocal({ manager, socket, method, path, body, timeoutMs }: LocalRequest): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(
        new StanchError('STANCH_E_MANAGER', {
          expected: `${manager} to answer on ${socket}`,
          found: error.message,
          next: `See whether ${manager} is well.`,
          cause: error,
        }),
      );
    const headers = body === undefined ? {} : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) };
    const sent = request({ socketPath: socket, method, path, headers: { host: 'localhost', ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (text.length > mostBytes) sent.destroy(new Error('an answer of more than 1 MiB'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    // Not only the silence between two bytes: all of it.
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    sent.on('close', () => clearTimeout(timer));
    sent.on('error', fail);
    sent.end(body?.text);
  });
}
