/** `stanch check -- COMMAND`: a gate for CI. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { buildCommand } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import { formatDuration } from '../model/units.ts';
import { answerOf, type Check, checkDocument, checkText, junitXml, leastJudgedMs, sarif } from './checkReport.ts';
import { type CheckOptions, runCheck } from './checkRun.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { onSignals } from './onSignals.ts';
import { createPaint } from './paint.ts';
import { parseDuration } from './quantity.ts';
import { version } from './version.ts';

interface Flags {
  for: number;
  warmUp: number;
  load?: string[];
  name?: string;
  failOn: 'leak' | 'suspect';
  junit?: string;
  sarif?: string;
  json: boolean;
  noColor: boolean;
}

const defaultMs = 120_000;
/** The last sample is taken a little before the end. */
const marginMs = 5000;
const exitCodes = { passed: 0, leak: 1, failed: 1, undecided: 75 } as const;

export const checkCommand = buildCommand<Flags, string[], CliContext>({
  docs: {
    brief: 'Run a command, judge it, exit 1 on a leak: for CI',
    fullDescription: [
      'Runs COMMAND for a while, samples all processes it starts four times a second, and judges what they hold. Needs no daemon.',
      'Then ends all of it. Its output goes to stderr. Exit codes: 0 no leak; 1 a leak, or the command failed; 75 not judged long enough, or never driven; 66 it, or its load, cannot be started.',
      'For example: stanch check --load "wrk -d 10 http://127.0.0.1:3000/" -- node server.js',
    ].join('\n'),
  },
  parameters: {
    flags: {
      for: { kind: 'parsed', parse: timeOf, default: '2min', placeholder: 'TIME', brief: 'How long it is watched, from 1min' },
      warmUp: { kind: 'parsed', parse: timeOf, default: '5s', placeholder: 'TIME', brief: 'How long it has to start, before it is judged' },
      load: {
        kind: 'parsed',
        parse: wordsOf,
        optional: true,
        placeholder: 'COMMAND',
        brief: 'Drives it, run again whenever it ends; split at blanks, never a shell',
      },
      name: { kind: 'parsed', parse: String, optional: true, placeholder: 'NAME', brief: 'What it is called in results; default its file' },
      failOn: { kind: 'enum', values: ['leak', 'suspect'], default: 'leak', brief: 'What fails the check' },
      junit: { kind: 'parsed', parse: String, optional: true, placeholder: 'FILE', brief: 'Write JUnit XML there' },
      sarif: { kind: 'parsed', parse: String, optional: true, placeholder: 'FILE', brief: 'Write SARIF 2.1.0 there' },
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document' },
      noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
    },
    positional: {
      kind: 'array',
      parameter: { brief: 'The command with its arguments, after --', parse: String, placeholder: 'COMMAND' },
      minimum: 1,
    },
  },
  func: check,
});

async function check(this: CliContext, flags: Flags, ...command: string[]): Promise<void> {
  const { stdout, stderr, env } = this.process;
  if (flags.for - flags.warmUp < leastJudgedMs + marginMs) {
    throw new StanchError('STANCH_E_USAGE', {
      expected: `--for to be ${formatDuration(leastJudgedMs + marginMs)} longer than --warm-up: nothing is told of a leak before`,
      found: `${formatDuration(flags.for)} and ${formatDuration(flags.warmUp)}`,
      next: `Leave it out for ${formatDuration(defaultMs)}.`,
    });
  }
  const interrupted = onSignals();
  const name = flags.name ?? basename(command[0] ?? '');
  const options: CheckOptions = {
    command,
    load: flags.load ?? null,
    durationMs: flags.for,
    warmUpMs: flags.warmUp,
    signal: interrupted,
    onSample: (elapsedMs, verdict) => {
      if (stderr.isTTY) stderr.write(`\r\u001b[K${formatDuration(elapsedMs)} of ${formatDuration(flags.for)}: ${verdict.verdict}`);
    },
  };
  const run = await runCheck(name, options).catch((error: unknown) => {
    if (interrupted.aborted) return null;
    throw error;
  });
  if (stderr.isTTY) stderr.write('\r\u001b[K');
  if (run === null) {
    stderr.write('stanch: interrupted before there was an answer; everything the check started is ended.\n');
    this.process.exitCode = interrupted.reason;
    return;
  }
  const outcome: Check = { ...run, name, command, failOn: flags.failOn };
  const look = { paint: createPaint(stdout, env, flags.noColor), width: stdout.columns ?? 100 };
  stdout.write(flags.json ? `${jsonText(checkDocument(outcome))}\n` : checkText(outcome, look));
  if (flags.junit !== undefined) write(flags.junit, junitXml(outcome));
  if (flags.sarif !== undefined) write(flags.sarif, `${JSON.stringify(sarif(outcome, version), null, 2)}\n`);
  this.process.exitCode = exitCodes[answerOf(outcome)];
}

function timeOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms <= 86_400_000) return ms;
  throw new StanchError('STANCH_E_USAGE', {
    expected: 'a time of at most 1d, with its unit',
    found: JSON.stringify(text.slice(0, 40)),
    next: 'For example: --for 5min',
  });
}

function wordsOf(text: string): string[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length > 0) return words;
  throw new StanchError('STANCH_E_USAGE', {
    expected: 'a command that drives the one that is checked',
    found: 'nothing',
    next: 'For example: --load "wrk -d 10 http://127.0.0.1:3000/"',
  });
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new StanchError('STANCH_E_OUTPUT', {
      expected: `to be able to write ${path}`,
      found: cause instanceof Error ? cause.message : String(cause),
      next: 'Name a file in a folder that exists and can be written.',
      cause,
    });
  }
}
