/** Asks the daemon for a document; and ahead of time for what is likely to be wanted next, when somebody aims at a link or a button. */
import { ask } from './api.ts';
import type { ApiDocument } from './documents.ts';

const answerTimeoutMs = 20_000;
const mostKept = 16;
/** What was asked for ahead and is older is asked for again. */
const freshMs = 4000;
/** So long an answer is good enough to be shown until the next one is there. */
const knownMs = 60_000;

interface Kept {
  askedMs: number;
  /** Asked for ahead, and wanted by nobody yet. */
  ahead: Promise<string> | null;
  /** The latest answer. */
  text: string | null;
}

/** By path, the latest last. */
const kept = new Map<string, Kept>();

/** Errors: ApiProblem. */
export async function askDocument<T extends ApiDocument>(path: string, signal: AbortSignal): Promise<T> {
  return parseDocument(await askText(path, signal));
}

/** Errors: ApiProblem. */
export async function askText(path: string, signal: AbortSignal): Promise<string> {
  const ahead = isFresh(path) ? kept.get(path)?.ahead : null;
  const coming = ahead ? ahead.catch(() => askDaemon(path, signal)) : askDaemon(path, signal);
  return keep(path, null, coming);
}

export function askAhead(path: string): void {
  if (isFresh(path)) return;
  const coming = askDaemon(path, new AbortController().signal);
  // Whoever wants it in earnest asks again, and hears why.
  keep(path, coming, coming).catch(() => kept.delete(path));
}

/** What was answered lately: something to show at once. */
export function knownText(path: string): string | null {
  const known = kept.get(path);
  return known !== undefined && performance.now() - known.askedMs < knownMs ? known.text : null;
}

/** Whoever comes as somebody else begins with nothing. */
export function forgetDocuments(): void {
  kept.clear();
}

export function parseDocument<T extends ApiDocument>(text: string): T {
  const body: T = JSON.parse(text);
  return body;
}

async function keep(path: string, ahead: Promise<string> | null, coming: Promise<string>): Promise<string> {
  const one: Kept = { askedMs: performance.now(), ahead, text: knownText(path) };
  kept.delete(path);
  kept.set(path, one);
  for (const old of [...kept.keys()].slice(0, -mostKept)) kept.delete(old);
  one.text = await coming;
  return one.text;
}

function isFresh(path: string): boolean {
  const known = kept.get(path);
  return known?.ahead != null && performance.now() - known.askedMs < freshMs;
}

async function askDaemon(path: string, signal: AbortSignal): Promise<string> {
  return (await ask(path, AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]))).text();
}
