/** Every route of the API, once: the server answers from this list and the OpenAPI document describes it. */
import * as v from 'valibot';
import type { ExportFormat } from '../explain/export/exportEvidence.ts';
import { actionKinds } from '../model/action.ts';
import { seriesResources } from '../series/resourcePoints.ts';
import { maxNoteLength } from '../tell/handling.ts';
import type { Access } from './access.ts';
import { actionsDocument, agreeTo, planAction, planAdvice, undoAction } from './actions.ts';
import { adviceDocument } from './advice.ts';
import { beginEvidence, cancelEvidence, evidenceDocument, evidencePlan, exportedEvidence, oneEvidence } from './evidence.ts';
import { findingsDocument } from './findings.ts';
import { hardeningDocument } from './hardening.ts';
import { hostDocument } from './host.ts';
import { hostHistoryDocument } from './hostHistory.ts';
import { auditDocument, handleIncident, incidentDocument, incidentsDocument } from './incidents.ts';
import { killsDocument } from './kills.ts';
import { livesDocument } from './lives.ts';
import { metricsText } from './metrics.ts';
import { notifyTest } from './notify.ts';
import { HttpProblem } from './problem.ts';
import { reportDocument } from './report/document.ts';
import { reportHtml } from './report/html.ts';
import { reportMarkdown } from './report/markdown.ts';
import {
  actionsSchema,
  adviceSchema,
  auditLogSchema,
  auditSchema,
  evidenceListSchema,
  evidencePlanSchema,
  evidenceSchema,
  findingsSchema,
  hostDocumentSchema,
  hostHistorySchema,
  idSchema,
  incidentSchema,
  incidentsSchema,
  killsSchema,
  livesSchema,
  meansSchema,
  notifyTestSchema,
  type ReportDocument,
  reportSchema,
  seriesSchema,
  sessionSchema,
  settingsSchema,
  sinceSchema,
  sparksSchema,
  statusSchema,
  subjectDetailSchema,
  subjectsSchema,
  whereSchema,
  workloadsSchema,
} from './schema.ts';
import { seriesDocument } from './series.ts';
import type { Right } from './session.ts';
import { settingsDocument } from './settings.ts';
import { sinceDocument } from './since.ts';
import type { LiveSource } from './source.ts';
import { statusDocument } from './status.ts';
import { sortDirections, subjectSorts } from './subjectList.ts';
import { sparksDocument, subjectDetail, subjectsDocument, workloadsDocument } from './subjects.ts';
import { whereDocument } from './where.ts';

const dayMs = 86_400_000;

type Entries = Record<string, v.GenericSchema<string | undefined, unknown>>;
type Document = Record<string, unknown>;

/** Who asks, and what a request that changes something brings. */
interface Deed {
  body: unknown;
  access: Access;
  /** Of the client. */
  address: string;
}

export interface Route {
  method: 'GET' | 'POST';
  path: string;
  summary: string;
  /** Query parameters by name. */
  query: Entries;
  /** Schema of the JSON document that is sent; null: none is. */
  body: v.GenericSchema | null;
  /** Schema of the JSON document; null for text. */
  response: v.GenericSchema | null;
  contentType: string;
  /** The right that it takes. */
  needs: Right;
  /** The session that asks is over with it. */
  endsSession?: true;
  /** It is to be kept, not shown. */
  fileName?: string;
  answer(
    source: LiveSource,
    params: Record<string, string>,
    search: URLSearchParams,
    deed: Deed,
  ): string | Buffer | Promise<string | Buffer>;
}

function whole(min: number, max: number, fallback: string) {
  return v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,15}$/, `a whole number from ${min} to ${max}`),
      v.transform(Number),
      v.minValue(min, `a whole number from ${min} to ${max}`),
      v.maxValue(max, `a whole number from ${min} to ${max}`),
    ),
    fallback,
  );
}

const moment = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(40, 'ms since the epoch or RFC 3339'),
    v.transform((text) => (/^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text))),
    v.check((ms) => Number.isFinite(ms), 'ms since the epoch or RFC 3339'),
  ),
);

