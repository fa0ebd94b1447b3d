/** `/api/v1/incidents/{id}/report`: the incident, its numbers over time, and what to do. */

import { valueOrNull } from '../../model/reading.ts';
import { hostSubject } from '../../model/subject.ts';
import type { Resource } from '../../model/verdict.ts';
import { incidentDocument } from '../incidents.ts';
import type { IncidentDocument, ReportDocument } from '../schema.ts';
import { seriesDocument } from '../series.ts';
import type { LiveSource } from '../source.ts';
import { subjectDetail } from '../subjects.ts';

const points = 240;
/** So much of the time before it began. */
const atLeastBeforeMs = 3_600_000;
const atMostMs = 90 * 86_400_000;

export function reportDocument(source: LiveSource, id: string): ReportDocument {
  const incident = incidentDocument(source, id);
  const { verdict } = incident;
  const subjectId = incident.incident.subjectId ?? hostSubject.id;
  const nowMs = source.nowMs();
  const toMs = incident.incident.state === 'resolved' ? Math.min(nowMs, Date.parse(incident.incident.stateSince) + atLeastBeforeMs) : nowMs;
  const beganMs = Math.min(Date.parse(verdict?.onset ?? incident.incident.opened), Date.parse(incident.incident.opened));
  const fromMs = Math.max(toMs - atMostMs, beganMs - Math.max(atLeastBeforeMs, (toMs - beganMs) / 4));
  const range = { fromMs, toMs, points };
  return {
    schema: 'stanch.report/1',
    time: new Date(nowMs).toISOString(),
    version: source.version,
    hostName: source.hostName,
    memTotalBytes: valueOrNull(source.scan().host.memTotalBytes),
    incident,
    series: verdict === null ? null : seriesDocument(source, { subjectId, resource: verdict.resource, ...range }),
    headroom: seriesDocument(source, { subjectId: hostSubject.id, resource: 'headroom', ...range }),
    openFiles: subjectDetail(source, subjectId)?.openFiles ?? null,
    next: nextSteps(incident),
  };
}

const whereToLook: Record<Resource, string> = {
  memory:
    'Look for what is added to and never taken from: caches without a bound, lists of listeners, sessions, closures that are kept, buffers of requests that never end.',
  shmem: 'Look for shared memory and files in /dev/shm or on tmpfs that are made and never removed.',
  fds: 'Look for files and connections that are opened and not closed on every way out, above all on the way of an error.',
  sockets: 'Look for connections that the other side closed and this one did not, and for pools without a bound.',
  threads: 'Look for threads or pools that are started for each request or each reload, and never ended.',
  processes: 'Look for children that are started and never ended, or that ended and are never waited for.',
  kernel: 'Look at the kernel: its modules, its version, and what of /proc/slabinfo grows.',
};

function nextSteps({ incident, verdict, timeline }: IncidentDocument): ReportDocument['next'] {
  const steps: ReportDocument['next'] = [];
  if (verdict !== null) steps.push({ text: whereToLook[verdict.resource], command: null });
  const hasEvidence = timeline.some(({ kind }) => kind === 'evidence');
  if (incident.subjectId !== null && !hasEvidence) {
    steps.push({
      text: 'No evidence of the place in the code was taken so far. On the server, while it runs:',
      command: `stanch why ${incident.subjectId}`,
    });
  }
  steps.push({ text: 'Where the memory of the whole server is:', command: 'stanch where' });
  if (verdict !== null) {
    steps.push({
      text: 'When it is fixed, make sure in CI that it stays so; the program and a load that drives it:',
      command: 'stanch check --load "COMMAND" -- PROGRAM',
    });
  }
  return steps;
}
