/** Plain words for the codes in documents. A code this page does not know yet is shown as it is. */
import type { Resource, Slope, VerdictWord } from '../talk/documents.ts';
import { formatRate } from './format.ts';

const verdictWords: Record<VerdictWord, string> = {
  leak: 'Leaks',
  suspect: 'Suspect',
  undecided: 'Too early to say',
  'no-leak': 'Healthy',
};

export function verdictWord(verdict: VerdictWord): string {
  return verdictWords[verdict];
}

const classWords: Readonly<Record<string, string>> = {
  leak: 'Steady leak: it keeps what it should free',
  'restart-masked-leak': 'Leak hidden by restarts: it grows anew after each one',
  'warm-up': 'Warming up: it grew at the start and has settled',
  'bounded-cache': 'A cache that has reached its bound',
  load: 'Follows the load: it grows and shrinks with the work',
  'gc-sawtooth': 'Garbage collection: it rises and is given back',
  'allocator-retention': 'Freed, but kept by the allocator',
  step: 'Grew in one step and has stayed there',
  slowing: 'Growth is slowing',
  flat: 'Flat',
  unknown: 'Not enough history to tell what kind',
};

export function classWord(name: string): string {
  return classWords[name] ?? name;
}

const wallWords: Readonly<Record<string, string>> = {
  limit_bytes: 'its memory limit',
  host_memory: 'the end of memory',
  rlimit_nofile: 'its limit of open files',
};

export function wallWord(wall: string): string {
  return wallWords[wall] ?? wall;
}

const resourceWords: Record<Resource, string> = {
  memory: 'Private memory',
  shmem: 'Shared memory',
  fds: 'Open files',
  sockets: 'Sockets',
  threads: 'Threads',
  processes: 'Processes',
  kernel: 'Kernel memory',
};

export function resourceWord(resource: Resource): string {
  return resourceWords[resource];
}

export const resources: readonly Resource[] = ['memory', 'shmem', 'fds', 'sockets', 'threads', 'processes', 'kernel'];

/** The interval has zero outside. */
export function isSureGrowth({ low, high }: Slope): boolean {
  return low > 0 || high < 0;
}

/** `182 MiB/h`, `14 open files/h`. */
export function rateWords(slope: Slope, resource: Resource): string {
  if (slope.unit === 'bytes') return formatRate(slope.perHour, 'bytes');
  return formatRate(slope.perHour, 'count').replace('/h', ` ${resourceWord(resource).toLowerCase()}/h`);
}

const fdKindWords: Readonly<Record<string, string>> = {
  file: 'files',
  deleted: 'files that are deleted',
  socket: 'sockets',
  pipe: 'pipes',
  anon: 'descriptors of the kernel',
  memfd: 'pieces of memory (memfd)',
  device: 'devices',
  other: 'others',
};

export function fdKindWord(kind: string): string {
  return fdKindWords[kind] ?? kind;
}

const originWords: Readonly<Record<string, string>> = {
  'systemd-unit': 'systemd unit',
  container: 'container',
  'php-fpm-pool': 'php-fpm pool',
  'php-cgi': 'PHP of a user',
  apache: 'Apache',
  litespeed: 'LiteSpeed',
  pm2: 'pm2 app',
  supervisord: 'supervisord program',
  'cron-job': 'cron job',
  'user-session': 'user session',
  executable: 'executable',
  kernel: 'kernel',
};

export function originWord(origin: string): string {
  return originWords[origin] ?? origin;
}

const stateWords: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting for disk',
  Z: 'zombie',
  T: 'stopped',
  t: 'being traced',
  I: 'idle',
  X: 'dead',
};

export function processStateWord(state: string): string {
  return stateWords[state] ?? state;
}
