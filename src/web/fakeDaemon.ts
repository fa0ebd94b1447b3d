/**
 * A daemon that says what a test wants it to: serves the built page with the headers the real one sends, and documents
 * that satisfy the API's schema, in states that a real server would take hours to reach.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import * as v from 'valibot';
import type {
  ActionsDocument,
  ErrorDocument,
  FindingDocument,
  HardeningDocument,
  IncidentDocument,
  SeriesDocument,
  SessionDocument,
  SettingsDocument,
  StatusDocument,
  SubjectDetailDocument,
  SubjectRow,
  WhereDocument,
} from '../serve/schema.ts';
import {
  actionsSchema,
  adviceSchema,
  auditSchema,
  evidenceListSchema,
  evidencePlanSchema,
  findingsSchema,
  hostHistorySchema,
  incidentSchema,
  incidentsSchema,
  livesSchema,
  meansSchema,
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
} from '../serve/schema.ts';
import {
  adviceFrom,
  evidenceListFrom,
  evidencePlanFrom,
  type FakeExplain,
  jobFor,
  livesFrom,
  nothingExplained,
  sinceFrom,
} from './fakeExplain.ts';
import { auditForTests, hostHistory, incidentsOf, reportOf, settingsForTests } from './fakeIncident.ts';

const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const mib = 1024 ** 2;
const hourMs = 3_600_000;
const intervalMs = 1000;

type ActionPlan = ActionsDocument['proposals'][number]['plan'];
type Verdict = SubjectRow['verdict']['resources'][number];

export interface FakeState {
  rows: SubjectRow[];
  notices: StatusDocument['notices'];
  findings: FindingDocument[];
  summary: string;
  exhaustion: StatusDocument['host']['exhaustion'];
  condition: StatusDocument['condition'];
  kills: StatusDocument['kills'];
  incidents: IncidentDocument[];
  actions: Pick<ActionsDocument, 'actions' | 'proposals'>;
  explain: FakeExplain;
  /** Answered to whatever is to be done; null: it is done. */
  refusal: { status: number; body: ErrorDocument } | null;
  /** What the page asked to be done: path and body. */
  told: [path: string, body: unknown][];
  audit: HardeningDocument;
  settings: SettingsDocument;
  access: Pick<SessionDocument, 'right' | 'by'>;
  /** When set, requests without it are answered 401. */
  token: string | null;
  /** When set, reading is free and acting needs it. */
  actToken: string | null;
}

