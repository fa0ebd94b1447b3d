import { emptySample } from '../model/gauge.ts';
import { absent } from '../model/reading.ts';
import { type HostFiles, hostReading } from './hostReading.ts';
import type { HostReading } from './scan.ts';

/** A host of one CPU that tells nothing of itself. */
export function silentHost(timeMs: number): HostReading {
  const files: HostFiles = { meminfo: absent, pressure: absent, loadavg: absent, stat: absent, sockstat: absent };
  return { ...hostReading(files, timeMs, absent, 0), sample: emptySample(timeMs), cpuCount: 1 };
}
