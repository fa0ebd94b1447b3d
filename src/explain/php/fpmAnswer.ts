/** What makes the workers of a pool of PHP-FPM grow, told: by script and request, with the workers in which it was seen. Pure. */
import type { GrowingPart } from '../../model/evidence.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';
import { growingScripts, type ScriptGrowth } from './fpmGrowth.ts';

const mostWorkersTold = 12;
const leastMedianBytes = 16 << 10;
const leastInHalf = 16;
const slowedPart = 0.6;

export interface PoolSeen {
  pool: string;
  /** That were there at any look. */
  workers: number;
  /** False: none told what it does. */
  isStateSeen: boolean;
  /** Of all scripts; and those of them with which nothing else ran in the same worker between two looks. */
  requests: number;
  requestsAlone: number;
  /** At the beginning, in the middle and at the end. */
  scripts: readonly [readonly ScriptGrowth[], readonly ScriptGrowth[], readonly ScriptGrowth[]];
  spanMs: number;
}

export function poolParts({ pool, scripts, spanMs }: PoolSeen): GrowingPart[] {
  const requestsAt = (at: readonly ScriptGrowth[], script: string) => at.find((each) => each.script === script)?.requests ?? 0;
  return growingScripts(scripts[2])
    .map((growth) => ({ growth, bytes: bytesOf(growth) * growth.requests }))
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ growth: { script, request, pids }, bytes }) => ({
      type: script,
      place: request,
      counts: [requestsAt(scripts[0], script), requestsAt(scripts[1], script), requestsAt(scripts[2], script)],
      bytesPerSecond: bytes / (spanMs / 1000),
      survival: null,
      owner: `pool ${pool}`,
      path: [`pool ${pool}`, workersText(pids)],
      isScript: true,
      pattern: null,
      contents: [],
    }));
}

export function poolAnswer(seen: PoolSeen): string {
  const { pool, workers, isStateSeen, requests, requestsAlone, spanMs, scripts } = seen;
  const over = `In ${formatDuration(spanMs)} ${requests === 0 ? 'no' : requests} requests were done by ${workers} ${workers === 1 ? 'worker' : 'workers'} of pool ${pool} (PHP-FPM), ${requestsAlone === 0 ? 'none' : requestsAlone} of them seen alone`;
  const [first, ...rest] = poolParts(seen);
  if (first === undefined) {
    if (!isStateSeen) return unseen(seen);
    if (requestsAlone === 0)
      return `${over}: too few to say which script makes them grow. Look while there are requests, over a longer time: --for 5m.`;
    return `${over}: no script left memory behind that its request had taken. When it grows only now and then, look over a longer time: --for 5m.`;
  }
  const growth = scripts[2].find(({ script }) => script === first.type);
  const also =
    rest.length === 0
      ? ''
      : ` Beside it: ${rest
          .slice(0, 2)
          .map(({ type }) => type)
          .join('; ')}.`;
  return `${first.type} makes the workers of pool ${pool} grow: each ${first.place} leaves ${growth === undefined ? '' : leavesText(growth)} requests that were seen alone in their worker, in ${growth?.pids.length ?? 0} of ${workers} workers. It is memory outside of what PHP frees after a request: an extension, a library, or what is kept on purpose from one request to the next.${also}`;
}

export function poolNotes(seen: PoolSeen): string[] {
  const { pool } = seen;
  const parts = poolParts(seen);
  if (parts.length === 0) return [];
  const slower = parts.map(({ type }) => type).filter((script) => slowed(seen, script));
  return [
    ...slower.map((script) => `${script} left less behind later than at first, as a cache does that fills: look again later.`),
    `Until it is mended, pm.max_requests bounds it: a worker ends after so many requests. The number for pool ${pool}: stanch advise`,
  ];
}

/** Memory comes in pages: of few in each request the median is one of them too many or too few, and 0 of less than one. */
function isFewPages({ medianBytes }: ScriptGrowth): boolean {
  return medianBytes < leastMedianBytes;
}

function bytesOf(growth: ScriptGrowth): number {
  return isFewPages(growth) ? growth.meanBytes : growth.medianBytes;
}

function leavesText(growth: ScriptGrowth): string {
  const by = isFewPages(growth) ? 'the mean without the extremes' : 'the median';
  return `${formatBytes(bytesOf(growth))} behind, ${by} over ${growth.requests}`;
}

function workersText(pids: readonly number[]): string {
  const more = pids.length - mostWorkersTold;
  return `${pids.length === 1 ? 'worker' : 'workers'} ${pids.slice(0, mostWorkersTold).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function unseen({ pool, workers, spanMs }: PoolSeen): string {
  const number = workers === 1 ? 'the worker' : `the ${workers} workers`;
  return `In ${formatDuration(spanMs)} ${number} of pool ${pool} (PHP-FPM) told of no request: none had one since they started, or what they share with their master can't be read and there is no status page that answers. Look while there are requests; or set pm.status_path and pm.status_listen for the pool, reload it, and look again.`;
}

/** Of what a request leaves behind: in the second half of the time against the first. A cache that fills leaves less and less. */
function slowed({ scripts: [, middle, last] }: PoolSeen, script: string): boolean {
  const at = (scripts: readonly ScriptGrowth[]) => scripts.find((each) => each.script === script);
  const [half, whole] = [at(middle), at(last)];
  if (half === undefined || whole === undefined || whole.requests - half.requests < leastInHalf || half.requests < leastInHalf)
    return false;
  const laterBytes = (whole.meanBytes * whole.requests - half.meanBytes * half.requests) / (whole.requests - half.requests);
  return laterBytes < half.meanBytes * slowedPart;
}
