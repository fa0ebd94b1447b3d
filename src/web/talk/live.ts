/**
 * What is known of the daemon: whether it answers, and its ticks. A tick comes with every scan over the live stream;
 * whatever is shown asks again when one arrives, at most as often as it says. While nobody looks nothing is asked, and the
 * stream is closed: a browser grants a server few connections, and tabs forgotten in the background would use them up.
 */
import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiProblem, ask, forgetToken, keepToken, type Problem, readToken } from './api.ts';
import { askDocument, askText, forgetDocuments, knownText, parseDocument } from './askDocument.ts';
import { setByDocument } from './clock.ts';
import type { ApiDocument, ErrorDocument, StatusDocument } from './documents.ts';
import { inNextFrame } from './frame.ts';

type Connection = 'connecting' | 'live' | 'lost' | 'unauthorised';

export const connection = signal<Connection>('connecting');
/** Why the daemon refuses to say anything, in its own words. */
export const refusal = signal<ErrorDocument | null>(null);
/** A token was tried and refused. */
export const tokenRefused = signal(false);
/** By this machine's clock; null before the first answer. */
export const lastAnswerMs = signal<number | null>(null);
export const status = signal<StatusDocument | null>(null);
/** Goes up with every scan. */
const ticks = signal(0);

/** Workloads in the status: those of most concern. */
const maxShown = 30;
const retryDelaysMs = [1000, 2000, 4000, 8000, 15_000] as const;

function problemOf(cause: unknown): Problem {
  return cause instanceof ApiProblem ? cause.problem : { kind: 'unreachable' };
}

function lost(problem: Problem): void {
  refusal.value = problem.kind === 'refused' ? problem.error : null;
  if (problem.kind === 'unauthorised') {
    tokenRefused.value = readToken() !== null;
    forgetToken();
    connection.value = 'unauthorised';
  } else if (connection.value !== 'unauthorised') {
    connection.value = 'lost';
  }
}

async function refreshStatus(abort: AbortSignal): Promise<void> {
  const next = await askDocument<StatusDocument>(`status?limit=${maxShown}`, abort);
  setByDocument(next.time);
  status.value = next;
  lastAnswerMs.value = Date.now();
  connection.value = 'live';
  ticks.value += 1;
}

/** Follows the stream until it ends, breaks, falls silent or is refused. Never resolves: throws the reason. */
async function followStream(abort: AbortSignal): Promise<void> {
  const silence = new AbortController();
  const response = await ask('stream', AbortSignal.any([abort, silence.signal]));
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new ApiProblem({ kind: 'unreachable' });
  // The first tick tells what `status` has just told.
  let told = false;
  let rest = '';
  for (;;) {
    // Three scans without a word: the daemon hangs, or the way to it is gone without saying so.
    const timer = setTimeout(() => silence.abort(), 15_000 + 3 * intervalMs());
    const chunk = await reader.read().finally(() => clearTimeout(timer));
    if (chunk.done) throw new ApiProblem({ kind: 'unreachable' });
    const lines = (rest + chunk.value).split('\n');
    rest = (lines.pop() ?? '').slice(0, 200);
    if (!lines.some((line) => /^event: ?tick\s*$/.test(line))) continue;
    if (told) await refreshStatus(abort);
    told = true;
  }
}

function intervalMs(): number {
  return status.value?.intervalMs ?? 10_000;
}

/** One connection for as long as somebody looks and `abort` allows. */
async function stayConnected(abort: AbortSignal): Promise<void> {
  let failures = 0;
  while (!abort.aborted) {
    try {
      await refreshStatus(abort);
      failures = 0;
      await followStream(abort).catch((cause: unknown) => {
        // No place in the stream, while the rest answers: ask now and then instead.
        if (problemOf(cause).kind !== 'refused') throw cause;
        return wait(intervalMs(), abort);
      });
    } catch (cause) {
      if (abort.aborted) return;
      const problem = problemOf(cause);
      lost(problem);
      if (problem.kind === 'unauthorised') return;
      await wait(retryDelaysMs[Math.min(failures, retryDelaysMs.length - 1)] ?? 15_000, abort);
      failures += 1;
    }
  }
}

function wait(delayMs: number, abort: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    abort.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

let running = new AbortController();

function connect(): void {
  running.abort();
  running = new AbortController();
  void stayConnected(running.signal);
}

export function connectWithToken(token: string): void {
  keepToken(token);
  connectAnew();
}

/** Goes up when this page comes as somebody else. */
export const comings = signal(0);

/** After the token was given or forgotten. */
export function connectAnew(): void {
  forgetDocuments();
  comings.value += 1;
  connection.value = 'connecting';
  connect();
}

export function connectWhileLookedAt(): void {
  const follow = (): void => {
    if (document.visibilityState === 'hidden') running.abort();
    else if (connection.value !== 'unauthorised') connect();
  };
  document.addEventListener('visibilitychange', follow);
  follow();
}

interface Held<T> {
  /** The key the document was asked under. */
  key: string;
  document: T | null;
  problem: Problem | null;
}

/**
 * A document that stays fresh. `key` names what is wanted: when it changes the old document is dropped, unless it starts with
 * the same word before `?` (another range of the same chart): then the old one stays until the new one is there. What was answered
 * lately, or asked for ahead, is shown at once, in the same frame.
 * An empty key asks for nothing.
 */
export function useDocument<T extends ApiDocument>(key: string, path: () => string, everyMs: number): Held<T> {
  const known = useMemo(() => {
    const text = key === '' ? null : knownText(path());
    return text === null ? null : { text, document: parseDocument<T>(text) };
  }, [key]);
  const first: Held<T> = { key, document: known?.document ?? null, problem: null };
  const [held, setHeld] = useState(first);
  const latestPath = useRef(path);
  latestPath.current = path;
  const latestEveryMs = useRef(everyMs);
  latestEveryMs.current = everyMs;

  useEffect(() => {
    if (key === '') return;
    const abort = new AbortController();
    let asking = false;
    let shown = known?.text;
    let askedMs = Number.NEGATIVE_INFINITY;
    const refresh = async (): Promise<void> => {
      if (asking || performance.now() - askedMs < latestEveryMs.current) return;
      asking = true;
      askedMs = performance.now();
      try {
        const text = await askText(latestPath.current(), abort.signal);
        // Taken over once, unless it failed meanwhile.
        if (text === shown) return;
        shown = text;
        const next: Held<T> = { key, document: parseDocument(text), problem: null };
        inNextFrame(() => !abort.signal.aborted && setHeld(next));
      } catch (cause) {
        if (abort.signal.aborted) return;
        const problem = problemOf(cause);
        shown = undefined;
        setHeld((before) => {
          const old = before.key === key || (known === null && sameThing(before.key, key)) ? before : first;
          return { key, document: old.document, problem };
        });
        if (problem.kind !== 'refused') lost(problem);
      } finally {
        asking = false;
      }
    };
    const stop = ticks.subscribe(() => void refresh());
    return () => {
      abort.abort();
      stop();
    };
  }, [key]);

  return held.key !== key && (known !== null || !sameThing(held.key, key)) ? first : held;
}

function sameThing(one: string, other: string): boolean {
  return one.split('?')[0] === other.split('?')[0];
}
