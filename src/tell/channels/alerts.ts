/** Messages as alerts in the words of Prometheus: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Pure. */
import { createHash } from 'node:crypto';
import type { Message } from '../message.ts';

export interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL: string;
}

/** Sent again each minute; after so long without, the leak is over or stanch is gone. */
const staleAfterMs = 300_000;
/** Of a time that is not known: an alert that fires. */
export const firing = '0001-01-01T00:00:00Z';

/** What makes an alert the same one is in its labels: they do not change while the incident lasts. */
function labelsOf({ incidentId, subjectName, hostName }: Message): Record<string, string> {
  return { alertname: 'StanchIncident', instance: hostName, workload: subjectName, incident: incidentId };
}

export function alertOf(message: Message): Alert {
  const isOver = message.kind === 'resolved' || message.kind === 'test';
  return {
    labels: labelsOf(message),
    annotations: {
      summary: message.title,
      description: message.facts.join('\n'),
      severity: message.severity,
      ...(message.resource === null ? {} : { resource: message.resource }),
    },
    startsAt: new Date(message.startedMs).toISOString(),
    endsAt: new Date(isOver ? message.atMs : message.atMs + staleAfterMs).toISOString(),
    generatorURL: message.link ?? '',
  };
}

export function fingerprintOf(labels: Record<string, string>): string {
  const text = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => JSON.stringify(pair))
    .join();
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
