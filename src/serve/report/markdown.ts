/** The report as Markdown, for a ticket. Pure. */
import { formatBytes, formatTime } from '../../model/units.ts';
import type { ReportDocument } from '../schema.ts';
import { doneOf, evidenceOf, factsOf } from './words.ts';

const rows = 12;

export function reportMarkdown(report: ReportDocument): string {
  const { incident, verdict, timeline, droppedEvents } = report.incident;
  const reasons = (verdict?.reasons ?? []).map(({ for: side, text }) => `- ${side === 'leak' ? 'for' : 'against'}: ${plain(text)}`);
  const events = timeline.map(({ time, text }) => `- ${timeText(time)} ${plain(text)}`);
  const left = droppedEvents > 0 ? [`- (${droppedEvents} left out from the middle)`] : [];
  const blocks = [
    `# ${plain(incident.title)}`,
    factsOf(report)
      .map(({ label, text }) => `- **${label}:** ${plain(text)}`)
      .join('\n'),
    section('Why stanch says so', reasons),
    seriesTable(report),
    section('What happened', [...events, ...left]),
    section(
      'Evidence',
      evidenceOf(report).map((text) => `- ${plain(text)}`),
    ),
    section(
      'What was done',
      doneOf(report).map(({ time, text }) => `- ${timeText(time)} ${plain(text)}`),
    ),
    section(
      'What to do',
      report.next.map(({ text, command }) => `- ${plain(text)}${command === null ? '' : `\n\n      ${command}`}`),
    ),
    `_${plain(incident.id)}, told by stanch ${plain(report.version)} on ${plain(report.hostName)} at ${timeText(report.time)}_`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n\n${lines.join('\n')}`;
}

/** The picture of those who read text. */
function seriesTable({ series }: ReportDocument): string {
  if (series === null || series.timeMs.length === 0) return '';
  const step = Math.max(1, Math.floor((series.timeMs.length - 1) / rows));
  const picked = series.timeMs
    .map((timeMs, index) => ({ timeMs, floor: series.floor[index] ?? null }))
    .filter((_point, index) => index % step === 0);
  const lines = picked.map(
    ({ timeMs, floor }) =>
      `| ${formatTime(timeMs)} | ${floor === null ? 'not seen' : series.unit === 'bytes' ? formatBytes(floor) : floor} |`,
  );
  return `## ${series.resource} over time\n\n| time | floor |\n| --- | ---: |\n${lines.join('\n')}`;
}

function timeText(time: string): string {
  return formatTime(Date.parse(time));
}

/** What acts in Markdown or HTML is escaped; a line end begins nothing. */
function plain(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ')
    .replace(/[\\`*_{}[\]()#+!|<>~&@]/g, '\\$&')
    .replace(/:\/\//g, '\\://');
}
