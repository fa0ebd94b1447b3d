/** `stanch status`: what leaks, what is suspected, what the memory is made of, how long it lasts, and what to do next. */
import { buildCommand } from '@stricli/core';
import { incidentsSchema, sinceSchema, statusSchema, subjectsSchema } from '../serve/schema.ts';
import { createClient } from './client.ts';
import { type ClientFlags, clientFlags } from './clientFlags.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { createPaint } from './paint.ts';
import { surroundings } from './settingsFlags.ts';
import { statusReport } from './statusReport.ts';

interface Flags extends ClientFlags {
  json: boolean;
  failOn?: 'leak';
}

export const statusCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'What leaks, what the memory is made of, how long it lasts',
    fullDescription:
      'Asks the running daemon. Exit code 0; with --fail-on leak 1 when something leaks; 69 when no daemon answers. The token of the data folder is used by itself; STANCH_TOKEN holds another.',
  },
  parameters: {
    flags: {
      ...clientFlags,
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print the status document of the API' },
      failOn: { kind: 'enum', values: ['leak'], optional: true, brief: 'Exit with 1 when something leaks' },
    },
  },
  func: status,
});

async function status(this: CliContext, flags: Flags): Promise<void> {
  const { stdout, env } = this.process;
  const client = createClient(flags.url, surroundings(env));
  const document = await client.get('/api/v1/status', statusSchema);
  if (flags.json) stdout.write(`${jsonText(document)}\n`);
  else {
    const largest = await client.get('/api/v1/subjects?kind=workload&sort=private&limit=5', subjectsSchema);
    const since = await client.get('/api/v1/since', sinceSchema);
    const { incidents } = await client.get('/api/v1/incidents?state=open&limit=500', incidentsSchema);
    const look = { paint: createPaint(stdout, env, flags.noColor), width: stdout.columns ?? 100 };
    stdout.write(statusReport(document, largest.subjects, look, since, incidents));
  }
  if (flags.failOn === 'leak' && document.subjects.some(({ verdict }) => verdict === 'leak')) this.process.exitCode = 1;
}
