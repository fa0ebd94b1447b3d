/** `stanch evidence [ID]`: what was found out before, to read again or to hand to another tool. */
import { buildCommand } from '@stricli/core';
import { EvidenceFolder } from '../explain/evidenceFolder.ts';
import { type ExportFormat, exportEvidence, exportFormats } from '../explain/export/exportEvidence.ts';
import { StanchError } from '../model/errors.ts';
import type { CliContext } from './context.ts';
import { evidenceList, evidenceReport } from './evidenceReport.ts';
import { jsonText } from './jsonText.ts';
import { createPaint } from './paint.ts';
import { loadSettings } from './settings.ts';
import { surroundings } from './settingsFlags.ts';
import { writeOut } from './why.ts';

interface Flags {
  export?: ExportFormat;
  json: boolean;
  data?: string;
  noColor: boolean;
}

const text = (value: string) => value;

export const evidenceCommand = buildCommand<Flags, [string?], CliContext>({
  docs: {
    brief: 'What stanch why has found: the list, or one of it again, also for other tools',
    fullDescription:
      'pprof opens with `go tool pprof`, speedscope on speedscope.app, collapsed with flame graphs. Exit code 66 when there is none of that id.',
  },
  parameters: {
    flags: {
      export: { kind: 'enum', values: exportFormats, optional: true, brief: 'Print it in the format of another tool' },
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document' },
      data: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'DIR',
        brief: 'Folder of the evidence; that of the daemon by default',
      },
      noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
    },
    positional: { kind: 'tuple', parameters: [{ parse: text, optional: true, placeholder: 'ID', brief: 'As the list has it' }] },
  },
  func: evidence,
});

function evidence(this: CliContext, flags: Flags, id?: string): void {
  const { stdout, env } = this.process;
  const { settings } = loadSettings(flags.data === undefined ? {} : { data: flags.data }, surroundings(env));
  const folder = new EvidenceFolder(settings.dataDir);
  if (id === undefined) {
    const all = folder.list();
    stdout.write(flags.json ? `${jsonText({ schema: 'stanch.evidence-list/1', evidence: all })}\n` : evidenceList(all));
    return;
  }
  const found = folder.get(id);
  if (found === null) {
    throw new StanchError('STANCH_E_NO_INPUT', {
      expected: 'the id of evidence that is kept',
      found: JSON.stringify(id),
      next: 'The list: stanch evidence',
    });
  }
  if (flags.export !== undefined) writeOut(exportEvidence(found, flags.export));
  else if (flags.json) stdout.write(`${jsonText(found)}\n`);
  else stdout.write(evidenceReport(found, createPaint(stdout, env, flags.noColor)));
}