/** A JSON route: checks the query, answers the document. */
function json<E extends Entries>(
  path: string,
  summary: string,
  response: v.GenericSchema,
  query: E,
  answer: (source: LiveSource, query: v.InferOutput<v.StrictObjectSchema<E, undefined>>, params: Record<string, string>) => Document,
): Route {
  const schema = v.strictObject(query);
  return {
    method: 'GET',
    path,
    summary,
    query,
    body: null,
    response,
    contentType: 'application/json; charset=utf-8',
    needs: 'read',
    answer: (source, params, search) => {
      const checked = v.safeParse(schema, Object.fromEntries(search));
      if (!checked.success) throw badQuery(checked.issues[0], Object.keys(query), search);
      return JSON.stringify(answer(source, checked.output, params));
    },
  };
}

/** A JSON route that changes something. */
function deed<B extends v.GenericSchema>(
  path: string,
  summary: string,
  response: v.GenericSchema,
  body: B,
  answer: (source: LiveSource, body: v.InferOutput<B>, params: Record<string, string>, address: string) => Document | Promise<Document>,
): Route {
  return {
    method: 'POST',
    path,
    summary,
    query: {},
    body,
    response,
    contentType: 'application/json; charset=utf-8',
    needs: 'act',
    answer: async (source, params, _search, given) => {
      const checked = v.safeParse(body, given.body);
      if (!checked.success) throw badBody(checked.issues[0]);
      return JSON.stringify(await answer(source, checked.output, params, given.address));
    },
  };
}

/** The report as a file to hand over. */
function report(ending: string, type: string, render: (document: ReportDocument) => string): Route {
  return {
    method: 'GET',
    path: `/api/v1/incidents/{id}/report.${ending}`,
    summary: `The report as ${ending === 'md' ? 'Markdown' : 'one HTML file with its pictures'}`,
    query: {},
    body: null,
    response: null,
    contentType: `${type}; charset=utf-8`,
    needs: 'read',
    fileName: `stanch-report.${ending}`,
    answer: (source, { id = '' }) => render(reportDocument(source, id)),
  };
}

/** Evidence as a file that another tool opens. */
function evidenceFile(ending: string, type: string, format: ExportFormat): Route {
  return {
    method: 'GET',
    path: `/api/v1/evidence/{id}/evidence.${ending}`,
    summary: `Evidence as ${format}`,
    query: {},
    body: null,
    response: null,
    contentType: type,
    needs: 'read',
    fileName: `stanch-evidence.${ending}`,
    answer: (source, { id = '' }) => exportedEvidence(source, id, format),
  };
}

function badBody(issue: v.BaseIssue<unknown>): HttpProblem {
  const at = v.getDotPath(issue);
  const isUnknown = issue.expected === 'never';
  const isMissing = issue.type === 'strict_object' && !isUnknown;
  return new HttpProblem(400, 'STANCH_E_USAGE', {
    expected:
      at === null
        ? 'a JSON object'
        : isUnknown
          ? 'only known keys'
          : isMissing
            ? `the key ${at}`
            : `${at}: ${issue.expected ?? issue.message}`,
    found: isUnknown ? `the key ${JSON.stringify(at)}` : isMissing ? 'none' : issue.received.slice(0, 80),
    next: 'See /openapi.json for what is to be sent.',
  });
}

function badQuery(issue: v.BaseIssue<unknown>, known: string[], search: URLSearchParams): HttpProblem {
  const name = v.getDotPath(issue) ?? 'query';
  const isUnknown = issue.type === 'strict_object';
  return new HttpProblem(400, 'STANCH_E_USAGE', {
    expected: isUnknown
      ? `only the parameters ${known.join(', ') || '(none)'}`
      : `${name}: ${issue.type === 'picklist' ? `one of ${issue.expected}` : issue.message}`,
    found: isUnknown
      ? `the parameter ${JSON.stringify(name)}`
      : `${name}=${JSON.stringify((search.getAll(name).at(-1) ?? '').slice(0, 80))}`,
    next: 'See /openapi.json for every parameter.',
  });
}

function noSuchSubject(id: string): HttpProblem {
  return new HttpProblem(404, 'STANCH_E_NO_INPUT', {
    expected: 'the id of a process, a workload or the host',
    found: JSON.stringify(id.slice(0, 80)),
    next: 'List the ids: GET /api/v1/subjects',
  });
}

