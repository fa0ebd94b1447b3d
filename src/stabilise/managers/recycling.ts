/** Workers that end when they are asked, after what they are at, and that their master replaces. */
import type { Target, TargetProcess } from '../target.ts';

export interface Recycling {
  /** Largest first, without the master. */
  workers: TargetProcess[];
  signal: NodeJS.Signals;
  meaning: string;
}

export function recycling({ subject, processes, unit }: Target): Recycling | null {
  if (subject.origin === 'php-fpm-pool') return { workers: processes, signal: 'SIGQUIT', meaning: 'it ends after its request' };
  const own = new Set(processes.map(({ id }) => id.pid));
  const workers = processes.filter(({ parentPid }) => own.has(parentPid));
  if (workers.length === 0) return null;
  const command = processes[0]?.command ?? '';
  const isApache = subject.origin === 'apache' || /^(?:apache2|httpd)\.service$/.test(unit ?? '');
  if (isApache) return { workers, signal: 'SIGUSR1', meaning: 'it ends when it has answered' };
  if (/\bgunicorn\b/.test(command)) return { workers, signal: 'SIGTERM', meaning: 'it ends after its requests' };
  if (/\buwsgi\b/.test(command)) return { workers, signal: 'SIGHUP', meaning: 'it ends after its request' };
  return null;
}
