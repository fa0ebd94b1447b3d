/** What `stanch scan` prints for a person: what leaks first, then what is suspected, then the rest in numbers. Pure. */
import { formatTime } from '../model/units.ts';
import type { ResourceVerdict, SubjectVerdict, Urgency, VerdictWord } from '../model/verdict.ts';
import { wallPhrase } from '../model/wall.ts';
import type { LogSource } from '../series/logs/logSource.ts';
import type { Paint } from './paint.ts';
import { slopePhrase, slopeWithInterval } from './phrases.ts';
import { fit, printable } from './printable.ts';

export interface ScanReportInput {
  verdicts: readonly SubjectVerdict[];
  rowCount: number;
  /** As the user named them; `-` is standard input. */
  files: readonly string[];
  /** What is known of those files that are logs of other tools. */
  sources: readonly LogSource[];
}

export interface ScanReportLook {
  paint: Paint;
  width: number;
}

/** What is told in full, then in a line; the rest is counted. */
const maxInFull = 8;
const maxInLines = 20;
const maxNotes = 5;
const maxShownFiles = 4;
const maxReasonsFor = 3;
const maxReasonsAgainst = 2;
const urgencyOrder: readonly Urgency['level'][] = ['now', 'soon', 'watch', 'none'];

export function scanReport({ verdicts, rowCount, files, sources }: ScanReportInput, look: ScanReportLook): string {
  const leaks = ranked(verdicts, 'leak');
  const suspects = ranked(verdicts, 'suspect');
  const inFull = leaks.slice(0, maxInFull).map((leak) => inFullText(leak, look));
  const blocks = [
    headline(verdicts, leaks.length, suspects.length, rowCount, look.paint),
    sourceLines(sources),
    ...inFull,
    lineList(leaks.slice(maxInFull), 'red', look),
    lineList(suspects, 'yellow', look),
    [countLine(verdicts, 'no-leak'), countLine(verdicts, 'undecided')].filter((line) => line !== '').join('\n'),
    verdicts.length === 0 || files.includes('-')
      ? ''
      : `next       every subject with all figures and reasons: stanch scan --json ${shownFiles(files)}`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function headline(verdicts: readonly SubjectVerdict[], leaks: number, suspects: number, rows: number, paint: Paint): string {
  const subjects = verdicts.length;
  const undecided = verdicts.filter(({ verdict }) => verdict === 'undecided').length;
  if (subjects === 0) return 'No good rows, so nothing to judge.';
  const read = `${counted(subjects, 'subject')}, ${counted(rows, 'row')}`;
  if (leaks > 0) return `${paint('red', 'LEAK')}  ${leaks} of ${read}${suspects > 0 ? `; ${suspects} more suspected` : ''}`;
  if (suspects > 0) return `${paint('yellow', 'SUSPECT')}  ${suspects} of ${read}; nothing proven`;
  if (undecided === subjects) return `${paint('yellow', 'UNDECIDED')}  too little to judge in ${read}`;
  return `${paint('green', 'OK')}  no leak found in ${read}${undecided > 0 ? `; ${undecided} undecided` : ''}`;
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

function inFullText(leak: SubjectVerdict, look: ScanReportLook): string {
  const lines = [nameLine(leak, 'red', look)];
  const add = (label: string, text: string) => lines.push(`  ${label.padEnd(9)}${text}`);
  add('what', whatPhrase(leak));
  if (leak.slope !== null) add('grows', slopeWithInterval(leak.slope));
  if (leak.onset !== null) add('since', `${leak.onset}${leak.detectedAt === null ? '' : `, could be told at ${leak.detectedAt}`}`);
  const { exhaustion } = leak;
  if (exhaustion !== null) {
    const latest = exhaustion.high === null ? 'may never' : `at the latest ${exhaustion.high}`;
    add('ends', `${exhaustion.at}, at ${wallPhrase(exhaustion.wall)} (at the earliest ${exhaustion.low}, ${latest})`);
  }
  for (const other of leak.resources) {
    if (other.resource !== leak.resource && other.verdict === 'leak') add('also', `${other.resource} ${slopePhrase(other.slope)}`);
  }
  const reasonsFor = leak.reasons.filter((reason) => reason.for === 'leak').slice(0, maxReasonsFor);
  const reasonsAgainst = leak.reasons.filter((reason) => reason.for === 'no-leak').slice(0, maxReasonsAgainst);
  for (const [index, reason] of reasonsFor.entries()) add(index === 0 ? 'because' : '', printable(reason.text));
  for (const [index, reason] of reasonsAgainst.entries()) add(index === 0 ? 'against' : '', printable(reason.text));
  return lines.join('\n');
}

function lineList(verdicts: readonly SubjectVerdict[], colour: 'red' | 'yellow', look: ScanReportLook): string {
  const lines = verdicts.slice(0, maxInLines).map((verdict) => {
    const slope = slopePhrase(verdict.slope);
    return `${nameLine(verdict, colour, look)}  ${whatPhrase(verdict)}${slope === '' ? '' : `, ${slope}`}`;
  });
  if (verdicts.length > maxInLines) lines.push(`… and ${verdicts.length - maxInLines} more`);
  return lines.join('\n');
}

function nameLine(verdict: SubjectVerdict, colour: 'red' | 'yellow', { paint, width }: ScanReportLook): string {
  return `${paint(colour, verdict.verdict.padEnd(8))}${paint('bold', fit(printable(verdict.subject), Math.max(20, width - 12)))}`;
}

function whatPhrase(verdict: ResourceVerdict): string {
  return `${verdict.resource}, ${verdict.class}, ${Math.min(99.9, Math.floor(verdict.probability * 1000) / 10)} % sure`;
}

/** Most urgent first, then what ends soonest, then what grows fastest. */
function ranked(verdicts: readonly SubjectVerdict[], word: VerdictWord): SubjectVerdict[] {
  return verdicts
    .filter((verdict) => verdict.verdict === word)
    .sort(
      (a, b) =>
        urgencyOrder.indexOf(a.urgency.level) - urgencyOrder.indexOf(b.urgency.level) ||
        endMs(a) - endMs(b) ||
        (b.slope?.perHour ?? 0) - (a.slope?.perHour ?? 0),
    );
}

function endMs(verdict: SubjectVerdict): number {
  return verdict.exhaustion === null ? Number.MAX_VALUE : Date.parse(verdict.exhaustion.at);
}

/** `no-leak  12: 8 flat, 4 warm-up`; empty when there are none. */
function countLine(verdicts: readonly SubjectVerdict[], word: VerdictWord): string {
  const counts = new Map<string, number>();
  let total = 0;
  for (const verdict of verdicts) {
    if (verdict.verdict !== word) continue;
    total += 1;
    counts.set(verdict.class, (counts.get(verdict.class) ?? 0) + 1);
  }
  const classes = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${count.toLocaleString('en')} ${name}`);
  return total === 0 ? '' : `${word.padEnd(11)}${total.toLocaleString('en')}: ${classes.join(', ')}`;
}

/** A line for the logs of each tool and host, then what has to be known of them, each once. */
function sourceLines(sources: readonly LogSource[]): string {
  const logs = new Map<string, LogSource[]>();
  for (const source of sources) {
    const key = `${source.format}\0${source.version}\0${source.host}`;
    logs.set(key, [...(logs.get(key) ?? []), source]);
  }
  const lines = [...logs.values()].map((group) => `read       ${groupPhrase(group)}`);
  const notes = new Set(sources.flatMap((source) => source.notes));
  for (const note of [...notes].slice(0, maxNotes)) lines.push(`note       ${printable(note)}`);
  return lines.join('\n');
}

function groupPhrase(group: readonly LogSource[]): string {
  const [first] = group;
  if (first === undefined) return '';
  const tool = first.version === null ? first.format : `${first.format} ${first.version}`;
  const records = group.reduce((sum, source) => sum + source.records, 0);
  const times = group.filter((source) => source.records > 0);
  const span =
    times.length === 0
      ? ''
      : `, ${formatTime(Math.min(...times.map((source) => source.fromMs)))} to ${formatTime(Math.max(...times.map((source) => source.toMs)))}`;
  return `${counted(group.length, 'log')} of ${tool} on ${printable(first.host)}: ${counted(records, 'record')}${span}`;
}

/** More would not be read either. */
function shownFiles(files: readonly string[]): string {
  return files.length > maxShownFiles ? 'FILE…' : files.map(shellWord).join(' ');
}

/** Fit to be pasted into a shell; a name that can't be shown as it is stays a placeholder. */
function shellWord(file: string): string {
  if (printable(file) !== file) return 'FILE';
  return /^[\w@%+=:,./][\w@%+=:,./-]*$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
