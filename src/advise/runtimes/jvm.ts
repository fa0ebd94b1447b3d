/**
 * HotSpot: a heap that leaves room for what is not heap, and G1 that gives back memory while the application rests.
 * https://openjdk.org/jeps/346
 */
import type { Recommendation } from '../../model/advice.ts';
import { formatBytes } from '../../model/units.ts';
import { type Measurements, MiB } from '../measurements.ts';
import { memoryLimits } from '../memoryLimit.ts';
import { environmentAdvice, withOption } from './environmentAdvice.ts';

/** Metaspace, code cache, threads, direct buffers. */
const heapShare = 0.65;
const sizes: Record<string, number> = { k: 1 / 1024, m: 1, g: 1024 };

export function jvm(measured: Measurements): Recommendation[] {
  return [heap(measured), periodicCollection(measured)].filter((each) => each !== null);
}

function heap(measured: Measurements): Recommendation | null {
  const limits = memoryLimits(measured);
  if (limits === null) return null;
  const heapMiB = Math.max(32, Math.floor((limits.maxBytes * heapShare) / MiB));
  const now = currentHeapMiB(measured);
  if (now !== null && now <= heapMiB * 1.15) return null;
  const ram = measured.host.memTotalBytes;
  const found =
    now === null
      ? `No -Xmx is set: the heap may take a quarter of RAM${ram === null ? '' : `, ${formatBytes(ram / 4)}`}.`
      : `-Xmx allows ${now} MiB of heap, and the service ${formatBytes(limits.maxBytes)} in all.`;
  const words = {
    id: 'jvm-heap',
    title: 'A heap that fits into the limit of the service',
    reason: `${found} Metaspace, code, stacks and direct buffers come on top.`,
    arithmetic: [`-Xmx: ${formatBytes(limits.maxBytes)} × ${heapShare} = ${heapMiB} MiB`],
    risk: 'A heap that is too small collects all the time, and ends with OutOfMemoryError. An -Xmx on the command line outranks the variable.',
  };
  const value = withOption(measured.environment.get('JAVA_TOOL_OPTIONS') ?? null, '-Xmx', `${heapMiB}m`);
  return environmentAdvice(measured, words, 'JAVA_TOOL_OPTIONS', value);
}

function currentHeapMiB({ argv, environment }: Measurements): number | null {
  const text = `${environment.get('JAVA_TOOL_OPTIONS') ?? ''} ${argv.join(' ')}`;
  const last = [...text.matchAll(/-Xmx(\d+)([kmg]?)\b/gi)].at(-1);
  if (last === undefined) return null;
  const unit = (last[2] ?? '').toLowerCase();
  return unit === '' ? Number(last[1]) / MiB : Number(last[1]) * (sizes[unit] ?? 1);
}

/** For what holds much more than it needs between its peaks. */
function periodicCollection(measured: Measurements): Recommendation | null {
  const holds = measured.basis.class;
  if (holds !== 'gc-sawtooth' && holds !== 'allocator-retention') return null;
  if (measured.argv.some((argument) => /G1PeriodicGCInterval|UseParallelGC|UseSerialGC|UseZGC|UseShenandoahGC/.test(argument))) return null;
  const words = {
    id: 'jvm-periodic-gc',
    title: 'Have G1 give back what it does not need',
    reason: `Its memory is judged ${holds}: G1 collects and gives back only when allocation makes it, unless it is told to do so at intervals.`,
    arithmetic: ['G1PeriodicGCInterval: 300 s, the interval of its own proposal (JEP 346)'],
    risk: 'A concurrent cycle every five minutes costs some CPU. Since JDK 12.',
  };
  const value = withOption(measured.environment.get('JAVA_TOOL_OPTIONS') ?? null, '-XX:G1PeriodicGCInterval=', '300000');
  return environmentAdvice(measured, words, 'JAVA_TOOL_OPTIONS', value);
}
