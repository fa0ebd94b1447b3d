/**
 * Which script makes the workers of a pool grow: of each script the median growth over the times in which a worker did exactly one request.
 * A mean would tell of the memory that PHP keeps for the next request, which comes and goes by megabytes.
 */
import type { FpmWorker } from './fpmStatus.ts';

/** One look at a worker. */
export interface FpmSighting extends FpmWorker {
  /** Memory of the worker that outlives a request. */
  lastingBytes: number;
}

export interface ScriptGrowth {
  script: string;
  /** How its requests were called, without numbers, values and what is long enough for a secret. */
  request: string;
  /** Times with exactly one request. */
  requests: number;
  medianBytes: number;
  /** Without the highest and the lowest tenth: what is less than a page in each request is more than one in some. */
  meanBytes: number;
  /** In how many of those times the worker grew, and in how many it shrank. */
  grew: number;
  shrank: number;
  /** Workers in which they were seen. */
  pids: number[];
}

const mostSteps = 20_000;
const leastMeanBytes = 200;
/** So many more times of growing than of shrinking are no chance. */
const leastGrew = 6;
const grewToShrank = 5;
const leastRequests = 8;

export class FpmWatch {
  readonly #last = new Map<number, FpmSighting>();
  readonly #steps = new Map<string, { bytes: number; pid: number; request: string }[]>();
  #taken = 0;
  #requests = 0;

  /** All workers of a pool, as they are now. */
  look(workers: readonly FpmSighting[]): void {
    for (const now of workers) {
      const before = this.#last.get(now.pid);
      this.#last.set(now.pid, now);
      if (before !== undefined) this.#step(before, now);
    }
  }

  /** Only from idle to idle: what a running request holds it gives back when it ends. */
  #step(before: FpmSighting, now: FpmSighting): void {
    if (!now.isIdle) {
      // The look before it is the one to compare with, as long as the same request runs.
      this.#last.set(now.pid, before);
      return;
    }
    this.#requests += Math.max(0, now.requests - before.requests);
    if (!before.isIdle || now.requests !== before.requests + 1 || now.script === null || this.#taken >= mostSteps) return;
    const steps = this.#steps.get(now.script) ?? [];
    steps.push({
      bytes: now.lastingBytes - before.lastingBytes,
      pid: now.pid,
      request: `${now.method ?? 'GET'} ${withoutValues(now.uri ?? '')}`,
    });
    this.#steps.set(now.script, steps);
    this.#taken += 1;
  }

  /** Of all scripts; and of those such that were the only one of their worker between two looks. */
  seen(): { requests: number; requestsAlone: number } {
    return { requests: this.#requests, requestsAlone: this.#taken };
  }

  /** All scripts that were seen often enough, the one that grows most first. */
  scripts(): ScriptGrowth[] {
    return [...this.#steps]
      .filter(([, steps]) => steps.length >= leastRequests)
      .map(([script, steps]) => ({
        script,
        request: mostFrequent(steps.map(({ request }) => request)),
        requests: steps.length,
        medianBytes: median(steps.map(({ bytes }) => bytes)),
        meanBytes: trimmedMean(steps.map(({ bytes }) => bytes)),
        grew: steps.filter(({ bytes }) => bytes > 0).length,
        shrank: steps.filter(({ bytes }) => bytes < 0).length,
        pids: [...new Set(steps.map(({ pid }) => pid))],
      }))
      .sort((a, b) => b.medianBytes - a.medianBytes || b.meanBytes - a.meanBytes);
  }
}

export function growingScripts(scripts: readonly ScriptGrowth[]): ScriptGrowth[] {
  return scripts.filter(({ meanBytes, grew, shrank }) => meanBytes >= leastMeanBytes && grew >= leastGrew && grew >= shrank * grewToShrank);
}

function withoutValues(uri: string): string {
  return uri
    .replace(/\?.*$/s, '')
    .replace(/[^/]{33,}/g, '…')
    .replace(/\d+/g, 'N');
}

function median(of: readonly number[]): number {
  const sorted = [...of].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function trimmedMean(of: readonly number[]): number {
  const cut = Math.floor(of.length / 10);
  const kept = [...of].sort((a, b) => a - b).slice(cut, of.length - cut);
  return kept.reduce((sum, each) => sum + each, 0) / kept.length;
}

function mostFrequent(of: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}
