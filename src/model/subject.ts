/** What a series is about. */
export type SubjectKind = 'process' | 'workload' | 'host' | 'probe';

/** `{bootId, pid, startTime}`: a pid alone never identifies. */
export interface ProcessId {
  bootId: string;
  pid: number;
  /** Clock ticks since boot, field 22 of /proc/[pid]/stat. */
  startTimeTicks: number;
}

/** How a workload was recognised. */
export const workloadOrigins = [
  'systemd-unit',
  'container',
  'php-fpm-pool',
  'php-cgi',
  'apache',
  'litespeed',
  'pm2',
  'supervisord',
  'cron-job',
  'user-session',
  'executable',
  'kernel',
] as const;
export type WorkloadOrigin = (typeof workloadOrigins)[number];

export interface Subject {
  /** Stable over restarts of process, daemon and host for workloads; safe in a URL: `w-…`, `p-…` or `host`. */
  id: string;
  kind: SubjectKind;
  /** What a person would call it: `nginx.service`, `php-fpm: pool www`, `node /srv/app/server.js (deploy)`. */
  name: string;
  /** The workload a process belongs to, as subject id. */
  workloadId?: string;
  origin?: WorkloadOrigin;
  user?: string;
  /** On shared hosting, the customer that it belongs to. */
  account?: string;
  /** On shared hosting, the site that it serves where that is known, else the main one of the account. */
  domain?: string;
}

export const hostSubject: Subject = { id: 'host', kind: 'host', name: 'host' };
