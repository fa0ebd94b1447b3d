/** The status for a tired admin: the worst first, one fact a line, aligned, nothing that does not help to decide. Pure. */
import { formatBytes, formatDuration, formatMs, formatPercent } from '../model/units.ts';
import { wallPhrase } from '../model/wall.ts';
import type { IncidentsDocument, SinceDocument, StatusDocument, SubjectRow } from '../serve/schema.ts';
import type { Paint } from './paint.ts';
import { agoPhrase, exhaustionPhrase, hostingPhrase, slopePhrase, slopeWithInterval } from './phrases.ts';
import { fit, printable } from './printable.ts';

export interface Look {
  paint: Paint;
  width: number;
}

type Verdict = SubjectRow['verdict'] & Partial<Pick<SubjectRow, 'account' | 'domain'>>;

/** What is listed in full; the rest is counted. */
const maxShown = 8;
const maxReasons = 3;
const barWidth = 24;
const maxKills = 2;
const maxIncidents = 3;

export function statusReport(
  status: StatusDocument,
  largest: readonly SubjectRow[],
  look: Look,
  since: SinceDocument | null = null,
  open: IncidentsDocument['incidents'] = [],
): string {
  const nowMs = Date.parse(status.time);
  const blocks = [
    headline(status, look),
    ...concerns(status, 'leak', nowMs, look),
    ...concerns(status, 'suspect', nowMs, look),
    beginnings(since),
    incidents(open, look),
    condition(status, nowMs, look),
    memory(status, largest, nowMs, look),
    notices(status, look),
    footer(status, look),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function headline(status: StatusDocument, { paint }: Look): string {
  const leaks = status.subjects.filter(({ verdict }) => verdict === 'leak').length;
  const suspects = status.subjects.filter(({ verdict }) => verdict === 'suspect').length;
  const { stage } = status.condition;
  const well = stage === 'healthy' || stage === 'filling' ? paint('green', 'OK') : paint('red', stage.toUpperCase());
  const word = leaks > 0 ? paint('red', 'LEAK') : suspects > 0 ? paint('yellow', 'SUSPECT') : well;
  return `${word}  ${printable(status.summary)}`;
}

function concerns(status: StatusDocument, word: 'leak' | 'suspect', nowMs: number, look: Look): string[] {
  const found = status.subjects.filter(({ verdict }) => verdict === word);
  const shown = found.slice(0, maxShown).map((verdict) => concern(verdict, nowMs, look));
  const rest = found.length - shown.length;
  return rest > 0 ? [...shown, `… and ${rest} more: stanch top`] : shown;
}

/** One leak or suspect in full. */
export function concern(verdict: Verdict, nowMs: number, { paint, width }: Look): string {
  const colour = verdict.verdict === 'leak' ? 'red' : 'yellow';
  const name = fit(printable(verdict.subject), Math.max(20, width - 12));
  const lines = [`${paint(colour, verdict.verdict.padEnd(8))}${paint('bold', name)}`];
  const add = (label: string, text: string) => lines.push(`  ${label.padEnd(9)}${text}`);
  if (hostingPhrase(verdict) !== '') add('whose', hostingPhrase(verdict));
  add('what', `${verdict.resource}, ${printable(verdict.class)}, ${Math.floor(verdict.probability * 1000) / 10} % sure`);
  if (verdict.slope !== null) add('grows', slopeWithInterval(verdict.slope));
  if (verdict.onset !== null) add('since', `${agoPhrase(verdict.onset, nowMs)}, ${verdict.onset.replace(/\.\d+Z$/, 'Z')}`);
  if (verdict.exhaustion !== null) add('ends', `${exhaustionPhrase(verdict.exhaustion, nowMs)}, at ${wallPhrase(verdict.exhaustion.wall)}`);
  const others = verdict.resources.filter((other) => other.resource !== verdict.resource && other.verdict === verdict.verdict);
  for (const other of others) add('also', `${other.resource} ${slopePhrase(other.slope)}`);
  for (const [index, reason] of verdict.reasons.slice(0, maxReasons).entries()) add(index === 0 ? 'because' : '', printable(reason.text));
  return lines.join('\n');
}

/** That some are open, and of those the titles that nothing else here says: thresholds, and what is not a leak. */
function incidents(open: IncidentsDocument['incidents'], { paint, width }: Look): string {
  if (open.length === 0) return '';
  const critical = open.filter(({ severity }) => severity === 'critical').length;
  const count = `${open.length} open${critical === 0 ? '' : `, ${critical} critical`}: stanch incidents list`;
  const others = open.filter(({ resource }) => resource === null).slice(0, maxIncidents);
  const titles = others.map(({ severity, title }) => {
    const text = fit(printable(title), Math.max(20, width - 21));
    return `           ${paint(severity === 'critical' ? 'red' : 'yellow', severity.padEnd(9))} ${text}`;
  });
  return [`incidents  ${count}`, ...titles].join('\n');
}

/** After what each began, and whether the restart since then ended it. */
function beginnings(since: SinceDocument | null): string {
  const told = (since?.subjects ?? []).flatMap(({ subjectName, sentence, fix }) => [
    ...(sentence === null ? [] : [`${subjectName}: ${sentence}`]),
    ...(fix === null || fix.word === 'unknown' ? [] : [`${subjectName}: since it was started anew, ${fix.sentence}`]),
  ]);
  return told.map((text, index) => `${(index === 0 ? 'since when' : '').padEnd(11)}${printable(text)}`).join('\n');
}

/** Nothing, while the server is well. */
function condition(
  { condition: { stage, since, because, sentence, probes }, kills }: StatusDocument,
  nowMs: number,
  { paint }: Look,
): string {
  const lines: string[] = [];
  const add = (label: string, text: string) => lines.push(`${label.padEnd(11)}${text}`);
  if (stage !== 'healthy') {
    const reasons = because.map(({ text }) => text).join(', ');
    const word = paint(stage === 'filling' || stage === 'swapping' ? 'yellow' : 'red', stage);
    add('stage', `${word} for ${formatDuration(nowMs - Date.parse(since))}${reasons === '' ? '' : `: ${printable(reasons)}`}`);
  }
  if (sentence !== null) add('why slow', printable(sentence));
  const bad = probes.filter(({ state }) => state === 'slow' || state === 'failing');
  for (const [index, probe] of bad.entries()) add(index === 0 ? 'probes' : '', probeLine(probe));
  for (const [index, kill] of kills.slice(0, maxKills).entries()) {
    add(index === 0 ? 'killed' : '', `${kill.time === null ? '' : `${agoPhrase(kill.time, nowMs)}: `}${printable(kill.sentence)}`);
  }
  if (kills.length > 0) add('', kills.length > maxKills ? 'in full, with those before: stanch oom' : 'in full: stanch oom');
  return lines.join('\n');
}

function probeLine({ name, latencyMs, failure, range, url }: StatusDocument['condition']['probes'][number]): string {
  const usual = range === null ? '' : `, usually ${formatMs(range.lowMs)} to ${formatMs(range.highMs)}`;
  const answer = latencyMs === null ? `does not answer (${failure ?? 'not asked yet'})` : `answers in ${formatMs(latencyMs)}`;
  return printable(`${name} ${answer}${usual} (${url})`);
}

function memory({ host, subjects }: StatusDocument, largest: readonly SubjectRow[], nowMs: number, look: Look): string {
  const lines: string[] = [];
  const add = (label: string, text: string) => lines.push(`${label.padEnd(11)}${text}`);
  add('memory', amountLine(host.memTotalBytes, host.memAvailableBytes, 'available', look.paint));
  if (host.swapTotalBytes === 0) add('swap', 'none');
  else add('swap', amountLine(host.swapTotalBytes, host.swapFreeBytes, 'free', look.paint));
  const held = largest
    .filter((row) => row.privateBytes !== null)
    .map((row) => {
      const name = [printable(row.name), hostingPhrase(row)].filter((text) => text !== '').join(' · ');
      return `${formatBytes(row.privateBytes ?? 0).padStart(9)}  ${fit(name, Math.max(20, look.width - 24))}`;
    });
  for (const [index, line] of held.entries()) add(index === 0 ? 'held by' : '', line);
  add('lasts', lastsText(host, subjects, nowMs));
  if (host.memoryPressureSome10 !== null) {
    const percent = (ratio: number | null) => (ratio === null ? 'unknown' : `${Math.round(ratio * 100)} %`);
    add(
      'waits',
      `some tasks ${percent(host.memoryPressureSome10)}, all ${percent(host.memoryPressureFull10)} of the last 10 s waited for memory`,
    );
  }
  return lines.join('\n');
}

function amountLine(total: number | null, free: number | null, word: string, paint: Paint): string {
  if (total === null || free === null || total <= 0) return 'unknown';
  const used = Math.min(1, Math.max(0, 1 - free / total));
  const filled = Math.round(used * barWidth);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
  return `${paint(used > 0.9 ? 'red' : used > 0.75 ? 'yellow' : 'green', bar)}  ${formatBytes(free)} ${word} of ${formatBytes(total)}`;
}

function lastsText(host: StatusDocument['host'], subjects: readonly Verdict[], nowMs: number): string {
  if (host.exhaustion !== null) return `memory and swap end ${exhaustionPhrase(host.exhaustion, nowMs)} if it goes on`;
  return subjects.some(({ verdict }) => verdict === 'leak') ? 'the host outlasts what leaks, as far as can be seen' : 'no end in sight';
}

function notices({ notices: said, time }: StatusDocument, { paint }: Look): string {
  if (said.length === 0) return '';
  const nowMs = Date.parse(time);
  return said
    .map(
      ({ code, text, since }) =>
        `${paint('yellow', 'notice')}     ${printable(text)} ${paint('dim', `(${code}, ${agoPhrase(since, nowMs)})`)}`,
    )
    .join('\n');
}

function footer({ self, intervalMs, subjects, version }: StatusDocument, { paint }: Look): string {
  const { budget } = self;
  const cpu = self.cpuRatio === null ? '' : `${formatPercent(self.cpuRatio)} of a core of ${formatPercent(budget.cpuRatio)}, `;
  const rss = `${formatBytes(self.rssBytes)} of ${formatBytes(budget.rssBytes)}`;
  const reads = self.readsPerSecond === null ? '' : `, ${Math.round(self.readsPerSecond)} reads/s of ${budget.readsPerSecond}`;
  const store = self.storeMode === 'disk' ? `${formatBytes(self.storeBytes)} on disk` : 'history in memory only';
  const own = `stanch ${version}: ${cpu}${rss}${reads}, ${store}; ${self.processCount} processes in ${self.workloadCount} workloads every ${formatDuration(intervalMs)}`;
  const next = subjects.some(({ verdict }) => verdict === 'leak' || verdict === 'suspect')
    ? 'watch it live: stanch top'
    : 'see it live: stanch top';
  const read = `Processes are read ${self.processSource.by === 'bpf' ? 'by BPF' : 'from /proc'}: ${printable(self.processSource.reason)}`;
  return `${paint('dim', own)}\n${paint('dim', read)}\nnext       ${next}`;
}
