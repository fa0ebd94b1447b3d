/** `stanch where`: every MiB of RAM and swap accounted for, at once, without a daemon. */
import { buildCommand } from '@stricli/core';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { createPaint } from './paint.ts';
import { collectWhere, renderWhere } from './where.ts';

interface Flags {
  json: boolean;
  noColor: boolean;
}

export const whereCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'Where the memory is: every MiB of RAM and swap',
    fullDescription:
      'Reads the kernel once; needs no daemon. As root it sees the processes of every user; else it says what it could not see.',
  },
  parameters: {
    flags: {
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document' },
      noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
    },
  },
  func: where,
});

function where(this: CliContext, flags: Flags): void {
  const { stdout, env } = this.process;
  const document = collectWhere();
  if (flags.json) stdout.write(`${jsonText(document)}\n`);
  else stdout.write(renderWhere(document, createPaint(stdout, env, flags.noColor), stdout.columns));
}
