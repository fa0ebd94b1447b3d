/** `stanch do ACTION WORKLOAD`: planned, shown, confirmed, carried out, written down, proven. */
import { join } from 'node:path';
import { buildCommand } from '@stricli/core';
import { type ActionKind, actionKinds } from '../model/action.ts';
import { StanchError } from '../model/errors.ts';
import { subjectsSchema } from '../serve/schema.ts';
import { Stabiliser } from '../stabilise/stabiliser.ts';
import { actionReport, planReport } from './actionReport.ts';
import { createClient } from './client.ts';
import { confirmed } from './confirm.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { createPaint } from './paint.ts';
import { parseDuration, parseSize } from './quantity.ts';
import { loadSettings } from './settings.ts';
import { surroundings } from './settingsFlags.ts';

interface Flags {
  high?: number;
  max?: number;
  grace: number;
  yes: boolean;
  again: boolean;
  dryRun: boolean;
  json: boolean;
  data?: string;
  noColor: boolean;
}

const text = (value: string) => value;

export const doCommand = buildCommand<Flags, [ActionKind, string], CliContext>({
  docs: {
    brief: 'Act on a workload: shows the plan, asks, does it, and measures whether it helped',
    fullDescription:
      'protect: the kernel ends others first. throttle: limits until the next reboot. isolate: into a slice of its own, frozen. restart: gracefully, by whoever keeps it running. recycle: one worker after the other. limit: limits that stay. kill: the last resort. WORKLOAD is a name, a part of it that only one has, or a pid. Every step is written down first; stanch undo takes back what can be. Needs root for most. Exit code 0 when it was done, 1 when it failed or was not wanted.',
  },
  parameters: {
    flags: {
      high: { kind: 'parsed', parse: size, optional: true, placeholder: 'SIZE', brief: 'Soft limit of throttle and limit, such as 700MiB' },
      max: { kind: 'parsed', parse: size, optional: true, placeholder: 'SIZE', brief: 'Hard limit of throttle and limit, such as 800MiB' },
      grace: { kind: 'parsed', parse: time, default: '20s', placeholder: 'TIME', brief: 'How long a process may take to end by itself' },
      yes: { kind: 'boolean', default: false, withNegated: false, brief: 'Do not ask' },
      again: { kind: 'boolean', default: false, withNegated: false, brief: 'Even if the same did not help lately' },
      dryRun: { kind: 'boolean', default: false, withNegated: false, brief: 'Only show the plan' },
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print plan and outcome as one JSON document; asks nothing' },
      data: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'DIR',
        brief: 'Folder of the journal; that of the daemon by default',
      },
      noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: actionKind, placeholder: 'ACTION', brief: actionKinds.join(', ') },
        { parse: text, placeholder: 'WORKLOAD', brief: 'Name of the workload, a part that only one has, or a pid' },
      ],
    },
  },
  func: act,
});

async function act(this: CliContext, flags: Flags, kind: ActionKind, wanted: string): Promise<void> {
  const { stdout, stderr, env } = this.process;
  const { settings } = loadSettings(flags.data === undefined ? {} : { data: flags.data }, surroundings(env));
  const paint = createPaint(stdout, env, flags.noColor);
  const stabiliser = new Stabiliser({ journalFile: join(settings.dataDir, 'actions.jsonl'), neverTouch: settings.policy.neverTouch });
  try {
    const recovered = flags.dryRun ? [] : await stabiliser.recover();
    for (const action of recovered) stderr.write(`${actionReport(action, paint)}\n`);
    const { high: highBytes = null, max: maxBytes = null, grace: graceMs } = flags;
    const rate = await growthOf(env);
    const { plan, target } = stabiliser.plan(kind, wanted, { highBytes, maxBytes, graceMs }, rate);
    if (!flags.json) stdout.write(planReport(plan, paint));
    const why = stabiliser.whyNot(plan, flags.again);
    if (flags.dryRun) {
      if (flags.json) stdout.write(`${jsonText({ schema: 'stanch.plan/1', plan, heldBack: why })}\n`);
      else
        stdout.write(
          why === null ? '\nNothing was done. Without --dry-run: it asks, and does it.\n' : `\nIt would be held back: ${why}.\n`,
        );
      return;
    }
    if (why !== null) throw heldBack(why, flags.again);
    if (!flags.yes && !(await confirmed(this, flags))) {
      this.process.exitCode = 1;
      stdout.write('Nothing was done.\n');
      return;
    }
    const action = await stabiliser.execute(plan, target, 'cli');
    if (flags.json) stdout.write(`${jsonText({ schema: 'stanch.action/1', action })}\n`);
    else stdout.write(`${actionReport(action, paint)}\n`);
    if (action.state !== 'done') this.process.exitCode = 1;
  } finally {
    stabiliser.close();
  }
}

/** As the daemon has it; null: none runs, or it does not grow. */
async function growthOf(env: CliContext['process']['env']): Promise<((name: string) => number | null) | null> {
  try {
    const { subjects } = await createClient(undefined, surroundings(env)).get(
      '/api/v1/subjects?kind=workload&sort=concern&limit=200',
      subjectsSchema,
    );
    return (name) => {
      const verdict = subjects.find((row) => row.name === name)?.verdict;
      return verdict?.resource === 'memory' && (verdict.verdict === 'leak' || verdict.verdict === 'suspect')
        ? (verdict.slope?.perHour ?? null)
        : null;
    };
  } catch (error) {
    if (error instanceof StanchError) return null;
    throw error;
  }
}

function heldBack(why: string, again: boolean): StanchError {
  return new StanchError('STANCH_E_POLICY', {
    expected: 'nothing to speak against it',
    found: why,
    next: again ? 'Take it off never_touch in the configuration first.' : 'If it is wanted all the same: --again',
  });
}

function actionKind(value: string): ActionKind {
  const kind = actionKinds.find((candidate) => candidate === value);
  if (kind !== undefined) return kind;
  throw new StanchError('STANCH_E_USAGE', {
    expected: `one of ${actionKinds.join(', ')}`,
    found: JSON.stringify(value),
    next: 'stanch do --help',
  });
}

function size(value: string): number {
  const bytes = parseSize(value);
  if (bytes !== null && bytes > 0) return bytes;
  throw new StanchError('STANCH_E_USAGE', {
    expected: 'a size with its unit, such as 700MiB',
    found: JSON.stringify(value),
    next: 'stanch do --help',
  });
}

function time(value: string): number {
  const ms = parseDuration(value);
  if (ms !== null && ms <= 600_000) return ms;
  throw new StanchError('STANCH_E_USAGE', {
    expected: 'a time up to 10min with its unit',
    found: JSON.stringify(value),
    next: 'stanch do --help',
  });
}
