/** `stanch incidents`: what is the matter, one for each cause; and what people do about it. */
import { userInfo } from 'node:os';
import { buildCommand, buildRouteMap } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import { type IncidentDocument, incidentSchema, incidentsSchema } from '../serve/schema.ts';
import { type ApiClient, createClient } from './client.ts';
import { type ClientFlags, clientFlags } from './clientFlags.ts';
import type { CliContext } from './context.ts';
import { incidentList, incidentText } from './incidentsReport.ts';
import { jsonText } from './jsonText.ts';
import { createPaint } from './paint.ts';
import { parseDuration } from './quantity.ts';
import { surroundings } from './settingsFlags.ts';
import type { Look } from './statusReport.ts';

interface Flags extends ClientFlags {
  json: boolean;
}

const flags = {
  ...clientFlags,
  json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print the document of the API' },
} as const;

const idTaken = { brief: 'As in the list, or part of the name of the culprit', parse: String, placeholder: 'ID' };

function idParameter(): { kind: 'tuple'; parameters: [typeof idTaken] } {
  return { kind: 'tuple', parameters: [idTaken] };
}

const list = buildCommand<Flags & { state: 'open' | 'resolved' | 'all' }, [], CliContext>({
  docs: {
    brief: 'List incidents, open ones first',
    fullDescription: 'Exit code 0, also when there are open ones; 69 when no daemon answers.',
  },
  parameters: {
    flags: { ...flags, state: { kind: 'enum', values: ['open', 'resolved', 'all'], default: 'all', brief: 'Which of them' } },
  },
  async func({ state, ...given }) {
    const document = await clientOf(this, given).get(`/api/v1/incidents?state=${state}`, incidentsSchema);
    this.process.stdout.write(given.json ? `${jsonText(document)}\n` : incidentList(document, look(this, given)));
  },
});

const show = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: 'Show one with its timeline, its notes and who was told',
    fullDescription: 'ID may be its beginning, or part of the name of the culprit, where only one fits.',
  },
  parameters: { flags, positional: idParameter() },
  async func(given, id) {
    const client = clientOf(this, given);
    print(this, given, await client.get(`/api/v1/incidents/${encodeURIComponent(await findIncident(client, id))}`, incidentSchema));
  },
});

interface HandlingFlags extends Flags {
  by?: string;
}

const handlingFlags = {
  ...flags,
  by: { kind: 'parsed', parse: String, optional: true, placeholder: 'NAME', brief: 'Who does it; default the account' },
} as const;

const ack = buildCommand<HandlingFlags, [string], CliContext>({
  docs: { brief: 'Say that you take care: no more reminders, no escalation' },
  parameters: { flags: handlingFlags, positional: idParameter() },
  func(given, id) {
    return handle(this, given, id, 'ack', {});
  },
});

const resolve = buildCommand<HandlingFlags, [string], CliContext>({
  docs: { brief: 'Close it; it comes back only if it begins anew' },
  parameters: { flags: handlingFlags, positional: idParameter() },
  func(given, id) {
    return handle(this, given, id, 'resolve', {});
  },
});

const silence = buildCommand<HandlingFlags, [string, number], CliContext>({
  docs: { brief: 'Tell nobody of it for a while, such as 2h' },
  parameters: {
    flags: handlingFlags,
    positional: {
      kind: 'tuple',
      parameters: [idTaken, { brief: 'How long, such as 30min, 2h, 3d', parse: parseMinutes, placeholder: 'TIME' }],
    },
  },
  func(given, id, minutes) {
    return handle(this, given, id, 'silence', { minutes });
  },
});

const note = buildCommand<HandlingFlags, [string, string], CliContext>({
  docs: { brief: 'Leave a note for whoever comes next' },
  parameters: {
    flags: handlingFlags,
    positional: { kind: 'tuple', parameters: [idTaken, { brief: 'The note, in quotes', parse: String, placeholder: 'TEXT' }] },
  },
  func(given, id, text) {
    return handle(this, given, id, 'note', { text });
  },
});

export const incidentsCommand = buildRouteMap<'list' | 'show' | 'ack' | 'silence' | 'resolve' | 'note', CliContext>({
  routes: { list, show, ack, silence, resolve, note },
  defaultCommand: 'list',
  docs: { brief: 'What is the matter, one for each cause: list, show, ack, silence, resolve, note' },
});

async function handle(context: CliContext, given: HandlingFlags, id: string, action: string, body: Record<string, unknown>): Promise<void> {
  const client = clientOf(context, given);
  const by = given.by ?? context.process.env.SUDO_USER ?? userInfo().username;
  const path = `/api/v1/incidents/${encodeURIComponent(await findIncident(client, id))}/${action}`;
  print(context, given, await client.post(path, { by, ...body }, incidentSchema));
}

/** Errors: STANCH_E_NO_INPUT when none or several fit. */
export async function findIncident(client: ApiClient, wanted: string): Promise<string> {
  const { incidents } = await client.get('/api/v1/incidents?limit=1000', incidentsSchema);
  if (incidents.some(({ id }) => id === wanted)) return wanted;
  const fitting = incidents.filter(({ id, subjectName }) => id.startsWith(wanted) || subjectName.includes(wanted));
  const open = fitting.filter(({ state }) => state !== 'resolved');
  const [only, ...others] = open.length > 0 ? open : fitting;
  if (only !== undefined && others.length === 0) return only.id;
  throw new StanchError('STANCH_E_NO_INPUT', {
    expected: 'the id of an incident, or part of the name of its culprit',
    found: `${JSON.stringify(wanted.slice(0, 80))}, which fits ${only === undefined ? 'none' : `${others.length + 1}`}`,
    next: 'stanch incidents',
  });
}

function parseMinutes(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms >= 60_000 && ms <= 30 * 86_400_000) return ms / 60_000;
  throw new StanchError('STANCH_E_USAGE', {
    expected: 'a time from 1min to 30d, with its unit',
    found: JSON.stringify(text.slice(0, 40)),
    next: 'For example: stanch incidents silence ID 2h',
  });
}

function clientOf({ process: { env } }: CliContext, { url }: ClientFlags): ApiClient {
  return createClient(url, surroundings(env));
}

function look({ process: { stdout, env } }: CliContext, { noColor }: ClientFlags): Look {
  return { paint: createPaint(stdout, env, noColor), width: stdout.columns ?? 100 };
}

function print(context: CliContext, given: Flags, document: IncidentDocument): void {
  context.process.stdout.write(given.json ? `${jsonText(document)}\n` : incidentText(document, look(context, given)));
}
