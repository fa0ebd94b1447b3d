/** The daemon's API from the command line, over node:http: fetch would cost more memory than the command itself. */
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import * as v from 'valibot';
import { StanchError } from '../model/errors.ts';
import { hostName, isLoopback } from '../serve/access.ts';
import { errorSchema } from '../serve/schema.ts';
import { readToken } from '../serve/token.ts';
import { loadSettings, type Surroundings } from './settings.ts';

export const defaultUrl = 'http://127.0.0.1:7420';
const timeoutMs = 10_000;
const maxBytes = 64 * 1024 * 1024;

export interface ApiClient {
  /** Errors: STANCH_E_UNREACHABLE, STANCH_E_UNAUTHORISED, and what the daemon answers. */
  get<T extends v.GenericSchema>(path: string, schema: T): Promise<v.InferOutput<T>>;
}

interface Token {
  text: string;
  from: 'environment' | 'folder';
}

interface Answer {
  status: number;
  body: string;
}

/** `url` undefined: where the configuration says the daemon listens. Errors: STANCH_E_USAGE. */
export function createClient(url: string | undefined, surroundings: Surroundings): ApiClient {
  const base = url === undefined ? configuredUrl(surroundings) : parseUrl(url);
  const token = findToken(base, surroundings);
  return {
    get: async (path, schema) => {
      const { status, body } = await ask(new URL(path, base), token);
      if (status !== 200) throw refused(base, status, body);
      const document = v.safeParse(schema, parseJson(body));
      if (!document.success) throw notStanch(base, `a document of another shape (${document.issues[0].message})`);
      return document.output;
    },
  };
}

/** The token of the data folder may be that of another daemon of this account: without one, loopback may do. */
async function ask(url: URL, token: Token | null): Promise<Answer> {
  const answer = await exchange(url, token?.text ?? null);
  return answer.status === 401 && token?.from === 'folder' ? exchange(url, null) : answer;
}

function configuredUrl(surroundings: Surroundings): URL {
  const { host, port } = loadSettings({}, surroundings).settings.listen;
  const everywhere = host === '0.0.0.0' || host === '::';
  return new URL(`http://${everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`);
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && url.protocol === 'http:' && url.username === '' && url.password === '') return url;
  throw new StanchError('STANCH_E_USAGE', {
    expected: '--url to be an http address, with the token in STANCH_TOKEN and not in it',
    found: JSON.stringify(text),
    next: `For example --url ${defaultUrl}`,
  });
}

/** STANCH_TOKEN goes where it is told to; the one in the data folder never leaves this machine. */
function findToken(base: URL, surroundings: Surroundings): Token | null {
  const given = surroundings.env.STANCH_TOKEN;
  if (given !== undefined && given !== '') return { text: given, from: 'environment' };
  const host = hostName(base.host) ?? '';
  if (host !== 'localhost' && !isLoopback(host)) return null;
  try {
    const text = readToken(join(loadSettings({}, surroundings).settings.dataDir, 'token'));
    return text === null ? null : { text, from: 'folder' };
  } catch {
    // No daemon of this account: reading on loopback may do without.
    return null;
  }
}

function exchange(url: URL, token: string | null): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { Accept: 'application/json', ...(token === null ? {} : { Authorization: `Bearer ${token}` }) };
    const request = httpRequest(url, { headers, timeout: timeoutMs, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > maxBytes) request.destroy(new Error('an answer of more than 64 MiB'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
      response.on('error', (error) => reject(unreachable(url, error)));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.on('error', (error) => reject(unreachable(url, error)));
    request.end();
  });
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function unreachable(url: URL, error: Error & { code?: string }): StanchError {
  return new StanchError('STANCH_E_UNREACHABLE', {
    expected: `stanch to answer on ${url.origin}`,
    found: error.code === 'ECONNREFUSED' ? 'nothing listening there' : error.message,
    next: 'start it: stanch run',
    cause: error,
  });
}

function notStanch(base: URL, found: string): StanchError {
  return new StanchError('STANCH_E_UNREACHABLE', {
    expected: `stanch of this version to answer on ${base.origin}`,
    found,
    next: 'Is another program listening there? Name the address: --url http://HOST:PORT',
  });
}

function refused(base: URL, status: number, body: string): StanchError {
  const document = v.safeParse(errorSchema, parseJson(body));
  if (!document.success) return notStanch(base, `an HTTP status ${status}`);
  const { expected, found, next } = document.output;
  if (status !== 401 && status !== 403) return new StanchError('STANCH_E_UNREACHABLE', { expected, found, next });
  return new StanchError('STANCH_E_UNAUTHORISED', {
    expected,
    found,
    next: `Set STANCH_TOKEN to the content of the file "token" in the data folder of stanch, or run this as the account that runs stanch.`,
  });
}
