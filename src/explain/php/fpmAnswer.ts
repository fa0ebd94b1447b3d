/** What makes the workers of a pool of PHP-FPM grow, told: by script and request, with the workers in which it was seen. Pure. */
import type { GrowingPart } from '../../model/evidence.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';
import { growingScripts, type ScriptGrowth } from './fpmGrowth.ts';

const mostWorkersTold = 12;

export interface PoolSeen {
  pool: string;
  /** That there are now. */
  workers: number;
  /** Of all scripts; and those of them with which nothing else ran in the same worker between two looks. */
  requests: number;
  requestsAlone: number;
  /** At the beginning, in the middle and at the end. */
  scripts: readonly [readonly ScriptGrowth[], readonly ScriptGrowth[], readonly ScriptGrowth[]];
  spanMs: number;
}

/** Counted are requests. */
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
      path: [`pool ${pool}`, ...pids.slice(0, mostWorkersTold).map((pid) => `worker ${pid}`)],
      pattern: null,
      contents: [],
    }));
}

export function poolAnswer(seen: PoolSeen): string {
  const { pool, workers, requests, requestsAlone, spanMs, scripts } = seen;
  const over = `In ${formatDuration(spanMs)} ${requests} requests were done by ${workers} ${workers === 1 ? 'worker' : 'workers'} of pool ${pool} (PHP-FPM), ${requestsAlone} of them seen alone`;
  const [first, ...rest] = poolParts(seen);
  if (first === undefined) {
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
  return `${first.type} makes the workers of pool ${pool} grow: each ${first.place} leaves ${formatBytes(growth === undefined ? 0 : bytesOf(growth))} behind, the median over ${growth?.requests ?? 0} requests that were seen alone in their worker, in ${growth?.pids.length ?? 0} of ${workers} workers. It is memory outside of what PHP frees after a request: an extension, a library, or what is kept on purpose from one request to the next.${also}`;
}

export function poolNotes({ pool, scripts }: PoolSeen): string[] {
  if (growingScripts(scripts[2]).length === 0) return [];
  return [
    `Until it is mended, pm.max_requests bounds it: a worker ends after so many requests. The number for pool ${pool}: stanch advise`,
  ];
}

/** Memory comes in pages: what is less than one in each request has the median 0. */
function bytesOf({ medianBytes, meanBytes }: ScriptGrowth): number {
  return medianBytes > 0 ? medianBytes : meanBytes;
}
