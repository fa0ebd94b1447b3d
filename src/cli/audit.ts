/** `stanch audit`: how well the server is set up against running out of memory. Reads files, changes nothing, needs no daemon. */
import { buildCommand } from '@stricli/core';
import { audit } from '../advise/audit/audit.ts';
import { readAuditFacts } from '../advise/audit/readAuditFacts.ts';
import { hardeningDocument } from '../serve/hardening.ts';
import { auditReport } from './auditReport.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { createPaint } from './paint.ts';

interface Flags {
  json: boolean;
  noColor: boolean;
}

export const auditCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'How well this server is set up against running out of memory; each fix as a command, with its risk',
    fullDescription: 'Applies nothing. As root it sees more. Exit code 1 when something is bad.',
  },
  parameters: {
    flags: {
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document' },
      noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
    },
  },
  func: run,
});

function run(this: CliContext, { json, noColor }: Flags): void {
  const { stdout, env } = this.process;
  const document = hardeningDocument(audit(readAuditFacts()), Date.now());
  if (json) stdout.write(`${jsonText(document)}\n`);
  else stdout.write(auditReport(document, createPaint(stdout, env, noColor), stdout.columns ?? 100));
  if (document.checks.some(({ state }) => state === 'bad')) this.process.exitCode = 1;
}
