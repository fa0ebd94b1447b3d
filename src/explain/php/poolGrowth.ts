/**
 * What the requests of a pool leave behind, for whoever asks why one of its workers grows: the heap of PHP is emptied after each request, so
 * that it is the script and not a variable that is to be named.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes, formatDuration } from '../../model/units.ts';
import type { GrowingThing } from '../growingThing.ts';
import { growingScripts, type ScriptGrowth } from './fpmGrowth.ts';
import type { FpmPool } from './fpmPool.ts';

const pauseMs = 100;

export interface PoolGrowth {
  grows: GrowingThing[];
  answer: string;
  notes: string[];
}

/** Ten times a second for so long. The pool is closed by whoever opened it. */
export async function watchPool(pool: FpmPool, spanMs: number, onProgress: (done: number) => void): Promise<PoolGrowth> {
  const startMs = performance.now();
  let half: ScriptGrowth[] | null = null;
  for (let passedMs = 0; passedMs < spanMs; passedMs = performance.now() - startMs) {
    await pool.look();
    if (passedMs >= spanMs / 2) half ??= pool.scripts();
    onProgress(passedMs / spanMs);
    await sleep(pauseMs);
  }
  return poolGrowth(pool.pool, pool.scripts(), half ?? [], performance.now() - startMs);
}

/** Pure. `half`: as it was in the middle. */
export function poolGrowth(pool: string, scripts: readonly ScriptGrowth[], half: readonly ScriptGrowth[], spanMs: number): PoolGrowth {
  const found = growingScripts(scripts);
  const [first, ...others] = found;
  const seen = scripts.reduce((sum, { requests }) => sum + requests, 0);
  const grows = found.map((growth): GrowingThing => {
    const before = half.find(({ script }) => script === growth.script)?.requests ?? 0;
    return {
      type: growth.script,
      place: growth.request,
      counts: [0, before, growth.requests],
      growthBytes: (growth.meanBytes * growth.requests) / 2,
      survival: growth.grew / growth.requests,
      owner: `${growth.workers} ${growth.workers === 1 ? 'worker' : 'workers'} of pool ${pool}`,
      path: [],
      pattern: null,
    };
  });
  const notes = ['The counts are requests that were seen alone in their worker; busy pools have many more.'];
  if (first === undefined) {
    const few = seen === 0 ? 'No request was seen alone in its worker' : `None of ${seen} requests that were seen alone left memory behind`;
    return { grows, answer: `${few} in ${formatDuration(spanMs)} of pool ${pool} (PHP-FPM). Look longer: --for 5m.`, notes: [] };
  }
  const also = others.length === 0 ? '' : ` So ${others.length === 1 ? 'does' : 'do'} ${others.map(({ script }) => script).join(', ')}.`;
  const answer = `${first.script} (${first.request}) leaves ${formatBytes(first.medianBytes)} behind in its worker with each request: the median of ${first.requests} in ${formatDuration(spanMs)}, in ${first.workers} ${first.workers === 1 ? 'worker' : 'workers'} of pool ${pool}. What a script keeps is gone with its request, so it is an extension, or a static cache of one, that keeps this.${also}`;
  return { grows, answer, notes };
}
