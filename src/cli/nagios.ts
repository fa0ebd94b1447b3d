/** `stanch nagios`: one line and an exit code for Nagios, Icinga and what speaks like them. https://nagios-plugins.org/doc/guidelines.html */
import { buildCommand } from '@stricli/core';
import type { IncidentsDocument, StatusDocument } from '../serve/schema.ts';
import { incidentsSchema, statusSchema } from '../serve/schema.ts';
import { createClient } from './client.ts';
import { type ClientFlags, clientFlags } from './clientFlags.ts';
import type { CliContext } from './context.ts';
import { printable } from './printable.ts';
import { surroundings } from './settingsFlags.ts';

const exitCodes = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;
type NagiosWord = keyof typeof exitCodes;

export const nagiosCommand = buildCommand<Pick<ClientFlags, 'url'>, [], CliContext>({
  docs: {
    brief: 'One line and an exit code for Nagios and Icinga',
    fullDescription:
      'STATUS: text | perfdata. Exit code 0 OK, 1 WARNING, 2 CRITICAL by the gravest open incident, 3 UNKNOWN when no daemon answers.',
  },
  parameters: { flags: { url: clientFlags.url } },
  async func({ url }) {
    const { word, line } = await answer(url, this);
    this.process.stdout.write(`${word}: ${line}\n`);
    this.process.exitCode = exitCodes[word];
  },
});

async function answer(url: string | undefined, { process: { env } }: CliContext): Promise<{ word: NagiosWord; line: string }> {
  try {
    const client = createClient(url, surroundings(env));
    const status = await client.get('/api/v1/status', statusSchema);
    const { incidents } = await client.get('/api/v1/incidents?state=open', incidentsSchema);
    return nagiosLine(status, incidents);
  } catch (error) {
    return { word: 'UNKNOWN', line: inner(error instanceof Error ? error.message : String(error)) };
  }
}

export function nagiosLine(status: StatusDocument, incidents: IncidentsDocument['incidents']): { word: NagiosWord; line: string } {
  // What somebody takes care of, or silenced, wakes nobody.
  const waiting = incidents.filter(({ state }) => state === 'open' || state === 'recurred');
  const worst = waiting.find(({ severity }) => severity === 'critical') ?? waiting.find(({ severity }) => severity === 'warning');
  const word = worst === undefined ? 'OK' : worst.severity === 'critical' ? 'CRITICAL' : 'WARNING';
  const { memAvailableBytes, memTotalBytes, swapFreeBytes } = status.host;
  const values = [
    `incidents=${incidents.length};;;0`,
    memAvailableBytes === null ? '' : `memory_available=${memAvailableBytes}B;;;0;${memTotalBytes ?? ''}`,
    swapFreeBytes === null ? '' : `swap_free=${swapFreeBytes}B;;;0`,
  ];
  const others = waiting.length > 1 ? ` (and ${waiting.length - 1} more)` : '';
  return {
    word,
    line: `${inner(worst === undefined ? status.summary : worst.title)}${others} | ${values.filter((value) => value !== '').join(' ')}`,
  };
}

/** A bar would begin the perfdata, a line end the long text. */
function inner(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).replaceAll('|', '/').slice(0, 400);
}