/** As they call themselves. */
const by = v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100)), 'somebody');

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const subjectOfEvidence = v.pipe(v.string(), v.minLength(1), v.maxLength(300));
const means = v.optional(meansSchema, 'memory');

const session = {
  query: {},
  body: null,
  response: sessionSchema,
  contentType: 'application/json; charset=utf-8',
  needs: 'read',
} as const;

export const routes: readonly Route[] = [
  json(
    '/api/v1/status',
    'What leaks, what is suspected, how the host stands',
    statusSchema,
    { limit: whole(0, 5000, '5000') },
    (source, { limit }) => statusDocument(source, limit),
  ),
  json(
    '/api/v1/host',
    'Memory of the host, the verdict on it, what it goes through, and how fast its services answer',
    hostDocumentSchema,
    {},
    (source) => hostDocument(source),
  ),
  json(
    '/api/v1/host/history',
    'The host over time: memory, swap, waiting for memory, disk, CPU, how fast services answered, and the stage',
    hostHistorySchema,
    { from: moment, to: moment, points: whole(2, 2000, '300'), subject: v.optional(v.pipe(v.string(), v.maxLength(200))) },
    (source, { from, to, points, subject }) => {
      const toMs = to ?? source.nowMs();
      return hostHistoryDocument(source, { fromMs: from ?? toMs - dayMs, toMs, points, subjectId: subject ?? null });
    },
  ),
  json('/api/v1/kills', 'Processes killed for want of memory: victim, culprit, what would have prevented it', killsSchema, {}, (source) =>
    killsDocument(source),
  ),
  json('/api/v1/where', 'Where the memory is: every byte of RAM and swap', whereSchema, {}, (source) => whereDocument(source.where())),
  json(
    '/api/v1/subjects',
    'Workloads or processes of the latest scan',
    subjectsSchema,
    {
      kind: v.optional(v.picklist(['workload', 'process']), 'workload'),
      sort: v.optional(v.picklist(subjectSorts), 'concern'),
      direction: v.optional(v.picklist(sortDirections)),
      filter: v.optional(v.pipe(v.string(), v.maxLength(200, 'at most 200 characters')), ''),
      offset: whole(0, 1_000_000, '0'),
      limit: whole(1, 5000, '500'),
    },
    (source, query) => subjectsDocument(source, query),
  ),
  json(
    '/api/v1/workloads',
    'Workloads of the latest scan, each in few words',
    workloadsSchema,
    { limit: whole(1, 100_000, '100000') },
    (source, { limit }) => workloadsDocument(source, limit),
  ),
  json(
    '/api/v1/sparks',
    'The shape of the history of some subjects: their ids with commas between',
    sparksSchema,
    { of: v.optional(v.pipe(v.string(), v.maxLength(2000, 'at most 2000 characters')), '') },
    (source, { of }) => sparksDocument(source, of.split(',')),
  ),
  json('/api/v1/subjects/{id}', 'One subject with its processes and findings', subjectDetailSchema, {}, (source, _query, { id = '' }) => {
    const document = subjectDetail(source, id);
    if (document === null) throw noSuchSubject(id);
    return document;
  }),
  json(
    '/api/v1/subjects/{id}/series',
    'One resource of one subject over time, with trend and forecast',
    seriesSchema,
    {
      resource: v.optional(v.picklist(seriesResources), 'memory'),
      from: moment,
      to: moment,
      past: whole(1, 10 * 365 * dayMs, String(dayMs)),
      points: whole(2, 2000, '300'),
    },
    (source, query, { id = '' }) => {
      if (id.length > 200) throw noSuchSubject(id);
      // The same for all that is asked between two scans: what was read for one is there for the next.
      const toMs = query.to ?? source.scan().timeMs;
      const fromMs = query.from ?? toMs - query.past;
      return seriesDocument(source, { subjectId: id, resource: query.resource, fromMs, toMs, points: query.points });
    },
  ),
  json(
    '/api/v1/subjects/{id}/lives',
    'What a workload held in each of its lives, from one start to the next',
    livesSchema,
    {},
    (source, _query, { id = '' }) => {
      if (id.length > 200) throw noSuchSubject(id);
      return livesDocument(source, id);
    },
  ),
  json(
    '/api/v1/findings',
    'Verdicts that lasted long enough to be told, latest first',
    findingsSchema,
    { since: moment, limit: whole(1, 1000, '100') },
    (source, query) =>
      findingsDocument(source, query.since === undefined ? { limit: query.limit } : { sinceMs: query.since, limit: query.limit }),
  ),
  json(
    '/api/v1/actions',
    'What was done to this server, and what is proposed',
    actionsSchema,
    { limit: whole(1, 1000, '100') },
    (source, query) => actionsDocument(source, query.limit),
  ),
  deed(
    '/api/v1/actions/plan',
    'Plans an action; nothing is done until somebody agrees',
    actionsSchema.entries.proposals.item,
    v.strictObject({
      kind: v.picklist(actionKinds),
      subject: v.pipe(v.string(), v.minLength(1), v.maxLength(300)),
      highBytes: v.optional(v.nullable(bytes), null),
      maxBytes: v.optional(v.nullable(bytes), null),
    }),
    (source, body) => planAction(source, body),
  ),
  deed(
    '/api/v1/actions/{id}/agree',
    'Carries out a plan; how it goes on is in the list of actions',
    idSchema,
    v.strictObject({ by, again: v.optional(v.boolean(), false) }),
    (source, body, { id = '' }, address) => ({ ...agreeTo(source, id, body.again, { by: body.by, address }) }),
  ),
  deed(
    '/api/v1/actions/{id}/undo',
    'Takes an action back; whether it worked is in the list of actions',
    idSchema,
    v.strictObject({ by }),
    (source, body, { id = '' }, address) => ({ ...undoAction(source, id, { by: body.by, address }) }),
  ),
  json(
    '/api/v1/evidence',
    'What was found out about running processes, and how far the explanation is that runs',
    evidenceListSchema,
    { limit: whole(1, 100, '20'), subject: v.optional(subjectOfEvidence) },
    (source, { limit, subject }) => evidenceDocument(source, subject === undefined ? { limit } : { limit, subject }),
  ),
  json(
    '/api/v1/evidence/plan',
    'What an explanation of a process, or of the largest of a workload, would do and cost, and whether there is room for it',
    evidencePlanSchema,
    { subject: subjectOfEvidence, means },
    (source, { subject, means }) => evidencePlan(source, subject, means),
  ),
  json('/api/v1/evidence/{id}', 'One piece of evidence', evidenceSchema, {}, (source, _query, { id = '' }) => oneEvidence(source, id)),
  deed(
    '/api/v1/evidence',
    'Begins to explain a process or the largest of a workload; how far it is, is in the list',
    evidenceListSchema,
    v.strictObject({ subject: subjectOfEvidence, means, by }),
    (source, body, _params, address) => beginEvidence(source, body, { by: body.by, address }),
  ),
  deed(
    '/api/v1/evidence/cancel',
    'Ends the explanation that runs; the process goes on',
    evidenceListSchema,
    v.strictObject({ by }),
    (source, body, _params, address) => cancelEvidence(source, { by: body.by, address }),
  ),
  evidenceFile('json', 'application/json; charset=utf-8', 'json'),
  evidenceFile('pb.gz', 'application/gzip', 'pprof'),
  evidenceFile('speedscope.json', 'application/json; charset=utf-8', 'speedscope'),
  evidenceFile('collapsed.txt', 'text/plain; charset=utf-8', 'collapsed'),
  json(
    '/api/v1/incidents',
    'What has one cause, told as one: open ones first',
    incidentsSchema,
    { state: v.optional(v.picklist(['open', 'resolved', 'all']), 'all'), limit: whole(1, 1000, '100') },
    (source, query) => incidentsDocument(source, query),
  ),
  json(
    '/api/v1/incidents/{id}',
    'One incident with its timeline, its notes, and who was told',
    incidentSchema,
    {},
    (source, _query, { id = '' }) => incidentDocument(source, id),
  ),
  json('/api/v1/incidents/{id}/report', 'What whoever is to fix it needs', reportSchema, {}, (source, _query, { id = '' }) =>
    reportDocument(source, id),
  ),
  report('md', 'text/markdown', reportMarkdown),
  report('html', 'text/html', reportHtml),
  deed(
    '/api/v1/incidents/{id}/ack',
    'Somebody takes care: no more reminders',
    incidentSchema,
    v.strictObject({ by }),
    (source, body, { id = '' }, address) => handleIncident(source, id, { action: 'ack' }, { by: body.by, address }),
  ),
  deed(
    '/api/v1/incidents/{id}/silence',
    'Nothing is told of it for some minutes',
    incidentSchema,
    v.strictObject({ by, minutes: v.pipe(v.number(), v.minValue(1), v.maxValue(43_200)) }),
    (source, body, { id = '' }, address) =>
      handleIncident(source, id, { action: 'silence', untilMs: source.nowMs() + body.minutes * 60_000 }, { by: body.by, address }),
  ),
  deed(
    '/api/v1/incidents/{id}/resolve',
    'It is done; it comes back only if it begins anew',
    incidentSchema,
    v.strictObject({ by }),
    (source, body, { id = '' }, address) => handleIncident(source, id, { action: 'resolve' }, { by: body.by, address }),
  ),
  deed(
    '/api/v1/incidents/{id}/note',
    'A note for whoever comes next',
    incidentSchema,
    v.strictObject({ by, text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(maxNoteLength)) }),
    (source, body, { id = '' }, address) => handleIncident(source, id, { action: 'note', text: body.text }, { by: body.by, address }),
  ),
  deed(
    '/api/v1/notify/test',
    'Sends a test message through every channel, or one',
    notifyTestSchema,
    v.strictObject({ by, channel: v.optional(v.string()) }),
    (source, body, _params, address) => notifyTest(source, body, address),
  ),
  json(
    '/api/v1/advice',
    'What to set: limits, recycling, settings of runtimes; of one workload, or of those that matter most',
    adviceSchema,
    { subject: v.optional(v.pipe(v.string(), v.maxLength(200))), requestsPerHour: whole(0, 1_000_000_000, '0') },
    (source, { subject, requestsPerHour }) => {
      const document = adviceDocument(source, { subject, requestsPerHour: requestsPerHour === 0 ? null : requestsPerHour });
      if (document === null) throw noSuchSubject(subject ?? '');
      return document;
    },
  ),
  json(
    '/api/v1/since',
    'What changed when a leak began, and whether a restart since then ended it',
    sinceSchema,
    { subject: v.optional(v.pipe(v.string(), v.maxLength(200))) },
    (source, { subject }) => sinceDocument(source, subject),
  ),
  deed(
    '/api/v1/advice/plan',
    'Plans what was advised; nothing is done until somebody agrees',
    actionsSchema.entries.proposals.item,
    v.strictObject({
      subject: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
      id: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
      requestsPerHour: v.optional(v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(1))), null),
    }),
    (source, body) => planAdvice(source, body),
  ),
  json('/api/v1/audit', 'How well the server is set up against running out of memory, and how to do better', auditSchema, {}, (source) =>
    hardeningDocument(source.hardening(), source.nowMs()),
  ),
  json('/api/v1/settings', 'What holds, where each comes from and how to change it; no secret', settingsSchema, {}, (source) =>
    settingsDocument(source),
  ),
  {
    ...session,
    method: 'GET',
    path: '/api/v1/session',
    summary: 'What whoever asks may do, and by what',
    answer: (_source, _params, _search, { access: { right, by } }) => JSON.stringify({ schema: 'stanch.session/1', right, by }),
  },
  {
    ...session,
    method: 'POST',
    path: '/api/v1/session/end',
    summary: 'Logs out: the session is over on the server, and the cookie goes',
    endsSession: true,
    answer: () => JSON.stringify({ schema: 'stanch.session/1', right: null, by: null }),
  },
  json('/api/v1/audit-log', 'Who did what, latest first', auditLogSchema, { limit: whole(1, 1000, '100') }, (source, query) =>
    auditDocument(source, query.limit),
  ),
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Prometheus metrics, text exposition 0.0.4',
    query: {},
    body: null,
    response: null,
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    needs: 'read',
    answer: (source) => metricsText(source),
  },
  {
    method: 'GET',
    path: '/healthz',
    summary: 'Is stanch alive?',
    query: {},
    body: null,
    response: null,
    contentType: 'text/plain; charset=utf-8',
    needs: 'read',
    answer: () => 'ok\n',
  },
];