export interface FakeDaemon {
  url: string;
  state: FakeState;
  /** Stops answering, as a daemon that was killed; `revive` listens on the same port again. */
  die(): Promise<void>;
  revive(): Promise<void>;
  close(): Promise<void>;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function verdictFor(change: Partial<Verdict>): Verdict {
  return {
    resource: 'memory',
    verdict: 'no-leak',
    class: 'flat',
    probability: 0.01,
    onset: null,
    detectedAt: null,
    slope: null,
    exhaustion: null,
    urgency: { level: 'none', text: '' },
    reasons: [{ rule: 'floor-flat', for: 'no-leak', text: 'The floor has not risen in the last 6 h.' }],
    ...change,
  };
}

export function rowFor(name: string, bytes: number, change: Partial<Verdict> = {}, more: Partial<SubjectRow> = {}): SubjectRow {
  const worst = verdictFor(change);
  const rises = worst.verdict === 'leak' || worst.verdict === 'suspect';
  const memory = worst.resource === 'memory' ? worst : verdictFor({});
  const others: Verdict[] = [worst.resource === 'fds' ? worst : verdictFor({ resource: 'fds' }), verdictFor({ resource: 'threads' })];
  return {
    id: `w-${Buffer.from(name).toString('hex').slice(0, 40)}`,
    kind: 'workload',
    name,
    origin: name.endsWith('.service') ? 'systemd-unit' : 'executable',
    user: 'www-data',
    account: null,
    domain: null,
    workloadId: null,
    privateBytes: bytes,
    swapBytes: 0,
    shmemBytes: null,
    fds: 24,
    threads: 8,
    processes: 1,
    zombies: 0,
    limitBytes: null,
    startTime: iso(Date.now() - 30 * hourMs),
    verdict: { subject: name, ...worst, resources: [memory, ...others] },
    spark: Array.from({ length: 48 }, (_, index) =>
      Math.round(rises ? bytes * (0.35 + (0.65 * index) / 47) : bytes * (1 + 0.005 * Math.sin(index))),
    ),
    ...more,
  };
}

export function leakRow(name: string): SubjectRow {
  const nowMs = Date.now();
  return rowFor(
    name,
    1480 * mib,
    {
      verdict: 'leak',
      class: 'leak',
      probability: 0.998,
      onset: iso(nowMs - 5.2 * hourMs),
      detectedAt: iso(nowMs - 3 * hourMs),
      slope: { perHour: 182 * mib, low: 174 * mib, high: 190 * mib, unit: 'bytes' },
      exhaustion: { at: iso(nowMs + 4.4 * hourMs), low: iso(nowMs + 3.9 * hourMs), high: iso(nowMs + 5.3 * hourMs), wall: 'host_memory' },
      urgency: { level: 'soon', text: 'at the earliest 3 h 54 min are left' },
      reasons: [
        { rule: 'floor-rises', for: 'leak', text: 'The floor rose by 946 MiB in 5 h 12 min, and never fell back by more than 3 MiB.' },
        { rule: 'not-load', for: 'leak', text: 'CPU time stayed at 4 % of a core meanwhile: it does not grow because it works more.' },
        { rule: 'not-warm-up', for: 'leak', text: 'It has run for 30 h and grows as fast now as 5 h ago.' },
        { rule: 'allocator-retention', for: 'no-leak', text: '61 MiB of it may be memory that was freed and is kept by the allocator.' },
      ],
    },
    { swapBytes: 212 * mib, processes: 4, threads: 38, fds: 96 },
  );
}

function resolvedFinding(name: string): FindingDocument {
  const nowMs = Date.now();
  const row = rowFor(name, 0);
  return {
    id: `f-${name}`,
    subjectId: row.id,
    subjectName: name,
    state: 'resolved',
    stateSince: iso(nowMs - 20 * hourMs),
    firstSeen: iso(nowMs - 27 * hourMs),
    lastSeen: iso(nowMs - 20 * hourMs),
    verdict: verdictFor({ verdict: 'leak', class: 'leak' }),
  };
}

function suspectRow(name: string): SubjectRow {
  const nowMs = Date.now();
  return rowFor(name, 96 * mib, {
    resource: 'fds',
    verdict: 'suspect',
    class: 'unknown',
    probability: 0.71,
    onset: iso(nowMs - 1.5 * hourMs),
    slope: { perHour: 14, low: 6, high: 22, unit: 'count' },
    urgency: { level: 'watch', text: 'at the earliest 2 d are left' },
    reasons: [
      { rule: 'floor-rises', for: 'leak', text: 'Open files rose from 61 to 82 in 1 h 30 min.' },
      { rule: 'too-young', for: 'undecided', text: 'It takes about 3 h more to tell this from load.' },
    ],
  });
}

const healthy: [string, number][] = [
  ['mariadb.service', 620],
  ['php-fpm: pool www', 310],
  ['nginx.service', 24],
  ['redis-server.service', 88],
  ['node /srv/api/server.js', 142],
  ['postfix.service', 18],
  ['ssh.service', 9],
  ['cron.service', 3],
  ['systemd-journald.service', 21],
];

function healthyRows(): SubjectRow[] {
  return healthy.map(([name, size]) => rowFor(name, size * mib));
}

export function calmState(): FakeState {
  return {
    rows: healthyRows(),
    notices: [],
    findings: [],
    summary: 'Nothing leaks as far as stanch has seen.',
    exhaustion: null,
    condition: healthyCondition(),
    kills: [],
    incidents: [],
    actions: { actions: [], proposals: [] },
    explain: nothingExplained(),
    refusal: null,
    told: [],
    audit: auditForTests(),
    settings: settingsForTests(),
    access: { right: 'act', by: 'session' },
    token: null,
    actToken: null,
  };
}

function healthyCondition(): StatusDocument['condition'] {
  return {
    stage: 'healthy',
    since: iso(Date.now() - 3 * hourMs),
    because: [],
    cause: null,
    also: [],
    causeBecause: [],
    sentence: null,
    probes: [],
    loopback: null,
    seesKernelLog: true,
  };
}

function restartPlan(): ActionPlan {
  return {
    kind: 'restart',
    subjectId: 'w-shop-worker.service',
    subjectName: 'shop-worker.service',
    reason: 'That gives back about 490 MiB. The leak stays until the program is mended.',
    steps: ['restart shop-worker.service'],
    risk: 'It answers nobody until it is up again.',
    undoable: false,
    expectedBytes: 490 * mib,
  };
}

function doneAction(): ActionsDocument['actions'][number] {
  return {
    id: 'a-1',
    time: iso(Date.now() - hourMs),
    by: 'cli',
    plan: {
      ...restartPlan(),
      kind: 'limit',
      reason: 'It may take 600 MiB; beyond that it is ended.',
      steps: ['set MemoryMax=629145600 for shop-worker.service', 'have systemd read its unit files anew'],
      risk: null,
      undoable: true,
      expectedBytes: null,
    },
    state: 'done',
    stepsDone: 2,
    error: null,
    ended: iso(Date.now() - hourMs),
    proof: null,
  };
}

/** The same leak hours later: pages and ssh have become slow, and the kernel has taken the database. */
export function dyingState(): FakeState {
  const probe = (name: string, url: string, latencyMs: number | null, state: 'slow' | 'failing') => ({
    name,
    kind: 'tcp' as const,
    url,
    state,
    since: iso(Date.now() - 90_000),
    latencyMs,
    failure: latencyMs === null ? 'no answer within 10 s' : null,
    waitingMs: null,
    range: { lowMs: 0.8, medianMs: 1.4, highMs: 9 },
    slowAboveMs: 100,
  });
  return {
    ...leakState(),
    condition: {
      ...healthyCondition(),
      stage: 'stalling',
      since: iso(Date.now() - 120_000),
      because: [
        { name: 'memory-full', text: 'PSI memory full 31 %' },
        { name: 'swap-in', text: '4.2 MiB/s from swap' },
      ],
      cause: 'memory',
      sentence: 'ssh answers in 4.1 s because memory is short (PSI memory full 31 %), not because of the network (loopback loss 0 of 5).',
      probes: [probe('ssh', 'ssh://127.0.0.1:22', 4100, 'slow'), probe('http', 'http://127.0.0.1/', null, 'failing')],
    },
    kills: [
      {
        id: 'kill-1',
        time: iso(Date.now() - 60_000),
        sentence: 'The kernel killed mariadb.service (121 MiB), but shop-worker.service had the memory (490 MiB).',
      },
    ],
    incidents: incidentsOf('shop-worker.service', leakRow('shop-worker.service').verdict),
    actions: { actions: [doneAction()], proposals: [{ id: 'p-1', time: iso(Date.now() - 60_000), state: 'waits', plan: restartPlan() }] },
  };
}

export function leakState(): FakeState {
  const leak = leakRow('shop-worker.service');
  return {
    rows: [leak, suspectRow('imap-login.service'), ...healthyRows()],
    notices: [
      {
        code: 'STANCH_E_NOT_PERMITTED',
        text: 'Processes of other users can be seen only in part: run stanch as root to judge their open files.',
        since: iso(Date.now() - 2 * hourMs),
      },
    ],
    findings: [resolvedFinding('thumbnailer.service')],
    summary: 'shop-worker.service leaks memory, 182 MiB an hour, ends in 4 h 24 min (3 h 54 min to 5 h 18 min).',
    exhaustion: leak.verdict.exhaustion,
    condition: healthyCondition(),
    kills: [],
    incidents: [],
    actions: { actions: [], proposals: [] },
    explain: nothingExplained(),
    refusal: null,
    told: [],
    audit: auditForTests(),
    settings: settingsForTests(),
    access: { right: 'act', by: 'session' },
    token: null,
    actToken: null,
  };
}

export async function startFakeDaemon(pageFolder: string, state: FakeState): Promise<FakeDaemon> {
  const server = createServer((request, response) => answer(request, response, pageFolder, fake.state));
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected to listen on a port');
  const fake: FakeDaemon = { url: `http://127.0.0.1:${address.port}/`, state, die: stop, revive: () => listen(address.port), close: stop };
  return fake;
}

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

function answer(request: IncomingMessage, response: ServerResponse, pageFolder: string, state: FakeState): void {
  const url = new URL(request.url ?? '/', 'http://fake.invalid');
  response.setHeader('content-security-policy', contentSecurityPolicy);
  response.setHeader('x-content-type-options', 'nosniff');
  if (!url.pathname.startsWith('/api/')) {
    const file = url.pathname === '/' ? 'index.html' : normalize(url.pathname).replace(/^\/+/, '');
    // Whoever looks for an inspector on this machine asks here, too.
    if (!existsSync(join(pageFolder, file))) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', contentTypes[extname(file)] ?? 'application/octet-stream');
    response.end(readFileSync(join(pageFolder, file)));
    return;
  }
  const needed = state.token ?? (request.method === 'POST' || request.headers.authorization !== undefined ? state.actToken : null);
  if (needed !== null && request.headers.authorization !== `Bearer ${needed}`) {
    json(response, 401, { code: 'STANCH_E_UNAUTHORISED', expected: 'the token of this stanch', found: 'none', next: 'Send it.' });
    return;
  }
  const file = /^\/api\/v1\/evidence\/([\w-]+)\/evidence\.(.+)$/.exec(url.pathname);
  if (file !== null) response.end(`${file[2]} of ${file[1]}`);
  else if (request.method === 'POST') takeIn(request, response, url, state);
  else if (url.pathname === '/api/v1/stream') stream(response);
  else answerDocument(url, response, state);
}

/** Writes down what the page wants done, and says that it was; plans and explanations begin as the real ones do. */
function takeIn(request: IncomingMessage, response: ServerResponse, url: URL, state: FakeState): void {
  let text = '';
  request.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  request.on('end', () => {
    const path = url.pathname.replace('/api/v1/', '');
    const body = JSON.parse(text);
    state.told.push([path, body]);
    if (path === 'session/end') state.access = { right: 'read', by: 'loopback' };
    if (state.refusal !== null) json(response, state.refusal.status, state.refusal.body);
    else json(response, 200, answerTo(path, body, state));
  });
}

/** By the id of the workload, or of a process of the first. */
function rowOf(id: string, state: FakeState): SubjectRow | undefined {
  return id.startsWith('p-') ? state.rows[0] : state.rows.find((row) => row.id === id);
}

function answerTo(path: string, body: { kind?: ActionPlan['kind']; subject?: string }, state: FakeState): unknown {
  const time = iso(Date.now());
  const row = rowOf(body.subject ?? '', state);
  if ((path === 'actions/plan' || path === 'advice/plan') && row) {
    const plan = {
      ...restartPlan(),
      kind: body.kind ?? (path === 'advice/plan' ? 'limit' : 'restart'),
      subjectId: row.id,
      subjectName: row.name,
    };
    const proposal = { id: `p-${9 + state.actions.proposals.length}`, time, state: 'waits' as const, plan };
    state.actions.proposals = [...state.actions.proposals, proposal];
    return proposal;
  }
  if (path === 'evidence' && row) state.explain.job = jobFor(row, { startedMs: Date.now(), done: 0 });
  if (path === 'evidence/cancel' && state.explain.job) state.explain.job = { ...state.explain.job, state: 'cancelled' };
  if (path.startsWith('evidence')) return evidenceListFrom(state.explain, time);
  if (path === 'notify/test') return { channels: [{ channel: 'ops', error: 'connect ECONNREFUSED 10.0.0.9:443' }] };
  return { id: 'a-2' };
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const tick = () => response.write('event: tick\ndata: {}\n\n');
  tick();
  const timer = setInterval(tick, intervalMs);
  response.on('close', () => clearInterval(timer));
}

function answerDocument(url: URL, response: ServerResponse, state: FakeState): void {
  const found = documentAt(url, state);
  if (found !== null) json(response, 200, found);
  else json(response, 404, { code: 'STANCH_E_NO_INPUT', expected: 'the id of a workload', found: url.pathname, next: 'List them.' });
}

function documentAt(url: URL, state: FakeState): unknown {
  const time = iso(Date.now());
  const [head, id = '', part] = url.pathname.replace('/api/v1/', '').split('/');
  if (head === 'status') return v.parse(statusSchema, statusFrom(state, time));
  if (head === 'findings') return v.parse(findingsSchema, { schema: 'stanch.findings/1', time, findings: state.findings });
  if (head === 'where') return v.parse(whereSchema, whereFrom(state, time));
  if (head === 'host' && id === 'history') return v.parse(hostHistorySchema, hostHistory(state, url.searchParams));
  if (head === 'audit') return v.parse(auditSchema, { ...state.audit, time });
  if (head === 'settings') return v.parse(settingsSchema, { ...state.settings, time });
  if (head === 'session') return v.parse(sessionSchema, { schema: 'stanch.session/1', ...state.access });
  if (head === 'actions') return v.parse(actionsSchema, { schema: 'stanch.actions/1', time, ...state.actions });
  if (head === 'incidents' && id === '') {
    const all = state.incidents.map(({ incident }) => incident);
    const incidents = url.searchParams.get('state') === 'open' ? all.filter((one) => one.state !== 'resolved') : all;
    return v.parse(incidentsSchema, { schema: 'stanch.incidents/1', time, incidents });
  }
  const incident = head === 'incidents' ? state.incidents.find((one) => one.incident.id === id) : undefined;
  if (incident !== undefined) return part === 'report' ? v.parse(reportSchema, reportOf(incident)) : v.parse(incidentSchema, incident);
  const asked = rowOf(url.searchParams.get('subject') ?? '', state);
  if (head === 'evidence' && id === 'plan') {
    const means = v.parse(meansSchema, url.searchParams.get('means'));
    return asked ? v.parse(evidencePlanSchema, evidencePlanFrom(asked, state.explain, means, time)) : null;
  }
  if (head === 'evidence' && id === '') return v.parse(evidenceListSchema, evidenceListFrom(state.explain, time));
  if (head === 'evidence') return state.explain.evidence.find((one) => one.id === id) ?? null;
  if (head === 'since' && asked) return v.parse(sinceSchema, sinceFrom(asked, state.explain, time));
  if (head === 'advice' && asked) return v.parse(adviceSchema, adviceFrom(asked, time));
  if (head === 'workloads') {
    const workloads = state.rows
      .slice(0, Number(url.searchParams.get('limit') ?? 100_000))
      .map(({ verdict: { verdict, resource, resources }, ...row }) => {
        const growth = resources[0]?.slope?.perHour ?? null;
        return { ...row, verdict, resource, growth };
      });
    return v.parse(workloadsSchema, { schema: 'stanch.workloads/1', time, total: state.rows.length, workloads });
  }
  if (head === 'sparks') {
    const ids = url.searchParams.get('of')?.split(',') ?? [];
    const sparks = state.rows.filter((one) => ids.includes(one.id)).map(({ id: of, spark }) => ({ id: of, spark }));
    return v.parse(sparksSchema, { schema: 'stanch.sparks/1', time, sparks });
  }
  if (head !== 'subjects') return null;
  if (id === '') {
    const subjects = state.rows.slice(0, Number(url.searchParams.get('limit')));
    const total = state.rows.length;
    return v.parse(subjectsSchema, { schema: 'stanch.subjects/1', time, total, matching: total, offset: 0, subjects });
  }
  const row = state.rows.find((one) => one.id === decodeURIComponent(id));
  if (part === 'series' && id === 'host') return v.parse(seriesSchema, hostSeries(state, url.searchParams));
  // Of what has ended the history is left.
  const gone = state.incidents.find((one) => one.incident.subjectId === id)?.incident;
  if (!row && gone && part === 'series') return v.parse(seriesSchema, seriesFrom(rowFor(gone.subjectName, 64 * mib), url.searchParams));
  if (!row) return null;
  if (part === 'lives') return v.parse(livesSchema, livesFrom(row, time));
  return part === 'series' ? v.parse(seriesSchema, seriesFrom(row, url.searchParams)) : v.parse(subjectDetailSchema, detailFrom(row, time));
}

function countOf({ rows }: FakeState, word: SubjectRow['verdict']['verdict']): number {
  return rows.filter(({ verdict }) => verdict.verdict === word).length;
}

function json(response: ServerResponse, statusCode: number, body: unknown): void {
  response.writeHead(statusCode, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

function statusFrom(state: FakeState, time: string): StatusDocument {
  return {
    schema: 'stanch.status/1',
    time,
    version: '0.1.0',
    intervalMs,
    summary: state.summary,
    host: {
      name: 'web-07',
      memTotalBytes: 3900 * mib,
      memAvailableBytes: (state.exhaustion ? 802 : 2240) * mib,
      memFreeBytes: 310 * mib,
      swapTotalBytes: 1024 * mib,
      swapFreeBytes: (state.exhaustion ? 790 : 1024) * mib,
      memoryPressureSome10: 0.02,
      memoryPressureFull10: 0,
      load1: 0.7,
      sockets: { used: 285, tcpAllocated: 40, tcpOrphaned: 0, tcpTimeWait: 12 },
      cpuCount: 2,
      exhaustion: state.exhaustion,
    },
    leakCount: countOf(state, 'leak'),
    suspectCount: countOf(state, 'suspect'),
    undecidedCount: countOf(state, 'undecided'),
    subjects: state.rows.slice(0, 30).map(({ verdict, account, domain }) => ({ ...verdict, account, domain })),
    condition: state.condition,
    kills: state.kills,
    notices: state.notices,
    self: {
      cpuRatio: 0.002,
      rssBytes: 58 * mib,
      readsPerSecond: 310,
      budget: { cpuRatio: 0.01, rssBytes: 128 * mib, readsPerSecond: 20_000, wantedIntervalMs: intervalMs, looksCloser: true },
      fds: 214,
      scanMs: 9,
      processSource: { by: 'proc', reason: 'BPF is off in the configuration' },
      processCount: 143,
      workloadCount: state.rows.length,
      storeBytes: 11 * mib,
      storeMode: 'disk',
    },
  };
}

type Node = WhereDocument['ram'];

/** A node of the given size whose parts add up to it: what they leave is its last one. */
function nodeOf(name: string, mebibytes: number, more: Partial<Node> = {}, parts: Node[] = []): Node {
  const bytes = Math.round(mebibytes * mib);
  if (parts.length === 0) return { name, bytes, ...more };
  const rest = bytes - parts.reduce((sum, part) => sum + part.bytes, 0);
  return { name, bytes, ...more, children: rest > 0 ? [...parts, { name: 'others', bytes: rest }] : parts };
}

/** A server on which a tmpfs was filled: the memory is gone, and no process has it. */
function whereFrom(state: FakeState, time: string): WhereDocument {
  const workloads = state.rows.map((row) => ({ ...nodeOf(row.name, (row.privateBytes ?? 0) / mib / 2), subjectId: row.id }));
  const held = workloads.reduce((sum, { bytes }) => sum + bytes, 0);
  const files = [
    nodeOf('sessions/export.csv', 420),
    nodeOf('old.log, deleted, still open in nginx (pid 812)', 230, { subjectId: workloads[0]?.subjectId }),
  ];
  const shared = [
    nodeOf('tmpfs /dev/shm', 680, {}, files),
    nodeOf('System V segments', 64, {}, [
      nodeOf('segment 3 of postgres, made by postgres (pid 77)', 64, { note: 'orphan: no process has it attached; ipcrm -m 3 removes it' }),
    ]),
  ];
  const kernel = [
    nodeOf('slab, reclaimable', 210, { reclaim: 'reclaimable' }, [
      nodeOf('dentry', 120, { note: 'names of files' }),
      nodeOf('ext4_inode_cache', 60),
    ]),
    nodeOf('slab, unreclaimable', 130, { reclaim: 'unreclaimable' }),
    nodeOf('socket buffers', 96, { reclaim: 'unreclaimable' }, [nodeOf('TCP', 90)]),
    nodeOf('page tables', 24, { reclaim: 'unreclaimable' }),
  ];
  const total = 3900;
  const known = 310 + 760 + 240 + 460;
  const ram = [
    nodeOf('free', 310, { reclaim: 'free' }),
    { ...nodeOf('workloads', 0, { reclaim: 'swappable' as const }), bytes: held, children: workloads },
    nodeOf('shared memory and tmpfs', 760, { reclaim: 'swappable' }, shared),
    nodeOf('page cache', 240, { reclaim: 'reclaimable' }),
    nodeOf('kernel', 460, {}, kernel),
  ];
  const remainder = total * mib - known * mib - held;
  ram.push({
    name: 'remainder: drivers, pipes and other pages that the kernel does not itemise',
    bytes: remainder,
    reclaim: 'unreclaimable',
  });
  return {
    schema: 'stanch.where/1',
    time,
    ram: { name: 'RAM', bytes: total * mib, children: ram },
    swap: nodeOf('swap', 1024, {}, [nodeOf('free', 790), nodeOf('workloads', 200, {}, [nodeOf('shop-worker.service', 190)])]),
    reclaim: {
      freeBytes: 310 * mib,
      reclaimableBytes: 450 * mib,
      swappableBytes: held + 760 * mib,
      unreclaimableBytes: 250 * mib + remainder,
    },
    findings: [
      {
        kind: 'no-process-has-it',
        bytes: 1100 * mib,
        text: 'Memory is gone but no process has it: 1.07 GiB, 28 % of RAM. Most of it is tmpfs /dev/shm, 450 MiB.',
        next: 'Look for what is large there: du -xh /dev/shm | sort -h | tail',
      },
    ],
    cgroups: {
      version: 'v2',
      dying: 41,
      largest: [cgroupOf('/system.slice/shop-worker.service', 1650), cgroupOf('/user.slice/user-1000.slice', 80)],
    },
    notices: [],
  };
}

function cgroupOf(path: string, mebibytes: number): NonNullable<WhereDocument['cgroups']>['largest'][number] {
  const bytes = mebibytes * mib;
  return {
    path,
    usageBytes: bytes,
    peakBytes: bytes * 1.1,
    limitBytes: null,
    anonBytes: bytes * 0.9,
    fileBytes: bytes * 0.1,
    shmemBytes: 0,
    slabReclaimableBytes: 0,
    slabUnreclaimableBytes: 0,
    socketBytes: 0,
    pageTableBytes: 0,
    throttled: 0,
    atLimit: 0,
    oomKills: 1,
    pressureSome10: 0,
    pressureFull10: 0,
  };
}

interface Shape {
  subjectId: string;
  endValue: number;
  verdict: Verdict | null;
  /** What does not grow. */
  noise: number;
  limit: number | null;
}

function seriesFrom(row: SubjectRow, query: URLSearchParams): SeriesDocument {
  const resource = query.get('resource') ?? 'memory';
  const verdict = row.verdict.resources.find((one) => one.resource === resource) ?? null;
  if (resource === 'cpu') return seriesOf({ subjectId: row.id, endValue: 0.04, verdict: null, noise: 0.4, limit: null }, query);
  const endValue = resource === 'memory' ? (row.privateBytes ?? 0) : resource === 'fds' ? (row.fds ?? 0) : (row.threads ?? 0);
  return seriesOf({ subjectId: row.id, endValue, verdict, noise: 0.03, limit: row.limitBytes }, query);
}

function hostSeries(state: FakeState, query: URLSearchParams): SeriesDocument {
  const resource = query.get('resource') ?? 'memory';
  const total = state.rows.reduce((sum, row) => sum + (row.privateBytes ?? 0), 0);
  const endValue = resource === 'memory' ? total : resource === 'shmem' ? 120 * mib : 260 * mib;
  const leak = state.rows.find((row) => row.verdict.verdict === 'leak' && row.verdict.resource === 'memory');
  return seriesOf(
    {
      subjectId: 'host',
      endValue,
      verdict: resource === 'memory' ? (leak?.verdict ?? null) : null,
      noise: 0.01,
      limit: resource === 'memory' ? 4540 * mib : null,
    },
    query,
  );
}

/** Deterministic noise, so that pictures can be compared. */
function wobble(index: number): number {
  return (Math.sin(index * 12.9898) * 43_758.5453) % 1;
}

function seriesOf({ subjectId, endValue, verdict, noise, limit }: Shape, query: URLSearchParams): SeriesDocument {
  const toMs = Date.now();
  const fromMs = toMs - Math.min(30 * hourMs, Number(query.get('past') ?? Number.POSITIVE_INFINITY));
  const count = 240;
  const stepMs = (toMs - fromMs) / (count - 1);
  const onsetMs = verdict?.onset ? Date.parse(verdict.onset) : toMs;
  const perMs = (verdict?.slope?.perHour ?? 0) / hourMs;
  const timeMs = Array.from({ length: count }, (_, index) => Math.round(fromMs + index * stepMs));
  const base = (moment: number) => Math.max(endValue * 0.2, endValue - perMs * Math.max(0, toMs - Math.max(moment, onsetMs)));
  const rounded = (value: number) => (query.get('resource') === 'cpu' ? value : Math.round(value));
  const floor = timeMs.map((moment) => rounded(base(moment)));
  const raised = (share: number) => floor.map((value, index) => rounded(value * (1 + noise + share * Math.abs(wobble(index)))));
  const resource = query.get('resource') ?? 'memory';
  const growing = verdict !== null && (verdict.verdict === 'leak' || verdict.verdict === 'suspect') && verdict.slope !== null;
  const startMs = Math.max(onsetMs, fromMs);
  const aheadMs = verdict?.exhaustion ? Date.parse(verdict.exhaustion.high ?? verdict.exhaustion.at) - toMs : 2 * hourMs;
  const future = Array.from({ length: 24 }, (_, index) => Math.round(toMs + (aheadMs * index) / 23));
  const line = (perHour: number) => future.map((moment) => endValue + (perHour * (moment - toMs)) / hourMs);
  return {
    schema: 'stanch.series/1',
    subjectId,
    resource,
    unit: resource === 'cpu' ? 'cores' : ['memory', 'shmem', 'kernel'].includes(resource) ? 'bytes' : 'count',
    bucketMs: Math.round(stepMs),
    timeMs,
    floor,
    mean: raised(noise),
    max: raised(2 * noise),
    limit,
    restartsMs: subjectId !== 'host' && growing ? [Math.round(onsetMs - 0.4 * hourMs)] : [],
    trend: growing ? { fromMs: startMs, fromValue: base(startMs), toMs, toValue: endValue } : null,
    forecast:
      growing && verdict.slope
        ? { timeMs: future, low: line(verdict.slope.low), mid: line(verdict.slope.perHour), high: line(verdict.slope.high) }
        : null,
  };
}

function hoardedSockets(time: string): SubjectDetailDocument['openFiles'] {
  const common = { protocol: 'tcp', sendQueue: 0, local: null } as const;
  const hungUp = { ...common, state: 'CLOSE_WAIT', direction: 'out', peer: '10.0.0.5:3306', count: 61, receiveQueue: 61 } as const;
  return {
    time,
    open: 82,
    looked: 82,
    summary: ['61 of 82 open files are sockets in CLOSE_WAIT to 10.0.0.5:3306: connections not closed after the peer hung up'],
    kinds: [
      { kind: 'socket', count: 62 },
      { kind: 'file', count: 20 },
    ],
    targets: [{ kind: 'file', name: '/var/log/imap.log', count: 2, text: '/var/log/imap.log' }],
    sockets: [{ ...hungUp, text: 'sockets in CLOSE_WAIT to 10.0.0.5:3306' }],
  };
}

function detailFrom(row: SubjectRow, time: string): SubjectDetailDocument {
  const count = row.processes ?? 0;
  return {
    schema: 'stanch.subject/1',
    time,
    subject: row,
    members: Array.from({ length: count }, (_, index) => ({
      id: `p-${index}`,
      pid: 2210 + index * 7,
      command: `/usr/bin/${row.name} --worker=${index}`,
      state: index === 0 ? 'S' : 'R',
      startTime: row.startTime,
      privateBytes: Math.round((row.privateBytes ?? 0) / count),
      fds: row.fds,
      threads: row.threads,
      zombies: 0,
    })),
    openFiles: row.verdict.resource === 'fds' ? hoardedSockets(time) : null,
    findings:
      row.verdict.verdict === 'leak'
        ? [
            {
              id: `f-${row.id}`,
              subjectId: row.id,
              subjectName: row.name,
              state: 'confirmed',
              stateSince: row.verdict.detectedAt ?? time,
              firstSeen: row.verdict.onset ?? time,
              lastSeen: time,
              verdict: row.verdict.resources[0] ?? verdictFor({}),
            },
          ]
        : [],
  };
}
