/** What a check found: for people, for JUnit, for SARIF. Pure. */
import { formatBytes, formatDuration } from '../model/units.ts';
import type { ResourceVerdict } from '../model/verdict.ts';
import type { CheckOutcome, CheckPoint } from './checkRun.ts';
import { printable } from './printable.ts';
import { concern, type Look } from './statusReport.ts';
import { sparkline } from './topFrame.ts';

export interface Check extends CheckOutcome {
  name: string;
  command: readonly string[];
  /** The worst verdict that still passes is better than this. */
  failOn: 'leak' | 'suspect';
}

/** The detector says nothing of a leak before. */
export const leastJudgedMs = 45_000;

export type CheckAnswer = 'passed' | 'leak' | 'failed' | 'undecided';

/** A command that fails is no healthy one; one too short to be judged is neither, nor is one whose load never got to drive it. */
export function answerOf(check: Check): CheckAnswer {
  const { verdict, ended, failOn, judgedMs } = check;
  if (verdict.verdict === 'leak' || (failOn === 'suspect' && verdict.verdict === 'suspect')) return 'leak';
  if (ended !== null && ended.code !== 0) return 'failed';
  return verdict.verdict === 'undecided' || judgedMs < leastJudgedMs || isUndriven(check) ? 'undecided' : 'passed';
}

function isUndriven({ loadRuns, loadFailures }: Check): boolean {
  return loadFailures > 0 && loadRuns === 0;
}

export function checkText(check: Check, look: Look): string {
  const { verdict, points, judgedMs } = check;
  const { paint } = look;
  const answer = answerOf(check);
  const word =
    answer === 'passed'
      ? paint('green', 'PASSED')
      : answer === 'undecided'
        ? paint('yellow', 'UNDECIDED')
        : paint('red', answer.toUpperCase());
  const lines = [`${word}  ${printable(sentenceOf(check))}`, '', `  judged   ${formatDuration(judgedMs)}`];
  const memory = points.map(({ privateBytes }) => privateBytes);
  lines.push(
    `  memory   ${range(memory, formatBytes)}  ${sparkline(sampled(memory))}`,
    `  files    ${range(
      points.map(({ fds }) => fds),
      String,
    )}`,
  );
  if (verdict.verdict === 'leak' || verdict.verdict === 'suspect')
    return `${lines.join('\n')}\n\n${concern(verdict, endMs(verdict), look)}\n`;
  for (const { text, for: side } of verdict.reasons.slice(0, 4))
    lines.push(`  ${side === 'leak' ? 'for' : 'because'.padEnd(8)} ${printable(text)}`);
  return `${lines.join('\n')}\n`;
}

/** The clock of the samples. */
function endMs({ exhaustion, detectedAt }: ResourceVerdict): number {
  return exhaustion === null ? Date.parse(detectedAt ?? '') || 0 : Date.now();
}

function sentenceOf(check: Check): string {
  const { name, verdict, ended, judgedMs, loadFailures } = check;
  const load = loadFailures === 0 ? '' : ` The load failed ${loadFailures} times.`;
  const how = ended === null ? '' : ended.signal === null ? `it ended by itself with ${ended.code}` : `it was ended by ${ended.signal}`;
  switch (answerOf(check)) {
    case 'leak':
      return `${name} ${verdict.verdict === 'leak' ? 'leaks' : 'may leak'} ${verdict.resource}, ${Math.floor(verdict.probability * 1000) / 10} % sure.${load}`;
    case 'failed':
      return `${name} does not run: ${how}.${load}`;
    case 'undecided':
      if (isUndriven(check)) return `${name} was not driven: the load failed each time, ${loadFailures} times. Run it by hand to see why.`;
      return `${name} was judged for ${formatDuration(judgedMs)} only${how === '' ? '' : `: ${how}`}. Give it longer: --for 5min.${load}`;
    case 'passed':
      return `${name} does not leak: ${verdict.class}.${load}`;
  }
}

