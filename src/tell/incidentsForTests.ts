/** Findings, concerns and incidents as the stages make them. */
import type { Finding } from '../model/finding.ts';
import type { Concern, Incident } from '../model/incident.ts';
import type { ChannelSettings } from '../model/settings.ts';
import type { ResourceVerdict } from '../model/verdict.ts';
import { type News, stepIncidents } from './grouping.ts';
import { type Message, messageOf } from './message.ts';

export const startMs = Date.parse('2026-01-02T03:04:05Z');
export const hourMs = 3_600_000;
/** What a process may name itself: ends of lines, quotes, markup of every format, a terminal's and a right-to-left mark. */
export const hostileName =
  'web "q" \\ back\r\nBcc: x@evil.example <script>alert(1)</script> {x="1"} `id` $(id) *b* [a](http://evil) ]]> \u001b[31m \u202e & %s';

export function findingOf(
  changes: Partial<Finding> & { resource?: ResourceVerdict['resource']; endsInMs?: number; wall?: string } = {},
): Finding {
  const { resource = 'memory', endsInMs = 100 * hourMs, wall = 'host_memory', ...rest } = changes;
  const at = (ms: number) => new Date(startMs + ms).toISOString();
  const verdict: ResourceVerdict = {
    resource,
    verdict: 'leak',
    class: 'leak',
    probability: 0.998,
    onset: at(-hourMs),
    detectedAt: at(0),
    slope: { perHour: 100 * 1024 ** 2, low: 90 * 1024 ** 2, high: 110 * 1024 ** 2, unit: 'bytes' },
    exhaustion: { at: at(endsInMs), low: at(endsInMs * 0.9), high: at(endsInMs * 1.1), wall },
    urgency: { level: 'watch', text: '' },
    reasons: [{ rule: 'floor-rises', for: 'leak', text: 'the floor rises' }],
  };
  return {
    id: `f-${rest.subjectId ?? 'w-web'}-${resource}`,
    subjectId: 'w-web',
    subjectName: 'web.service',
    state: 'confirmed',
    stateSinceMs: startMs,
    firstSeenMs: startMs,
    lastSeenMs: startMs,
    verdict,
    ...rest,
  };
}

export function concernOf(changes: Partial<Concern> = {}): Concern {
  return {
    key: 'stage',
    subjectId: null,
    subjectName: 'the server',
    severity: 'critical',
    sinceMs: startMs,
    text: 'it is stalling',
    ...changes,
  };
}

export function newsOf(changes: Partial<News> = {}): News {
  return { nowMs: startMs, findings: [], concerns: [], events: [], fixes: [], before: [], nameOf: (id) => id, ...changes };
}

export function incidentOf(subjectName = 'web.service'): Incident {
  const [incident] = stepIncidents([], newsOf({ findings: [findingOf({ subjectName })] }));
  if (incident === undefined) throw new Error('a confirmed finding makes an incident');
  return incident;
}

export function messageForTests(changes: Partial<Message> = {}, subjectName = hostileName): Message {
  const told = { key: 'k-1', kind: 'opened', hostName: 'web-1', pageUrl: 'https://web-1:7420', nowMs: startMs } as const;
  return { ...messageOf(incidentOf(subjectName), told), ...changes };
}

export function channelOf(changes: Partial<Pick<ChannelSettings, 'name' | 'step' | 'hours' | 'leastSeverity'>> = {}): ChannelSettings {
  return { name: 'ops', leastSeverity: 'warning', step: 0, hours: null, kind: 'slack', url: { value: 'http://127.0.0.1:1' }, ...changes };
}
