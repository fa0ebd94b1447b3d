/** Which channel is to hear what of an incident now. Pure: the same incident and the same history give the same answer. */
import { type Incident, isOpen, type Severity } from '../model/incident.ts';
import type { ChannelSettings, NotifySettings } from '../model/settings.ts';
import type { MessageKind } from './message.ts';
import { isOnCall } from './onCall.ts';
import { isAtLeast } from './severity.ts';

/** The latest that a channel was told of an incident. */
export interface Told {
  kind: MessageKind;
  severity: Severity;
  subjectName: string;
  atMs: number;
}

/** Alertmanager takes an alert for over that is not sent again. */
const alertmanagerEveryMs = 60_000;

export function nextMessage(
  incident: Incident,
  channel: ChannelSettings,
  told: Told | null,
  settings: NotifySettings,
  nowMs: number,
): MessageKind | null {
  if (!isOpen(incident)) return told === null || told.kind === 'resolved' || !mayEnd(channel, nowMs) ? null : 'resolved';
  if (channel.kind === 'alertmanager') return alertmanagerMessage(incident, channel, told, nowMs);
  if (incident.state === 'silenced' || !isAtLeast(incident.severity, channel.leastSeverity)) return null;
  if (!isOnCall(channel.hours, nowMs)) return null;
  const isNews = told === null || told.kind === 'resolved';
  const isWaiting = incident.state !== 'acknowledged';
  // Open, come back, or heard again after a silence: from then on nobody has acknowledged it.
  const waitedMs = nowMs - incident.stateSinceMs;
  if (isNews && channel.step > 0) return isWaiting && waitedMs >= channel.step * settings.escalateAfterMs ? 'escalated' : null;
  if (told === null) return 'opened';
  if (told.kind === 'resolved') return 'recurred';
  if (told.subjectName !== incident.subjectName) return 'culprit';
  if (told.severity !== incident.severity && isAtLeast(incident.severity, told.severity)) return 'worse';
  // Not before that by the clock, which may have been set back.
  const isHeardAgain = incident.state === 'open' && told.atMs < incident.stateSinceMs && nowMs >= incident.stateSinceMs;
  return isHeardAgain || (isWaiting && nowMs - told.atMs >= settings.remindMs) ? 'reminder' : null;
}

/** The end is no reason to wake anybody: it is told when they are on call again. Where an alert stands until then, it ends at once. */
function mayEnd({ kind, hours }: ChannelSettings, nowMs: number): boolean {
  return kind === 'pagerduty' || kind === 'alertmanager' || isOnCall(hours, nowMs);
}

/** It groups, silences and reminds by itself. */
function alertmanagerMessage(
  { severity }: Incident,
  { leastSeverity }: ChannelSettings,
  told: Told | null,
  nowMs: number,
): MessageKind | null {
  if (!isAtLeast(severity, leastSeverity)) return null;
  if (told === null) return 'opened';
  if (told.kind === 'resolved') return 'recurred';
  return nowMs - told.atMs >= alertmanagerEveryMs ? 'reminder' : null;
}
