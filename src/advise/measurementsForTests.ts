/** A service that was well for two days, and how to make it another one. */
import type { AdviceBasis } from '../model/advice.ts';
import { iniValues } from './iniValue.ts';
import type { Measurements } from './measurements.ts';

const MiB = 1024 ** 2;

export const healthyBasis: AdviceBasis = {
  historyMs: 2 * 86_400_000,
  peakBytes: 400 * MiB,
  healthyBytes: 400 * MiB,
  peakTasks: 20,
  peakFds: 50,
  cpuSecondsPerHour: 360,
  requestsPerHour: null,
  verdict: 'no-leak',
  class: 'flat',
  leaks: { memory: null, fds: null, threads: null },
};

/** 10 MiB an hour since it held 400 MiB. */
export const leakingBasis: AdviceBasis = {
  ...healthyBasis,
  peakBytes: 600 * MiB,
  verdict: 'leak',
  class: 'leak',
  leaks: { memory: { perHour: 10 * MiB, low: 8 * MiB, high: 12 * MiB }, fds: null, threads: null },
};

export function measurementsForTests(changes: Partial<Measurements> = {}): Measurements {
  return {
    subject: { id: 'w-app', kind: 'workload', name: 'app.service', origin: 'systemd-unit' },
    basis: healthyBasis,
    privateBytes: 380 * MiB,
    processes: { count: 1, largestBytes: 380 * MiB, smallestBytes: 380 * MiB, fdLimit: 1024 },
    host: { memTotalBytes: 4096 * MiB, swapTotalBytes: 1024 * MiB, othersBytes: 800 * MiB, cpuCount: 2 },
    unit: {
      name: 'app.service',
      config: { path: '/lib/systemd/system/app.service', masked: false, dropIns: [], values: new Map() },
      cgroup: '/system.slice/app.service',
      live: new Map([['MemoryMax', 'infinity']]),
    },
    sharesUnitWith: [],
    runtime: 'native',
    argv: ['/usr/bin/app'],
    environment: new Map(),
    heap: { arenas: 1, threads: 4, allocator: 'glibc' },
    jemallocPath: null,
    pool: null,
    existing: () => null,
    ...changes,
  };
}

const poolText = `; Start a new pool named 'www'.
[www]
user = www-data
pm = dynamic
pm.max_children = 40
;pm.max_requests = 500
php_admin_value[memory_limit] = 512M
[other]
pm.max_requests = 7
`;

/** A pool of ten workers of 40 MiB, of which the largest has 100 MiB. */
export function poolForTests(changes: Partial<Measurements> = {}): Measurements {
  return measurementsForTests({
    subject: { id: 'w-www', kind: 'workload', name: 'php-fpm: pool www, PHP 8.2', origin: 'php-fpm-pool' },
    basis: { ...leakingBasis, requestsPerHour: 20_000 },
    processes: { count: 10, largestBytes: 100 * MiB, smallestBytes: 40 * MiB, fdLimit: 1024 },
    unit: {
      name: 'php8.2-fpm.service',
      config: { path: null, masked: false, dropIns: [], values: new Map() },
      cgroup: null,
      live: new Map(),
    },
    runtime: 'php',
    pool: { path: '/etc/php/8.2/fpm/pool.d/www.conf', text: poolText, values: iniValues(poolText, 'www') },
    ...changes,
  });
}
