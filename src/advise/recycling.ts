/**
 * How many requests a worker may serve before it is replaced: bytes a request against the headroom of a worker, and how often workers are
 * replaced then. Requests are what somebody counted; where nobody did, that is said, and only the time it takes is known. Pure.
 */
import type { Recommendation } from '../model/advice.ts';
import { formatBytes, formatDuration } from '../model/units.ts';
import type { Measurements } from './measurements.ts';
import { memoryLimits, perHour } from './memoryLimit.ts';

const hourMs = 3_600_000;
const leastRequests = 50;
const mostRequests = 1_000_000;
/** Workers that are replaced more often cost more than they save. */
const tooOftenMs = 60_000;

export interface Recycling {
  /** null: requests are not known. */
  maxRequests: number | null;
  /** A worker lasts so long at the rate measured. */
  lifeMs: number;
  workerBytes: number;
  budgetBytes: number;
  restartsPerHour: number;
  arithmetic: string[];
  tooOften: boolean;
}

/** null: it does not leak, so that nothing is to be recycled. `workers`: as many as share the leak. */
export function recyclingOf(measured: Measurements, workers: number): Recycling | null {
  const leak = measured.basis.leaks.memory;
  const limits = memoryLimits(measured);
  if (leak === null || limits === null || workers < 1) return null;
  const workerBytes = limits.basisBytes / workers;
  const budgetBytes = limits.highBytes / workers;
  const roomBytes = budgetBytes - workerBytes;
  const leakEach = leak.perHour / workers;
  const lifeMs = (roomBytes / leakEach) * hourMs;
  const arithmetic = [
    `Headroom of a worker: (${formatBytes(limits.highBytes)} - ${formatBytes(limits.basisBytes)}) / ${workers} = ${formatBytes(roomBytes)}`,
    `A worker grows by ${formatBytes(leak.perHour)}/h / ${workers} = ${formatBytes(leakEach)}/h, and lasts ${formatDuration(lifeMs)}`,
  ];
  const { requestsPerHour, cpuSecondsPerHour } = measured.basis;
  const base = { lifeMs, workerBytes, budgetBytes, tooOften: lifeMs < tooOftenMs };
  if (requestsPerHour === null || requestsPerHour <= 0) {
    if (cpuSecondsPerHour !== null && cpuSecondsPerHour > 0) {
      arithmetic.push(`${formatBytes(leak.perHour / cpuSecondsPerHour)} a second of CPU (${perHour(cpuSecondsPerHour)} s of CPU an hour)`);
    }
    const restartsPerHour = (workers * hourMs) / lifeMs;
    arithmetic.push(
      `${workers === 1 ? 'One worker' : `${workers} workers`} / ${formatDuration(lifeMs)} = ${perHour(restartsPerHour)} restarts an hour`,
    );
    return { ...base, maxRequests: null, restartsPerHour, arithmetic };
  }
  const bytesEach = leak.perHour / requestsPerHour;
  const maxRequests = Math.min(mostRequests, Math.max(leastRequests, Math.floor(roomBytes / bytesEach)));
  const restartsPerHour = requestsPerHour / maxRequests;
  arithmetic.push(
    `Bytes a request: ${formatBytes(leak.perHour)}/h / ${Math.round(requestsPerHour)} requests an hour = ${formatBytes(bytesEach)}`,
    `Requests a worker: ${formatBytes(roomBytes)} / ${formatBytes(bytesEach)} = ${Math.floor(roomBytes / bytesEach)}${maxRequests === Math.floor(roomBytes / bytesEach) ? '' : `, kept within ${leastRequests} and ${mostRequests}: ${maxRequests}`}`,
    `Restarts: ${Math.round(requestsPerHour)} / ${maxRequests} = ${perHour(restartsPerHour)} an hour`,
  );
  return { ...base, maxRequests, restartsPerHour, arithmetic };
}

export interface RecyclingWords {
  id: string;
  title: string;
  directive: string;
  now: string | null;
  /** The line with its value; what is not known stands as N. */
  line: (value: string) => string;
  place: string;
  apply: string[];
}

export function tooOftenText({ tooOften }: Recycling): string {
  return tooOften ? ' That is too often to help: limit or throttle it instead, and find the leak.' : '';
}

/** What all managers of workers have in common. */
export function recyclingAdvice(measured: Measurements, workers: number, words: RecyclingWords): Recommendation | null {
  const recycling = recyclingOf(measured, workers);
  if (recycling === null) return null;
  const { maxRequests, lifeMs, restartsPerHour, arithmetic } = recycling;
  if (maxRequests !== null && words.now !== null && Number(words.now) > 0 && Number(words.now) <= maxRequests) return null;
  const value = maxRequests === null ? 'N' : String(maxRequests);
  return {
    id: words.id,
    title: words.title,
    settings: [{ name: words.directive, now: words.now, live: null, advised: value }],
    reason: `Its workers leak: replaced after ${maxRequests === null ? formatDuration(lifeMs) : `${maxRequests} requests`}, they stay within their share of memory, at ${perHour(restartsPerHour)} worker restarts an hour.${tooOftenText(recycling)}`,
    arithmetic:
      maxRequests === null
        ? [...arithmetic, `N = requests that a worker serves in ${formatDuration(lifeMs)}: not known, see below`]
        : arithmetic,
    buys: null,
    change: null,
    line: words.line(value),
    place: words.place,
    inForce: [],
    apply: words.apply,
    undo: ['put the line back as it was', ...words.apply],
    risk: 'A new worker starts with cold caches; many small restarts cost CPU.',
  };
}
