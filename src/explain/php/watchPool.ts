/** Looks at a pool of PHP-FPM again and again for as long as it was asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolSeen } from './fpmAnswer.ts';
import type { FpmPool } from './fpmPool.ts';

/** So that there is a look between most requests of a worker; where a look takes longer, as long again. */
const betweenMs = 40;

export async function watchPool(pool: FpmPool, spanMs: number, onProgress: (done: number) => void): Promise<PoolSeen> {
  const startedMs = performance.now();
  const passedMs = () => performance.now() - startedMs;
  await pool.look();
  const first = pool.scripts();
  let middle: typeof first | null = null;
  while (passedMs() < spanMs) {
    const beforeMs = passedMs();
    await pool.look();
    if (middle === null && passedMs() >= spanMs / 2) middle = pool.scripts();
    onProgress(Math.min(1, passedMs() / spanMs));
    await sleep(Math.max(betweenMs, passedMs() - beforeMs));
  }
  const last = pool.scripts();
  return { pool: pool.pool, ...pool.seen(), scripts: [first, middle ?? first, last], spanMs: passedMs() };
}
