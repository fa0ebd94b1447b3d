/** The daemon's API from the command line, over node:http: fetch would cost more memory than the command itself. */
import { request as httpRequest, type RequestOptions } from 'node:http';
import { join } from 'node:path';
import * as v from 'valibot';
import { StanchError } from '../model/errors.ts';
import { hostName, isLoopback, urlHost } from '../serve/access.ts';
import { errorSchema } from '../serve/schema.ts';
import { readCertificate } from '../serve/tls.ts';
import { readToken } from '../serve/token.ts';
import { loadSettings, type Surroundings } from './settings.ts';

export const defaultUrl = 'http://127.0.0.1:7420';
const timeoutMs = 10_000;
const maxBytes = 64 * 1024 * 1024;

export interface ApiClient {
  /** Errors: STANCH_E_UNREACHABLE, STANCH_E_UNAUTHORISED, and what the daemon answers. */
  get<T extends v.GenericSchema>(path: string, schema: T): Promise<v.InferOutput<T>>;
  post<T extends v.GenericSchema>(path: string, body: Record<string, unknown>, schema: T): Promise<v.InferOutput<T>>;
}

interface Token {
  text: string;
  from: 'environment' | 'folder';
}

interface Answer {
  status: number;
  body: string;
}

interface Question {
  url: URL;
  /** Null: GET. */
  body: string | null;
  /** The certificate that the daemon is known by, of this machine's own configuration; null: whoever the system trusts. */
  certificate: Buffer | null;
}

/** `url` undefined: where the configuration says the daemon listens. Errors: STANCH_E_USAGE. */
export function createClient(url: string | undefined, surroundings: Surroundings): ApiClient {
  const { base, certificate } = url === undefined ? configured(surroundings) : { base: parseUrl(url), certificate: null };
  const token = findToken(base, surroundings);
  const take = async <T extends v.GenericSchema>(path: string, body: string | null, schema: T): Promise<v.InferOutput<T>> => {
    const answer = await ask({ url: new URL(path, base), body, certificate }, token);
    if (answer.status !== 200) throw refused(base, answer.status, answer.body);
    const document = v.safeParse(schema, parseJson(answer.body));
    if (!document.success) throw notStanch(base, `a document of another shape (${document.issues[0].message})`);
    return document.output;
  };
  return { get: (path, schema) => take(path, null, schema), post: (path, body, schema) => take(path, JSON.stringify(body), schema) };
}

/** The token of the data folder may be that of another daemon of this account: without one, loopback may do for reading. */
async function ask(question: Question, token: Token | null): Promise<Answer> {
  const answer = await exchange(question, token?.text ?? null);
  return answer.status === 401 && token?.from === 'folder' && question.body === null ? exchange(question, null) : answer;
}

function configured(surroundings: Surroundings): { base: URL; certificate: Buffer | null } {
  const { listen, tls } = loadSettings({}, surroundings).settings;
  const host = listen.host === '0.0.0.0' || listen.host === '::' ? '127.0.0.1' : listen.host;
  const base = new URL(`${tls === null ? 'http' : 'https'}://${urlHost(host)}:${listen.port}`);
  return { base, certificate: tls === null ? null : readCertificate(tls).cert };
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url;
  throw new StanchError('STANCH_E_USAGE', {
    expected: '--url to be an http or https address, with the token in STANCH_TOKEN and not in it',
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

async function exchange({ url, body, certificate }: Question, token: string | null): Promise<Answer> {
  const isTls = url.protocol === 'https:';
  const request = isTls ? (await import('node:https')).request : httpRequest;
  const content = body === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  const headers = { Accept: 'application/json', ...content, ...(token === null ? {} : { Authorization: `Bearer ${token}` }) };
  // It is this very certificate that is trusted, for whatever name it is.
  const pinned = certificate === null ? {} : { ca: certificate, checkServerIdentity: () => undefined };
  const options: RequestOptions = { method: body === null ? 'GET' : 'POST', headers, timeout: timeoutMs, agent: false, ...pinned };
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > maxBytes) asked.destroy(new Error('an answer of more than 64 MiB'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
      response.on('error', (error) => reject(unreachable(url, error)));
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    asked.on('error', (error) => reject(unreachable(url, error)));
    asked.end(body ?? undefined);
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
  if (status === 404 || status === 409 || status === 400) return new StanchError('STANCH_E_NO_INPUT', { expected, found, next });
  if (status !== 401 && status !== 403) return new StanchError('STANCH_E_UNREACHABLE', { expected, found, next });
  return new StanchError('STANCH_E_UNAUTHORISED', {
    expected,
    found,
    next: `Set STANCH_TOKEN to the content of the file "token" in the data folder of stanch, or run this as the account that runs stanch.`,
  });
}
