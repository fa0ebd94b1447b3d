/** `stanch advise [WORKLOAD]`: limits, recycling and settings of runtimes, from what was measured; `--apply` does one of them. */
import { join } from 'node:path';
import { buildCommand } from '@stricli/core';
import { actionPlan } from '../advise/actionPlan.ts';
import { advise } from '../advise/advise.ts';
import { readMeasurements } from '../advise/readMeasurements.ts';
import type { ActionPlan } from '../model/action.ts';
import type { Advice } from '../model/advice.ts';
import { StanchError } from '../model/errors.ts';
import { Sampler } from '../sample/sampler.ts';
import { type AdviceDocument, adviceSchema } from '../serve/schema.ts';
import { Stabiliser } from '../stabilise/stabiliser.ts';
import { findTarget } from '../stabilise/target.ts';
import { actionReport, planReport } from './actionReport.ts';
import { adviceReport } from './adviceReport.ts';
import { createClient } from './client.ts';
import { type ClientFlags, clientFlags } from './clientFlags.ts';
import { confirmed } from './confirm.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { createPaint } from './paint.ts';
import { loadSettings } from './settings.ts';
import { surroundings } from './settingsFlags.ts';

interface Flags extends ClientFlags {
  json: boolean;
  requestsPerHour?: number;
  apply?: string;
  dryRun: boolean;
  yes: boolean;
}

export const adviseCommand = buildCommand<Flags, [string?], CliContext>({
  docs: {
    brief: 'Limits, recycling numbers and settings of runtimes, computed from what was measured',
    fullDescription:
      'Asks the daemon, which has the history. Without WORKLOAD, what leaks and the largest. Changes nothing, unless --apply names one recommendation of one workload: that is planned, shown, confirmed, written down, and taken back with stanch undo.',
  },
  parameters: {
    flags: {
      ...clientFlags,
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document' },
      requestsPerHour: {
        kind: 'parsed',
        parse: requests,
        optional: true,
        placeholder: 'N',
        brief: 'Requests that it serves an hour, from its access log: recycling numbers follow from it',
      },
      apply: { kind: 'parsed', parse: String, optional: true, placeholder: 'ID', brief: 'Carry out this recommendation, as memory-limit' },
      dryRun: { kind: 'boolean', default: false, withNegated: false, brief: 'With --apply: show what would be done, and do nothing' },
      yes: { kind: 'boolean', default: false, withNegated: false, brief: 'With --apply: do not ask' },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, optional: true, placeholder: 'WORKLOAD', brief: 'Name, part of it, or a pid' }],
    },
  },
  func: run,
});

async function run(this: CliContext, flags: Flags, workload?: string): Promise<void> {
  const { stdout, env } = this.process;
  const query = new URLSearchParams();
  if (workload !== undefined) query.set('subject', workload);
  if (flags.requestsPerHour !== undefined) query.set('requestsPerHour', String(flags.requestsPerHour));
  const document = await createClient(flags.url, surroundings(env)).get(`/api/v1/advice?${query}`, adviceSchema);
  if (flags.apply !== undefined) await apply(this, flags, document, flags.apply);
  else if (flags.json) stdout.write(`${jsonText(document)}\n`);
  else stdout.write(adviceReport(document, createPaint(stdout, env, flags.noColor), stdout.columns ?? 100));
}

/** Only the numbers come from the daemon: what is written, and where, is worked out here, from this server's own files. */
async function apply(context: CliContext, flags: Flags, { advice: [told, ...others] }: AdviceDocument, id: string): Promise<void> {
  const { stdout, env } = context.process;
  if (told === undefined || others.length > 0) {
    throw new StanchError('STANCH_E_USAGE', {
      expected: '--apply with one workload',
      found: told === undefined ? 'none' : `${others.length + 1} of them`,
      next: 'stanch advise NAME --apply ID',
    });
  }
  const { settings } = loadSettings({}, surroundings(env));
  const paint = createPaint(stdout, env, flags.noColor);
  const sampler = new Sampler({ keptFds: 0 });
  const stabiliser = new Stabiliser({ journalFile: join(settings.dataDir, 'actions.jsonl'), neverTouch: settings.policy.neverTouch });
  try {
    const scan = sampler.scan(Date.now());
    const target = findTarget(scan, told.subjectId, told.basis.leaks.memory?.perHour ?? null);
    const measured = readMeasurements(told.subjectId, { scan, basis: told.basis });
    const plan = measured === null ? null : planOf(advise(measured), id, measured.unit?.cgroup ?? null);
    if (plan === null) throw noSuchAdvice(id, told.recommendations.map((each) => each.id).join(', '));
    if (!flags.json) stdout.write(planReport(plan, paint));
    const why = stabiliser.whyNot(plan, false);
    if (why !== null)
      throw new StanchError('STANCH_E_POLICY', { expected: 'nothing to speak against it', found: why, next: 'stanch actions' });
    if (flags.dryRun) {
      stdout.write(flags.json ? `${jsonText({ schema: 'stanch.plan/1', plan, heldBack: null })}\n` : '\nNothing was done.\n');
      return;
    }
    if (!flags.yes && !(await confirmed(context, flags))) {
      context.process.exitCode = 1;
      stdout.write('Nothing was done.\n');
      return;
    }
    const action = await stabiliser.execute(plan, target, 'cli');
    stdout.write(flags.json ? `${jsonText({ schema: 'stanch.action/1', action })}\n` : `${actionReport(action, paint)}\n`);
    if (action.state !== 'done') context.process.exitCode = 1;
  } finally {
    stabiliser.close();
    sampler.close();
  }
}

function planOf(advice: Advice, id: string, cgroup: string | null): ActionPlan | null {
  const recommendation = advice.recommendations.find((each) => each.id === id);
  return recommendation === undefined ? null : actionPlan(advice, recommendation, cgroup);
}

function noSuchAdvice(id: string, known: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', {
    expected: `a recommendation that stanch can write itself${known === '' ? '' : `, one of ${known}`}`,
    found: JSON.stringify(id),
    next: 'Without --apply each is shown with its file or line, and where it belongs.',
  });
}

function requests(text: string): number {
  const count = Number(text);
  if (/^\d{1,9}$/.test(text) && count > 0) return count;
  throw new StanchError('STANCH_E_USAGE', {
    expected: 'a whole number of requests an hour',
    found: JSON.stringify(text),
    next: 'For example --requests-per-hour 36000',
  });
}
