import { privateMemory, type Sample } from '../model/gauge.ts';
import { valueOrNaN } from '../model/reading.ts';
import type { Resource } from '../model/verdict.ts';

interface JudgedResource {
  resource: Resource;
  unit: 'bytes' | 'count';
  /** The smallest change that means anything. */
  quantum: number;
  /** NaN where it was not read. */
  of(sample: Sample): number;
}

/** Resources in the order of the window's channels. */
export const resources: readonly JudgedResource[] = [
  { resource: 'memory', unit: 'bytes', quantum: 65_536, of: privateMemory },
  { resource: 'shmem', unit: 'bytes', quantum: 65_536, of: (s) => valueOrNaN(s.shmemBytes) },
  { resource: 'fds', unit: 'count', quantum: 1, of: (s) => valueOrNaN(s.fds) },
  { resource: 'sockets', unit: 'count', quantum: 1, of: (s) => valueOrNaN(s.sockets) },
  { resource: 'threads', unit: 'count', quantum: 1, of: (s) => valueOrNaN(s.threads) },
  { resource: 'processes', unit: 'count', quantum: 1, of: (s) => valueOrNaN(s.processes) },
  { resource: 'kernel', unit: 'bytes', quantum: 65_536, of: (s) => valueOrNaN(s.kernelBytes) },
];
