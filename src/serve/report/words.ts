/** The sentences of a report, for whichever format. Pure. */
import { formatBytes, formatDuration, formatTime } from '../../model/units.ts';
import { wallPhrase } from '../../model/wall.ts';
import type { ReportDocument } from '../schema.ts';

export interface Fact {
  label: string;
  text: string;
}

export function factsOf({ incident: { incident, verdict }, hostName, time, memTotalBytes, series }: ReportDocument): Fact[] {
  const nowMs = Date.parse(time);
  const amount = (value: number, unit = series?.unit) => (unit === 'bytes' ? formatBytes(value) : `${Number(value.toPrecision(3))}`);
  const facts: Fact[] = [{ label: 'Server', text: `${hostName}${memTotalBytes === null ? '' : `, ${formatBytes(memTotalBytes)} of RAM`}` }];
  facts.push({ label: 'Who', text: incident.subjectId === null ? 'not known' : incident.subjectName });
  facts.push({
    label: 'State',
    text: `${incident.state}, ${incident.severity}${incident.owner === null ? '' : `, taken care of by ${incident.owner}`}`,
  });
  facts.push({ label: 'Noticed', text: formatTime(Date.parse(incident.opened)) });
  if (incident.recurrences > 0)
    facts.push({ label: 'Came back', text: incident.recurrences === 1 ? 'once' : `${incident.recurrences} times` });
  if (verdict === null) return facts;
  const { slope, onset, exhaustion, probability, resource } = verdict;
  facts.push({
    label: 'Verdict',
    text: `${verdict.verdict} of ${resource}, ${verdict.class}, ${Math.floor(probability * 1000) / 10} % sure`,
  });
  if (onset !== null) facts.push({ label: 'Since', text: formatTime(Date.parse(onset)) });
  if (slope !== null)
    facts.push({
      label: 'Grows',
      text: `${amount(slope.perHour, slope.unit)} an hour (${amount(slope.low, slope.unit)} to ${amount(slope.high, slope.unit)})`,
    });
  const first = series?.floor.find((value) => value !== null);
  const last = series?.floor.findLast((value) => value !== null);
  if (typeof first === 'number' && typeof last === 'number')
    facts.push({ label: 'From, to', text: `${amount(first)}, ${amount(last)} now` });
  if (exhaustion !== null && incident.state !== 'resolved') {
    const until = (moment: string) => formatDuration(Date.parse(moment) - nowMs);
    const to = exhaustion.high === null ? 'never' : until(exhaustion.high);
    facts.push({
      label: 'Ends',
      text: `in ${until(exhaustion.at)} (${until(exhaustion.low)} to ${to}), at ${wallPhrase(exhaustion.wall)}`,
    });
  }
  return facts;
}

/** What was done, and by whom. */
export function doneOf({ incident: { timeline, notes } }: ReportDocument): { time: string; text: string }[] {
  const actions = timeline.filter(({ kind }) => kind === 'action' || kind === 'change').map(({ time, text }) => ({ time, text }));
  return [...actions, ...notes.map(({ time, by, text }) => ({ time, text: `Note of ${by}: ${text}` }))].sort((a, b) =>
    a.time < b.time ? -1 : 1,
  );
}

export function evidenceOf({ incident: { timeline }, openFiles }: ReportDocument): string[] {
  return [...timeline.filter(({ kind }) => kind === 'evidence').map(({ text }) => text), ...(openFiles?.summary ?? [])];
}
