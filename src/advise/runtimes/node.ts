/** V8: the heap ends below the limit of the service, so that it collects harder instead of being killed, and leaves a stack when it ends. */
import type { Recommendation } from '../../model/advice.ts';
import { formatBytes } from '../../model/units.ts';
import { type Measurements, MiB } from '../measurements.ts';
import { memoryLimits } from '../memoryLimit.ts';
import { environmentAdvice, withOption } from './environmentAdvice.ts';

/** The rest is for buffers, stacks and the young generation. */
const heapShare = 0.75;
const leastMiB = 64;

export function node(measured: Measurements): Recommendation[] {
  const limits = memoryLimits(measured);
  if (limits === null || measured.processes.count === 0) return [];
  const each = limits.maxBytes / measured.processes.count;
  const heapMiB = Math.max(leastMiB, Math.floor((each * heapShare) / MiB));
  const options = measured.environment.get('NODE_OPTIONS') ?? null;
  const set = /--max[-_]old[-_]space[-_]size[= ](\d+)/.exec(`${measured.argv.join(' ')} ${options ?? ''}`)?.[1];
  if (set !== undefined && Number(set) <= heapMiB * 1.15) return [];
  const leak = measured.basis.leaks.memory;
  const words = {
    id: 'node-heap',
    title: 'End the heap of V8 below the limit of the service',
    reason: `${set === undefined ? 'No heap limit is set: V8 takes its own from the size of RAM, whatever the service may have' : `The heap may grow to ${set} MiB`}.${leak === null ? '' : ` It leaks ${formatBytes(leak.perHour)}/h: with a limit it ends with a stack trace that names the place.`}`,
    arithmetic: [`${formatBytes(limits.maxBytes)} / ${measured.processes.count} processes × ${heapShare} = ${heapMiB} MiB`],
    risk: 'Near its limit V8 collects all the time: CPU rises before it ends.',
  };
  const value = withOption(
    options?.replaceAll('max_old_space_size', 'max-old-space-size') ?? null,
    '--max-old-space-size=',
    String(heapMiB),
  );
  const advice = environmentAdvice(measured, words, 'NODE_OPTIONS', value);
  if (set === undefined || options?.includes(set)) return [advice];
  return [
    { ...advice, risk: `${advice.risk} Its command line has --max-old-space-size=${set}, which outranks the variable: take it out there.` },
  ];
}
