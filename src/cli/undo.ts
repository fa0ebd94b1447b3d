/** `stanch undo [ID]`: takes back the last action that can be, or the one that is named; `stanch actions` lists them. */
import { join } from 'node:path';
import { buildCommand } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import { Stabiliser } from '../stabilise/stabiliser.ts';
import { actionReport } from './actionReport.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { createPaint } from './paint.ts';
import { loadSettings } from './settings.ts';
import { surroundings } from './settingsFlags.ts';

interface Flags {
  json: boolean;
  data?: string;
  noColor: boolean;
}

const flags = {
  json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document' },
  data: {
    kind: 'parsed',
    parse: (text: string) => text,
    optional: true,
    placeholder: 'DIR',
    brief: 'Folder of the journal; that of the daemon by default',
  },
  noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
} as const;

export const undoCommand = buildCommand<Flags, [string?], CliContext>({
  docs: {
    brief: 'Take back what an action changed, byte for byte',
    fullDescription:
      'Without ID, the last action that can be taken back. What somebody else changed since is left alone, and said. Exit code 0 when all is back.',
  },
  parameters: {
    flags,
    positional: {
      kind: 'tuple',
      parameters: [{ parse: (text: string) => text, optional: true, placeholder: 'ID', brief: 'As stanch actions shows it' }],
    },
  },
  func: undo,
});

export const actionsCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'What was done to this server, by whom, and whether it helped' },
  parameters: { flags },
  func: list,
});

async function undo(this: CliContext, { json, data, noColor }: Flags, id?: string): Promise<void> {
  const { stdout, env } = this.process;
  const stabiliser = open(data, env);
  try {
    await stabiliser.recover();
    const last = stabiliser
      .actions()
      .filter(({ state, plan }) => state === 'done' && plan.undoable)
      .at(-1)?.id;
    const wanted = id ?? last;
    if (wanted === undefined) {
      throw new StanchError('STANCH_E_NO_ACTION', {
        expected: 'an action that can be taken back',
        found: 'none',
        next: 'stanch actions shows what was done.',
      });
    }
    const action = await stabiliser.undo(wanted);
    stdout.write(
      json ? `${jsonText({ schema: 'stanch.action/1', action })}\n` : `${actionReport(action, createPaint(stdout, env, noColor))}\n`,
    );
  } finally {
    stabiliser.close();
  }
}

function list(this: CliContext, { json, data, noColor }: Flags): void {
  const { stdout, env } = this.process;
  const stabiliser = open(data, env);
  try {
    const actions = stabiliser.actions();
    const paint = createPaint(stdout, env, noColor);
    if (json) stdout.write(`${jsonText({ schema: 'stanch.actions/1', actions })}\n`);
    else if (actions.length === 0) stdout.write('Nothing was done to this server by stanch. To act: stanch do --help\n');
    else stdout.write(`${actions.map((action) => actionReport(action, paint)).join('\n')}\n`);
  } finally {
    stabiliser.close();
  }
}

function open(data: string | undefined, env: CliContext['process']['env']): Stabiliser {
  const { settings } = loadSettings(data === undefined ? {} : { data }, surroundings(env));
  return new Stabiliser({ journalFile: join(settings.dataDir, 'actions.jsonl'), neverTouch: settings.policy.neverTouch });
}
