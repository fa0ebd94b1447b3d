/** Asks the daemon. Same origin only; the token, when one is needed, goes in a header and never in an address. */
import { setByAnswer } from './clock.ts';
import type { ErrorDocument } from './documents.ts';
import { askForToken } from './tokenWanted.ts';

const tokenKey = 'stanch.token';
const answerTimeoutMs = 20_000;

export type Problem = { kind: 'unauthorised' } | { kind: 'unreachable' } | { kind: 'refused'; status: number; error: ErrorDocument | null };

export class ApiProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/** Kept for the tab only: a token that outlives the session is one to be stolen. */
export function readToken(): string | null {
  return sessionStorage.getItem(tokenKey);
}

export function keepToken(token: string): void {
  sessionStorage.setItem(tokenKey, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(tokenKey);
}

function apiUrl(path: string): string {
  return new URL(`api/v1/${path}`, document.baseURI).href;
}

/** The answer, whatever its body; throws ApiProblem when there is none or it is not 2xx. `body`: what is sent, to change something. */
export async function ask(path: string, signal: AbortSignal, body?: Record<string, unknown>): Promise<Response> {
  return askWith(readToken(), path, signal, body);
}

async function askWith(token: string | null, path: string, signal: AbortSignal, body?: Record<string, unknown>): Promise<Response> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(apiUrl(path), { ...sent, headers, signal, cache: 'no-store' });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiProblem({ kind: 'unreachable' });
  }
  setByAnswer(response);
  if (response.ok) return response;
  if (response.status === 401) throw new ApiProblem({ kind: 'unauthorised' });
  throw new ApiProblem({ kind: 'refused', status: response.status, error: await readError(response) });
}

/** Changes something; asks for the token where that needs one and none was shown. Errors: ApiProblem. */
export async function tell<T>(path: string, body: Record<string, unknown>): Promise<T> {
  let response: Response;
  try {
    response = await ask(path, AbortSignal.timeout(answerTimeoutMs), body);
  } catch (cause) {
    if (!(cause instanceof ApiProblem) || cause.problem.kind !== 'unauthorised' || !(await askForToken())) throw cause;
    response = await ask(path, AbortSignal.timeout(answerTimeoutMs), body);
  }
  const answer: T = await response.json();
  return answer;
}

/** Errors: ApiProblem, `unauthorised` when it is not the right one. */
export async function tryToken(token: string): Promise<void> {
  await askWith(token, 'status', AbortSignal.timeout(answerTimeoutMs));
}

async function readError(response: Response): Promise<ErrorDocument | null> {
  if (!response.headers.get('content-type')?.includes('json')) return null;
  const body: ErrorDocument = await response.json();
  return body;
}