function range(values: readonly (number | null)[], text: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  const [first] = known;
  const last = known.at(-1);
  return first === undefined || last === undefined ? 'not seen' : `${text(first)} to ${text(last)}, at most ${text(Math.max(...known))}`;
}

function sampled(values: readonly (number | null)[]): (number | null)[] {
  return Array.from(
    { length: Math.min(48, values.length) },
    (_, index) => values[Math.floor((index * values.length) / Math.min(48, values.length))] ?? null,
  );
}

export function checkDocument(check: Check) {
  const { name, command, verdict, points, judgedMs, ended, loadRuns, loadFailures } = check;
  return {
    schema: 'stanch.check/1',
    name,
    command,
    answer: answerOf(check),
    judgedMs: Math.round(judgedMs),
    ended,
    loadRuns,
    loadFailures,
    subjects: [verdict],
    points: points.map(roundPoint),
  };
}

function roundPoint({ atMs, ...rest }: CheckPoint) {
  return { atMs: Math.round(atMs), ...rest };
}

/** The format that CI servers read: https://llg.cubic.org/docs/junit/ */
export function junitXml(check: Check): string {
  const answer = answerOf(check);
  const reasons = check.verdict.reasons.map(({ for: side, text }) => `${side === 'leak' ? 'for' : 'against'}: ${text}`).join('\n');
  const message = xml(sentenceOf(check));
  const inner = {
    passed: '',
    leak: `<failure type="leak" message="${message}">${xml(reasons)}</failure>`,
    failed: `<error type="command" message="${message}"/>`,
    undecided: `<skipped message="${message}"/>`,
  }[answer];
  const seconds = (check.judgedMs / 1000).toFixed(1);
  const counts = `tests="1" failures="${Number(answer === 'leak')}" errors="${Number(answer === 'failed')}" skipped="${Number(answer === 'undecided')}" time="${seconds}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="stanch check" ${counts}>
  <testsuite name="stanch check" ${counts}>
    <testcase classname="stanch.check" name="${xml(check.name)}" time="${seconds}">${inner}</testcase>
  </testsuite>
</testsuites>
`;
}

/** What XML 1.0 cannot hold at all becomes a question mark. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '?')
    .replace(/[<>&"'\n\r\t]/g, (char) => `&#${char.charCodeAt(0)};`);
}

const rules: Record<string, string> = {
  memory: 'Private memory grows without end',
  shmem: 'Shared memory grows without end',
  fds: 'Open files grow without end',
  sockets: 'Sockets grow without end',
  threads: 'Threads grow without end',
  processes: 'Processes grow without end',
  kernel: 'Kernel memory grows without end',
};

/** https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; the rule and the fingerprint are the same in each run. */
export function sarif(check: Check, version: string) {
  const found = check.verdict.resources.filter(({ verdict }) => verdict === 'leak' || verdict === 'suspect');
  const results = found.map(({ resource, verdict, reasons, probability }) => ({
    ruleId: `stanch/leak-${resource}`,
    level: verdict === 'leak' ? 'error' : 'warning',
    message: {
      text: `${check.name} ${verdict === 'leak' ? 'leaks' : 'may leak'} ${resource}, ${Math.floor(probability * 1000) / 10} % sure: ${reasons.map(({ text }) => text).join('; ')}`,
    },
    locations: [{ logicalLocations: [{ name: check.name, kind: 'resource' }] }],
    partialFingerprints: { 'stanchCheck/v1': `${check.name}:${resource}` },
  }));
  const driver = {
    name: 'stanch',
    version,
    rules: Object.entries(rules).map(([resource, text]) => ({
      id: `stanch/leak-${resource}`,
      name: `Leak${resource[0]?.toUpperCase()}${resource.slice(1)}`,
      shortDescription: { text },
    })),
  };
  const executionSuccessful = answerOf(check) !== 'failed';
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, invocations: [{ executionSuccessful }], results }],
  };
}
