/** Go: GOMEMLIMIT, a soft limit that has the collector work harder near it. https://go.dev/doc/gc-guide#Memory_limit */
import type { Recommendation } from '../../model/advice.ts';
import { formatBytes } from '../../model/units.ts';
import { type Measurements, MiB } from '../measurements.ts';
import { memoryLimits } from '../memoryLimit.ts';
import { environmentAdvice } from './environmentAdvice.ts';

/** Of the hard limit, as the guide has it: the rest is for what the runtime does not know of. */
const share = 0.9;

export function go(measured: Measurements): Recommendation[] {
  const limits = memoryLimits(measured);
  if (limits === null || measured.environment.has('GOMEMLIMIT')) return [];
  const limitMiB = Math.floor(((limits.maxBytes / Math.max(1, measured.processes.count)) * share) / MiB);
  const leak = measured.basis.leaks.memory;
  const words = {
    id: 'go-memory-limit',
    title: 'Tell the collector of Go how much there is',
    reason: `GOMEMLIMIT is not set: the heap may double between two collections (GOGC=100), whatever the service may have.${leak === null ? '' : ' It does not stop a leak: what is still referenced stays.'}`,
    arithmetic: [`${formatBytes(limits.maxBytes)} × ${share} = ${limitMiB} MiB`],
    risk:
      leak === null ? 'Needs Go 1.19.' : 'Needs Go 1.19. With a leak, the collector takes more and more CPU near the limit (at most half).',
  };
  return [environmentAdvice(measured, words, 'GOMEMLIMIT', `${limitMiB}MiB`)];
}
