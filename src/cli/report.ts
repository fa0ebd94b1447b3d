/** `stanch report INCIDENT`: what to hand to whoever fixes it. */
import { buildCommand } from '@stricli/core';
import { reportHtml } from '../serve/report/html.ts';
import { reportMarkdown } from '../serve/report/markdown.ts';
import { reportSchema } from '../serve/schema.ts';
import { createClient } from './client.ts';
import { type ClientFlags, clientFlags } from './clientFlags.ts';
import type { CliContext } from './context.ts';
import { findIncident } from './incidents.ts';
import { jsonText } from './jsonText.ts';
import { surroundings } from './settingsFlags.ts';

interface Flags extends Pick<ClientFlags, 'url'> {
  html: boolean;
  json: boolean;
}

export const reportCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: 'A document on one incident to hand to whoever fixes it: Markdown, HTML or JSON',
    fullDescription:
      'Markdown to stdout; --html is one file with its pictures that asks nobody for anything. INCIDENT is an id of stanch incidents, or part of the name of the culprit.',
  },
  parameters: {
    flags: {
      url: clientFlags.url,
      html: { kind: 'boolean', default: false, withNegated: false, brief: 'One HTML file with pictures' },
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'The document of the API' },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Its id, or part of the name of the culprit', parse: String, placeholder: 'INCIDENT' }],
    },
  },
  async func({ url, html, json }, incident) {
    const client = createClient(url, surroundings(this.process.env));
    const document = await client.get(`/api/v1/incidents/${encodeURIComponent(await findIncident(client, incident))}/report`, reportSchema);
    this.process.stdout.write(json ? `${jsonText(document)}\n` : html ? reportHtml(document) : reportMarkdown(document));
  },
});
