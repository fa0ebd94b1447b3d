/** What `stanch scan` prints for a person: what leaks first, then the rest in numbers. */
import { formatBytes } from '../model/units.ts';
import type { ResourceVerdict, Slope, SubjectVerdict, Urgency, VerdictWord } from '../model/verdict.ts';
import { printable } from './printable.ts';
import type { ScanResult } from './scan.ts';

const shownLeaks = 20;
const shownSuspects = 10;
const urgencyOrder: readonly Urgency['level'][] = ['now', 'soon', 'watch', 'none'];

const styles = { red: '\x1b[1;31m', yellow: '\x1b[33m', bold: '\x1b[1m', dim: '\x1b[2m' };
const plain = '\x1b[0m';
type Paint = (style: keyof typeof styles, text: string) => string;

export function scanReport(result: ScanResult, file: string, isColored: boolean): string {
  const paint: Paint = (style, text) => (isColored ? `${styles[style]}${text}${plain}` : text);
  const { verdicts } = result;
  const leaks = ranked(verdicts, 'leak');
  const suspects = ranked(verdicts, 'suspect');
  const lines = [paint('bold', headline(verdicts.length, leaks.length, suspects.length, result.rowCount)), ''];

  for (const leak of leaks.slice(0, shownLeaks)) lines.push(...leakLines(leak, paint), '');
  if (leaks.length > shownLeaks) lines.push(`and ${leaks.length - shownLeaks} more that leak`, '');
  if (suspects.length > 0) {
    lines.push(paint('yellow', 'Suspected'));
    for (const suspect of suspects.slice(0, shownSuspects)) lines.push(`  ${printable(suspect.subject)}: ${growth(suspect)}`);
    if (suspects.length > shownSuspects) lines.push(`  and ${suspects.length - shownSuspects} more`);
    lines.push('');
  }
  for (const [word, label] of [
    ['no-leak', 'No leak'],
    ['undecided', 'Undecided'],
  ] as const) {
    const line = countLine(verdicts, word);
    if (line !== '') lines.push(`${label}: ${line}`);
  }
  if (verdicts.length > 0 && file !== '-')
    lines.push('', `Every subject with all figures and reasons: stanch scan --json ${shellWord(file)}`);
  return `${lines.join('\n').trimEnd()}\n`;
}

function headline(subjects: number, leaks: number, suspects: number, rows: number): string {
  const read = `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'} of ${subjects.toLocaleString('en')} ${subjects === 1 ? 'subject' : 'subjects'}`;
  if (subjects === 0) return 'No rows, so no subjects.';
  if (leaks === 0 && suspects === 0) return `Nothing leaks, as far as ${read} show.`;
  const suspected = suspects === 0 ? '' : `${leaks === 0 ? '' : ', '}${suspects} suspected`;
  return `${leaks === 0 ? '' : `${leaks} ${leaks === 1 ? 'leaks' : 'leak'}`}${suspected}: ${read}.`;
}

function leakLines(leak: SubjectVerdict, paint: Paint): string[] {
  const lines = [`${paint('red', `LEAK  ${printable(leak.subject)}`)}  ${growth(leak)}`];
  if (leak.onset !== null) lines.push(`  since ${leak.onset}${leak.detectedAt === null ? '' : `, found at ${leak.detectedAt}`}`);
  const { exhaustion } = leak;
  if (exhaustion !== null) {
    const latest = exhaustion.high === null ? 'or never' : `at the latest ${exhaustion.high}`;
    lines.push(`  reaches ${exhaustion.wall} about ${exhaustion.at}: at the earliest ${exhaustion.low}, ${latest}`);
  }
  if (leak.urgency.text !== '') lines.push(`  ${printable(leak.urgency.text)}`);
  for (const reason of leak.reasons) {
    const mark = reason.for === 'leak' ? '+' : reason.for === 'no-leak' ? '-' : '?';
    lines.push(paint('dim', `  ${mark} ${printable(reason.text)}`));
  }
  for (const other of leak.resources) {
    if (other.resource !== leak.resource && other.verdict === 'leak') lines.push(`  also ${growth(other)}`);
  }
  return lines;
}

/** `memory +1 MiB/h (0.9 MiB/h to 1.1 MiB/h), leak, 99.8 % sure` */
function growth(verdict: ResourceVerdict): string {
  const slope = verdict.slope === null ? '' : ` ${signed(verdict.slope)}`;
  return `${verdict.resource}${slope}, ${verdict.class}, ${percent(verdict.probability)} sure`;
}

function signed(slope: Slope): string {
  const amount = (perHour: number) => `${slope.unit === 'bytes' ? formatBytes(perHour) : trimmed(perHour)}/h`;
  return `${slope.perHour >= 0 ? '+' : ''}${amount(slope.perHour)} (${amount(slope.low)} to ${amount(slope.high)})`;
}

function trimmed(count: number): string {
  return String(Number(count.toPrecision(3)));
}

function percent(probability: number): string {
  return `${Math.min(99.9, Math.floor(probability * 1000) / 10)} %`;
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

/** `12 (8 flat, 4 warm-up)`; empty when there are none. */
function countLine(verdicts: readonly SubjectVerdict[], word: VerdictWord): string {
  const counts = new Map<string, number>();
  let total = 0;
  for (const verdict of verdicts) {
    if (verdict.verdict !== word) continue;
    total += 1;
    counts.set(verdict.class, (counts.get(verdict.class) ?? 0) + 1);
  }
  if (total === 0) return '';
  const classes = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${count} ${name}`);
  return `${total} (${classes.join(', ')})`;
}

/** Fit to be pasted into a shell; a name that cannot be shown as it is stays a placeholder. */
function shellWord(file: string): string {
  if (printable(file) !== file) return 'FILE';
  return /^[\w@%+=:,./-]+$/.test(file) && !file.startsWith('-') ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
