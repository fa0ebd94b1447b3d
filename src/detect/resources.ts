import { privateMemory, type Sample } from '../model/gauge.ts';
import { valueOrNaN } from '../model/reading.ts';
import type { Resource } from '../model/verdict.ts';

interface JudgedResource {
  resource: Resource;
  unit: 'bytes' | 'count';
  /** The smallest change that means anything. */
  quantum: number;
}

/** Resources in the order of the window's channels, which is that of `readResources`. */
export const resources: readonly JudgedResource[] = [
  { resource: 'memory', unit: 'bytes', quantum: 65_536 },
  { resource: 'shmem', unit: 'bytes', quantum: 65_536 },
  { resource: 'fds', unit: 'count', quantum: 1 },
  { resource: 'sockets', unit: 'count', quantum: 1 },
  { resource: 'threads', unit: 'count', quantum: 1 },
  { resource: 'processes', unit: 'count', quantum: 1 },
  { resource: 'kernel', unit: 'bytes', quantum: 65_536 },
];

/** Puts what a sample holds of each resource into `values`, NaN where it was not read. */
export function readResources(sample: Sample, values: number[]): void {
  values[0] = privateMemory(sample);
  values[1] = valueOrNaN(sample.shmemBytes);
  values[2] = valueOrNaN(sample.fds);
  values[3] = valueOrNaN(sample.sockets);
  values[4] = valueOrNaN(sample.threads);
  values[5] = valueOrNaN(sample.processes);
  values[6] = valueOrNaN(sample.kernelBytes);
}
