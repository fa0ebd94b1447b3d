/** What is told of an incident, as every channel gets it. Pure; names are not escaped, each channel does that for its own format. */
import type { Incident, Severity } from '../model/incident.ts';
import { formatBytes, formatDuration, formatTime } from '../model/units.ts';
import { incidentTitle } from './title.ts';

/** `culprit`: who causes it is known now. */
const messageKinds = ['opened', 'culprit', 'worse', 'reminder', 'escalated', 'recurred', 'resolved', 'test'] as const;
export type MessageKind = (typeof messageKinds)[number];

export interface Message {
  /** The same for the same message, however often it is sent. */
  key: string;
  kind: MessageKind;
  incidentId: string;
  title: string;
  severity: Severity;
  hostName: string;
  subjectName: string;
  /** Null: not a verdict. */
  resource: string | null;
  /** One fact a line. */
  facts: string[];
  link: string | null;
  /** Since when the incident is open. */
  startedMs: number;
  atMs: number;
}

const maxFacts = 8;

export function messageOf(
  incident: Incident,
  { key, kind, hostName, pageUrl, nowMs }: { key: string; kind: MessageKind; hostName: string; pageUrl: string | null; nowMs: number },
): Message {
  return {
    key,
    kind,
    incidentId: incident.id,
    title: incidentTitle(incident, nowMs).slice(0, 500),
    severity: incident.severity,
    hostName,
    subjectName: incident.subjectName,
    resource: incident.verdict?.resource ?? null,
    facts: factsOf(incident, nowMs),
    link: pageUrl === null ? null : `${pageUrl.replace(/\/$/, '')}/#/incident/${encodeURIComponent(incident.id)}`,
    startedMs: incident.recurrences > 0 ? incident.stateSinceMs : incident.openedMs,
    atMs: nowMs,
  };
}

function factsOf({ id, verdict, concerns, timeline, state }: Incident, nowMs: number): string[] {
  const facts: string[] = [];
  if (verdict !== null && state !== 'resolved') {
    const { slope, onset, exhaustion, probability, reasons } = verdict;
    const amount = (value: number) => (slope?.unit === 'bytes' ? formatBytes(value) : `${Number(value.toPrecision(3))}`);
    if (slope !== null) facts.push(`Grows ${amount(slope.perHour)} an hour (${amount(slope.low)} to ${amount(slope.high)}).`);
    if (onset !== null) facts.push(`Since ${formatTime(Date.parse(onset))}.`);
    if (exhaustion !== null)
      facts.push(
        `Ends in ${until(exhaustion.at, nowMs)} (${until(exhaustion.low, nowMs)} to ${exhaustion.high === null ? 'never' : until(exhaustion.high, nowMs)}).`,
      );
    facts.push(
      `${Math.floor(probability * 1000) / 10} % sure: ${reasons.find((reason) => reason.for === 'leak')?.text ?? 'see its reasons'}`,
    );
  }
  for (const { text } of concerns) facts.push(`Now: ${text}.`);
  const last = timeline.findLast(({ kind }) => kind === 'kill' || kind === 'stage' || kind === 'action');
  if (last !== undefined) facts.push(last.text);
  return [...facts.slice(0, maxFacts - 1), `Next: stanch incidents show ${id}`];
}

function until(moment: string, nowMs: number): string {
  return formatDuration(Date.parse(moment) - nowMs);
}

/** `[critical] web-1: shop.service leaks memory …`. */
export function headline({ kind, severity, hostName, title }: Message): string {
  const word =
    kind === 'resolved'
      ? 'resolved'
      : kind === 'test'
        ? 'test'
        : kind === 'reminder' || kind === 'escalated'
          ? `${severity}, ${kind}`
          : severity;
  return `[${word}] ${hostName}: ${title}`;
}
