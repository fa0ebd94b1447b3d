/** Ids of subjects: safe in a URL, the same after a restart of the daemon or the host. */
import { createHash } from 'node:crypto';
import type { ProcessId, WorkloadOrigin } from '../model/subject.ts';

export function workloadSubjectId(origin: WorkloadOrigin, key: string, user: string | undefined): string {
  // NUL can stand in none of the parts, so that no two different workloads make the same text.
  const digest = createHash('sha256')
    .update(`${origin}\0${key}\0${user ?? ''}`)
    .digest('hex');
  return `w-${digest.slice(0, 12)}`;
}

export function processSubjectId(id: ProcessId): string {
  const boot = id.bootId
    .replace(/[^0-9a-f]/g, '')
    .slice(0, 4)
    .padEnd(4, '0');
  return `p-${id.pid}-${id.startTimeTicks}-${boot}`;
}
