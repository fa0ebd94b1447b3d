/** Incidents in a terminal: the list, and one in full. Pure. */
import { formatTime } from '../model/units.ts';
import type { IncidentDocument, IncidentRow, IncidentsDocument } from '../serve/schema.ts';
import type { Colour } from './paint.ts';
import { agoPhrase, exhaustionPhrase, slopeWithInterval } from './phrases.ts';
import { fit, printable } from './printable.ts';
import type { Look } from './statusReport.ts';

const maxEvents = 30;
const maxReasons = 5;
const colours: Record<string, Colour> = { critical: 'red', warning: 'yellow', info: 'dim' };

export function incidentList({ incidents, time }: IncidentsDocument, look: Look): string {
  if (incidents.length === 0) return 'No incident. Nothing is the matter as far as stanch has seen.\n';
  const nowMs = Date.parse(time);
  const open = incidents.filter(({ state }) => state !== 'resolved');
  const lines = incidents.map((incident) => listLine(incident, nowMs, look));
  const next = open[0] ?? incidents[0];
  return `${open.length} open, ${incidents.length - open.length} over\n\n${lines.join('\n')}\n\nstanch incidents show ${next?.id ?? ''}\n`;
}

function listLine(incident: IncidentRow, nowMs: number, { paint, width }: Look): string {
  const isOver = incident.state === 'resolved';
  const word = (isOver ? 'over' : incident.severity).padEnd(9);
  const title = fit(printable(incident.title), Math.max(30, width - 11));
  const owner = incident.owner === null ? '' : `, ${printable(incident.owner)}`;
  const facts = `${incident.id}  ${incident.state}${owner}, began ${agoPhrase(incident.opened, nowMs)}`;
  return `${paint(isOver ? 'dim' : (colours[incident.severity] ?? 'bold'), word)} ${title}\n          ${paint('dim', facts)}`;
}

export function incidentText(document: IncidentDocument, look: Look): string {
  const { incident, verdict, time } = document;
  const { paint } = look;
  const nowMs = Date.parse(time);
  const lines: string[] = [];
  const add = (label: string, text: string) => lines.push(`  ${label.padEnd(9)}${printable(text)}`);
  add('id', incident.id);
  add('state', stateText(incident));
  add('began', `${agoPhrase(incident.opened, nowMs)}, ${formatTime(Date.parse(incident.opened))}`);
  if (verdict !== null && verdict.slope !== null) add('grows', slopeWithInterval(verdict.slope));
  if (incident.exhaustion !== null) add('ends', exhaustionPhrase(incident.exhaustion, nowMs));
  if (incident.state !== 'resolved') for (const concern of incident.concerns) add('now', concern);
  for (const { text, for: side } of verdict?.reasons.slice(0, maxReasons) ?? []) add(side === 'leak' ? 'for' : 'against', text);
  const word = paint(colours[incident.severity] ?? 'bold', incident.state === 'resolved' ? 'OVER' : incident.severity.toUpperCase());
  const blocks = [
    `${word}  ${printable(incident.title)}`,
    lines.join('\n'),
    timeline(document),
    notes(document),
    told(document),
    next(incident),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function stateText({ state, owner, silencedUntil, recurrences }: IncidentRow): string {
  const who = owner === null ? '' : ` by ${owner}`;
  const until = silencedUntil === null ? '' : ` until ${formatTime(Date.parse(silencedUntil))}`;
  const again = recurrences === 0 ? '' : `, came back ${recurrences === 1 ? 'once' : `${recurrences} times`}`;
  return `${state}${state === 'acknowledged' ? who : ''}${until}${again}`;
}

function timeline({ timeline: events, droppedEvents }: IncidentDocument): string {
  const shown = events.slice(-maxEvents);
  const hidden = events.length - shown.length + droppedEvents;
  const more = hidden > 0 ? [`  … ${hidden} earlier: --json has them`] : [];
  return ['timeline', ...more, ...shown.map(({ time, text }) => `  ${formatTime(Date.parse(time))}  ${printable(text)}`)].join('\n');
}

function notes({ notes: given }: IncidentDocument): string {
  if (given.length === 0) return '';
  return ['notes', ...given.map(({ time, by, text }) => `  ${formatTime(Date.parse(time))}  ${printable(by)}: ${printable(text)}`)].join(
    '\n',
  );
}

function told({ messages }: IncidentDocument): string {
  if (messages.length === 0) return '';
  const lines = messages.slice(-10).map(({ time, channel, kind, state, attempts, error }) => {
    const trouble = error === null ? '' : `, ${attempts} tries: ${printable(error)}`;
    return `  ${formatTime(Date.parse(time))}  ${printable(channel)}: ${kind}, ${state}${trouble}`;
  });
  return ['told', ...lines].join('\n');
}

function next({ id, state }: IncidentRow): string {
  return state === 'resolved' ? `stanch report ${id}` : `stanch incidents ack ${id}\nstanch report ${id} --html > report.html`;
}
