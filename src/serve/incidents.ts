/** `/api/v1/incidents`, and what people do to one. */
import { type Incident, isOpen } from '../model/incident.ts';
import type { Delivery } from '../tell/delivery.ts';
import type { Handling } from '../tell/handling.ts';
import { incidentTitle } from '../tell/title.ts';
import { HttpProblem } from './problem.ts';
import type { AuditDocument, IncidentDocument, IncidentRow, IncidentsDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

export function incidentsDocument(
  source: LiveSource,
  { state, limit }: { state: 'open' | 'resolved' | 'all'; limit: number },
): IncidentsDocument {
  const nowMs = source.nowMs();
  const wanted = source.incidents.incidents().filter((incident) => state === 'all' || isOpen(incident) === (state === 'open'));
  return {
    schema: 'stanch.incidents/1',
    time: new Date(nowMs).toISOString(),
    incidents: wanted.slice(0, limit).map((incident) => incidentRow(incident, nowMs)),
  };
}

export function incidentDocument(source: LiveSource, id: string): IncidentDocument {
  const incident = source.incidents.incident(id);
  if (incident === null) throw noSuchIncident(id);
  const nowMs = source.nowMs();
  return {
    schema: 'stanch.incident/1',
    time: new Date(nowMs).toISOString(),
    incident: incidentRow(incident, nowMs),
    verdict: incident.verdict,
    findingIds: incident.findingIds,
    timeline: incident.timeline.map(({ atMs, ...event }) => ({ time: timeOf(atMs), ...event })),
    droppedEvents: incident.droppedEvents,
    notes: incident.notes.map(({ atMs, by, text }) => ({ time: timeOf(atMs), by, text })),
    messages: source.incidents.deliveries(id).map(messagePart),
  };
}

/** Puts down who it was, then does it. */
export function handleIncident(source: LiveSource, id: string, handling: Handling, who: { by: string; address: string }): IncidentDocument {
  if (source.incidents.incident(id) === null) throw noSuchIncident(id);
  const { action, ...rest } = handling;
  source.audit.write({
    atMs: source.nowMs(),
    ...who,
    action: `incident.${action}`,
    subject: id,
    detail: Object.keys(rest).length === 0 ? '' : JSON.stringify(rest),
  });
  if (source.incidents.handle(id, handling, who.by) === null) {
    throw new HttpProblem(409, 'STANCH_E_USAGE', {
      expected: 'an incident that is open',
      found: 'one that is over',
      next: 'GET /api/v1/incidents?state=open lists the open ones.',
    });
  }
  return incidentDocument(source, id);
}

export function auditDocument(source: LiveSource, limit: number): AuditDocument {
  const entries = source.audit.read(limit).map(({ atMs, ...entry }) => ({ time: timeOf(atMs), ...entry }));
  return { schema: 'stanch.audit-log/1', time: timeOf(source.nowMs()), entries };
}

function incidentRow(incident: Incident, nowMs: number): IncidentRow {
  const { id, subjectId, subjectName, state, severity, owner, recurrences, verdict, concerns } = incident;
  return {
    id,
    title: incidentTitle(incident, nowMs),
    subjectId,
    subjectName,
    state,
    stateSince: timeOf(incident.stateSinceMs),
    severity,
    opened: timeOf(incident.openedMs),
    lastSeen: timeOf(incident.lastSeenMs),
    silencedUntil: incident.silencedUntilMs === null ? null : timeOf(incident.silencedUntilMs),
    owner,
    recurrences,
    resource: verdict?.resource ?? null,
    exhaustion: isOpen(incident) ? (verdict?.exhaustion ?? null) : null,
    concerns: concerns.map(({ text }) => text),
  };
}

function messagePart({ channel, message, state, attempts, error }: Delivery): IncidentDocument['messages'][number] {
  return { time: timeOf(message.atMs), channel, kind: message.kind, state, attempts, error };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function noSuchIncident(id: string): HttpProblem {
  return new HttpProblem(404, 'STANCH_E_NO_INPUT', {
    expected: 'the id of an incident',
    found: JSON.stringify(id.slice(0, 80)),
    next: 'List the ids: GET /api/v1/incidents',
  });
}
