/** What an incident is called: culprit, resource, time left. As of a moment, for time runs. Pure. */
import type { Incident } from '../model/incident.ts';
import { formatBytes, formatDuration } from '../model/units.ts';
import type { Exhaustion, Resource, Slope } from '../model/verdict.ts';
import { wallPhrase } from '../model/wall.ts';

const resourceNames: Record<Resource, string> = {
  memory: 'memory',
  shmem: 'shared memory',
  fds: 'open files',
  sockets: 'sockets',
  threads: 'threads',
  processes: 'processes',
  kernel: 'kernel memory',
};

/** `shop.service leaks memory, 120 MiB an hour: memory and swap of this host end in 3 h 20 min`. */
export function incidentTitle(incident: Incident, nowMs: number): string {
  const { subjectName, verdict } = incident;
  if (incident.state === 'resolved')
    return verdict === null ? `Over: ${past(incident)}` : `${subjectName} no longer leaks ${resourceNames[verdict.resource]}`;
  if (verdict === null) return past(incident);
  const verb = verdict.verdict === 'leak' ? 'leaks' : 'may leak';
  const left = verdict.exhaustion === null ? '' : `: ${timeLeft(verdict.exhaustion, nowMs)}`;
  return `${subjectName} ${verb} ${resourceNames[verdict.resource]}${speed(verdict.slope)}${left}`;
}

function past({ subjectName, concerns, timeline }: Incident): string {
  const [concern] = concerns;
  if (concern !== undefined) return `${concern.subjectName}: ${concern.text}`;
  return `${subjectName}: ${timeline.findLast(({ kind }) => kind === 'kill')?.text ?? 'it was in trouble'}`;
}

function speed(slope: Slope | null): string {
  if (slope === null) return '';
  return `, ${slope.unit === 'bytes' ? formatBytes(slope.perHour) : Number(slope.perHour.toPrecision(3))} an hour`;
}

function timeLeft({ at, wall }: Exhaustion, nowMs: number): string {
  const leftMs = Date.parse(at) - nowMs;
  return leftMs > 0 ? `${formatDuration(leftMs)} until it has used up ${wallPhrase(wall)}` : `it has used up ${wallPhrase(wall)}`;
}
