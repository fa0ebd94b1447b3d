/** Asks the daemon for a document; and ahead of time for what is likely to be wanted next, when somebody aims at a link or a button. */
import { ask } from './api.ts';
import type { ApiDocument } from './documents.ts';

const answerTimeoutMs = 20_000;
const mostAhead = 8;
/** An older answer is asked for again. */
const freshMs = 4000;

interface Ahead {
  askedMs: number;
  text: Promise<string>;
}

/** By path, the latest last. */
const ahead = new Map<string, Ahead>();

/** Errors: ApiProblem. */
export async function askDocument<T extends ApiDocument>(path: string, signal: AbortSignal): Promise<T> {
  const known = freshly(path);
  ahead.delete(path);
  const body: T = JSON.parse(known === undefined ? await askText(path, signal) : await known.text.catch(() => askText(path, signal)));
  return body;
}

export function askAhead(path: string): void {
  if (freshly(path) !== undefined) return;
  const text = askText(path, new AbortController().signal);
  // Whoever wants it in earnest asks again, and hears why.
  text.catch(() => ahead.delete(path));
  ahead.delete(path);
  ahead.set(path, { askedMs: performance.now(), text });
  for (const old of [...ahead.keys()].slice(0, -mostAhead)) ahead.delete(old);
}

function freshly(path: string): Ahead | undefined {
  const known = ahead.get(path);
  return known !== undefined && performance.now() - known.askedMs < freshMs ? known : undefined;
}

async function askText(path: string, signal: AbortSignal): Promise<string> {
  return (await ask(path, AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]))).text();
}
