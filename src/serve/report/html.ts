/** The report as one HTML file that asks nobody for anything: no script, no font, no picture from elsewhere. Pure. */
import { formatTime } from '../../model/units.ts';
import type { ReportDocument } from '../schema.ts';
import { escapeXml } from './escapeXml.ts';
import { seriesPicture } from './picture.ts';
import { doneOf, evidenceOf, factsOf } from './words.ts';

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#111827;background:#fff}
h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin-top:2rem}
th{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top;white-space:nowrap}td{overflow-wrap:anywhere}
svg{max-width:100%;height:auto;border:1px solid #e5e7eb}time{color:#4b5563;font-variant-numeric:tabular-nums}
code{display:block;background:#f3f4f6;padding:.5rem;overflow-x:auto}footer{margin-top:3rem;color:#4b5563;font-size:.875rem}`;

export function reportHtml(report: ReportDocument): string {
  const { incident, verdict, timeline } = report.incident;
  const title = escapeXml(incident.title);
  const facts = factsOf(report).map(({ label, text }) => `<tr><th scope="row">${escapeXml(label)}</th><td>${escapeXml(text)}</td></tr>`);
  const reasons = (verdict?.reasons ?? []).map(
    ({ for: side, text }) => `<li><strong>${side === 'leak' ? 'for' : 'against'}</strong> ${escapeXml(text)}</li>`,
  );
  const next = report.next.map(
    ({ text, command }) => `<li>${escapeXml(text)}${command === null ? '' : `<code>${escapeXml(command)}</code>`}</li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<h1>${title}</h1>
<table>${facts.join('')}</table>
${section(`${report.series?.resource ?? ''} over time`, report.series === null ? '' : seriesPicture(report.series, `${report.series.resource} of ${incident.subjectName} over time`))}
${section('Memory and swap left on the server', report.headroom === null ? '' : seriesPicture(report.headroom, 'Memory and swap left on the server over time'))}
${section('Why stanch says so', list(reasons))}
${section('What happened', list(timeline.map(moment)))}
${section('Evidence', list(evidenceOf(report).map((text) => `<li>${escapeXml(text)}</li>`)))}
${section('What was done', list(doneOf(report).map(moment)))}
${section('What to do', list(next))}
<footer>${escapeXml(incident.id)}, told by stanch ${escapeXml(report.version)} on ${escapeXml(report.hostName)} at ${formatTime(Date.parse(report.time))}</footer>
</body>
</html>
`;
}

function moment({ time, text }: { time: string; text: string }): string {
  const at = formatTime(Date.parse(time));
  return `<li><time datetime="${at}">${at}</time> ${escapeXml(text)}</li>`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '' : `<ul>${items.join('')}</ul>`;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `<h2>${escapeXml(title)}</h2>\n${body}`;
}
