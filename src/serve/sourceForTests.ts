/** A daemon as the API sees it, without one: one leaking workload with hostile text in its name, one quiet one, and the host. */

import { audit } from '../advise/audit/audit.ts';
import { readAuditFacts } from '../advise/audit/readAuditFacts.ts';
import type { ExplainJob } from '../explain/explainer.ts';
import type { Action } from '../model/action.ts';
import { StanchError } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Finding } from '../model/finding.ts';
import { emptySample, type Sample } from '../model/gauge.ts';
import type { Incident } from '../model/incident.ts';
import { absent, notPermitted } from '../model/reading.ts';
import { type ChannelSettings, observeOnly, untold } from '../model/settings.ts';
import { hostSubject, type Subject } from '../model/subject.ts';
import type { ResourceVerdict, SubjectVerdict } from '../model/verdict.ts';
import { conditionForTests, killForTests } from '../relate/conditionForTests.ts';
import type { Where } from '../relate/where.ts';
import type { ProcessSample, Scan, WorkloadSample } from '../sample/scan.ts';
import type { Points } from '../series/store.ts';
import { handle } from '../tell/handling.ts';
import type { AuditEntry } from './auditLog.ts';
import type { LiveSource } from './source.ts';

const startMs = Date.parse('2026-01-02T03:04:05Z');
export const hostileName = 'web "q" \\ back\nline {x="1"} 1\u202e';
const mib = 1024 * 1024;

function sampleOf(values: Partial<Sample>): Sample {
  return { ...emptySample(startMs), ...values };
}

function leakVerdict(subject: string): SubjectVerdict {
  const verdict: ResourceVerdict = {
    resource: 'memory',
    verdict: 'leak',
    class: 'leak',
    probability: 0.998,
    onset: new Date(startMs - 3_600_000).toISOString(),
    detectedAt: new Date(startMs - 1_800_000).toISOString(),
    slope: { perHour: 100 * mib, low: 90 * mib, high: 110 * mib, unit: 'bytes' },
    exhaustion: {
      at: new Date(startMs + 7_200_000).toISOString(),
      low: new Date(startMs + 7_000_000).toISOString(),
      high: new Date(startMs + 7_400_000).toISOString(),
      wall: 'host_memory',
    },
    urgency: { level: 'soon', text: 'today' },
    reasons: [{ rule: 'floor-rises', for: 'leak', text: 'the floor rises' }],
  };
  return { subject, ...verdict, resources: [verdict] };
}

const leaking: Subject = { id: 'w-leak', kind: 'workload', name: hostileName, origin: 'executable', user: 'deploy' };
const quiet: Subject = { id: 'w-quiet', kind: 'workload', name: 'quiet.service', origin: 'systemd-unit' };
const sameName: Subject = { id: 'w-twin', kind: 'workload', name: 'quiet.service', origin: 'container' };

function workload(subject: Subject, anonBytes: number, memberIds: string[]): WorkloadSample {
  return {
    subject,
    sample: sampleOf({ anonBytes, swapBytes: 0, fds: 7, processes: memberIds.length, startTimeMs: startMs - 9e6 }),
    memberIds,
    zombies: 0,
  };
}

function processOf(pid: number, workloadId: string, anonBytes: number): ProcessSample {
  return {
    id: { bootId: 'b', pid, startTimeTicks: 5 },
    subject: { id: `p-${pid}`, kind: 'process', name: `worker ${pid}`, workloadId },
    command: 'worker --x',
    state: 'S',
    uid: 1000,
    sample: sampleOf({ anonBytes, swapBytes: mib }),
    grown: false,
    zombies: 0,
    diedIn: null,
    openFiles: null,
  };
}

function scanForTests(): Scan {
  const totals = { memTotalBytes: 8e9, memFreeBytes: 1e9, memAvailableBytes: 2e9, swapTotalBytes: 0, swapFreeBytes: 0 };
  return {
    timeMs: startMs,
    bootId: 'b',
    processes: [processOf(10, 'w-leak', 30 * mib), processOf(11, 'w-leak', 50 * mib), processOf(12, 'w-quiet', mib)],
    workloads: [workload(quiet, 500 * mib, ['p-12']), workload(sameName, mib, []), workload(leaking, 80 * mib, ['p-10', 'p-11'])],
    host: {
      sample: sampleOf({ anonBytes: 4e9, headroomBytes: 200 * mib }),
      ...totals,
      memoryPressure: { some10: 0.1, full10: absent },
      load1: 0.5,
      sockets: { used: 285, tcpAllocated: 8, tcpOrphaned: absent, tcpTimeWait: 2, tcpPages: 3 },
      cpu: { busySeconds: 1, ioWaitSeconds: 0, stealSeconds: 0, idleSeconds: 9, runningTasks: 1, blockedTasks: 0 },
      cpuCount: 2,
    },
    notices: [{ code: 'STANCH_E_NOT_PERMITTED', text: '3 processes of other users', sinceMs: startMs }],
    startedCount: 0,
    endedCount: 0,
  };
}

const findingForTests: Finding = {
  id: 'f-1',
  subjectId: 'w-leak',
  subjectName: hostileName,
  state: 'confirmed',
  stateSinceMs: startMs,
  firstSeenMs: startMs,
  lastSeenMs: startMs,
  verdict: leakVerdict(hostileName),
};

function incidentForTests(): Incident {
  const { resources: _resources, subject: _subject, ...verdict } = leakVerdict(hostileName);
  return {
    id: 'i-w-leak-1',
    subjectId: 'w-leak',
    subjectName: hostileName,
    state: 'open',
    stateSinceMs: startMs,
    severity: 'critical',
    openedMs: startMs,
    lastSeenMs: startMs,
    silencedUntilMs: null,
    owner: null,
    notes: [],
    verdict,
    concerns: [],
    findingIds: ['f-1'],
    fix: null,
    timeline: [{ atMs: startMs, kind: 'finding', subjectId: 'w-leak', severity: 'warning', text: `${hostileName} leaks memory.` }],
    droppedEvents: 0,
    recurrences: 0,
  };
}

const whereForTests: Where = {
  timeMs: startMs,
  ram: {
    name: 'RAM',
    bytes: 8e9,
    children: [
      { name: 'free', bytes: 1e9, reclaim: 'free' },
      { name: 'workloads', bytes: 4e9, reclaim: 'swappable', children: [{ name: hostileName, bytes: 4e9, subjectId: 'w-leak' }] },
      { name: 'kernel', bytes: 3e9, children: [{ name: 'page tables', bytes: 3e9, reclaim: 'unreclaimable', note: 'many' }] },
    ],
  },
  swap: { name: 'swap', bytes: 0, children: [] },
  reclaim: { free: 1e9, reclaimable: 0, swappable: 4e9, unreclaimable: 3e9 },
  findings: [{ kind: 'no-process-has-it', bytes: 3e9, text: 'Memory is gone but no process has it', next: 'Look' }],
  cgroups: {
    version: 'v2',
    dying: absent,
    complete: true,
    largest: [
      {
        path: '/a.service',
        usageBytes: 5,
        peakBytes: absent,
        limitBytes: absent,
        anonBytes: 1,
        fileBytes: 2,
        shmemBytes: 0,
        slabReclaimableBytes: 1,
        slabUnreclaimableBytes: 1,
        socketBytes: notPermitted,
        pageTableBytes: 0,
        throttled: 0,
        atLimit: 0,
        oomKills: 0,
        pressure: { some10: 0.1, full10: absent },
      },
    ],
  },
  notices: [],
};

/** An hour of memory at 100 MiB an hour and a tenth of a core (half a core for the host), with a restart in the middle. */
function points(subjectId: string, gauge: string, fromMs: number, toMs: number): Points {
  const all = Float64Array.from({ length: 61 }, (_, minute) => startMs - (60 - minute) * 60_000);
  const timeMs = all.filter((ms) => ms >= fromMs && ms <= toMs);
  const value = (minute: number) => {
    if (gauge === 'anonBytes') return 40 * mib + (minute * 100 * mib) / 60;
    if (gauge === 'swapBytes') return mib;
    if (gauge === 'limitBytes') return 8e9;
    if (gauge === 'headroomBytes') return 3e9;
    if (gauge === 'latencyUs') return 40_000;
    if (gauge === 'stallPercent') return 31;
    if (gauge === 'stageRank') return minute < 30 ? 0 : 3;
    if (gauge === 'startTimeMs') return minute < 30 ? startMs - 9e6 : startMs - 1.8e6;
    if (gauge === 'cpuSeconds' && subjectId === hostSubject.id) return minute * 30;
    if (gauge === 'cpuSeconds') return 6 * (minute < 30 ? minute : minute - 30);
    return Number.NaN;
  };
  const values = timeMs.map((ms) => value(60 - (startMs - ms) / 60_000));
  return { timeMs, min: values, mean: values, max: values, last: values, bucketMs: 0 };
}

/** One of each way to keep a secret. None of them is called in a test of the API. */
const channelBase = { leastSeverity: 'warning', step: 0, hours: null } as const;
const channelsForTests: ChannelSettings[] = [
  {
    ...channelBase,
    name: 'chat',
    kind: 'slack',
    url: { value: 'https://example.com/hunter2' },
    hours: { days: [1, 2], fromMinute: 480, toMinute: 1080 },
  },
  { ...channelBase, name: 'duty', kind: 'pagerduty', url: { value: 'https://example.com' }, key: { file: '/etc/stanch/key' } },
  { ...channelBase, name: 'bot', kind: 'webhook', url: { env: 'HOOK_URL' } },
  {
    ...channelBase,
    name: 'mail',
    kind: 'email',
    host: 'mail.example.com',
    port: 587,
    security: 'starttls',
    user: 'stanch',
    password: { value: 'hunter2' },
    from: 'stanch@example.com',
    to: ['ops@example.com'],
  },
  { ...channelBase, name: 'own', kind: 'hook', command: ['/usr/local/bin/tell', '--key', 'hunter2'] },
];

export interface TestSource extends LiveSource {
  /** As if a scan had just ended. */
  tick(): void;
  allowLoopbackRead: boolean;
}

export function sourceForTests(): TestSource {
  const listeners = new Set<() => void>();
  const scan = scanForTests();
  const audited: AuditEntry[] = [];
  let incident = incidentForTests();
  let job: ExplainJob | null = null;
  const source: TestSource = {
    version: '0.0.0',
    hostName: 'test-host',
    allowLoopbackRead: true,
    settings: () => ({
      intervalMs: 10_000,
      dataDir: '/nowhere',
      listen: { host: '127.0.0.1', port: 7420 },
      retention: { maxAgeMs: 1, maxBytes: 1 },
      allowLoopbackRead: source.allowLoopbackRead,
      budget: { cpuRatio: 0.01, rssBytes: 1e8, readsPerSecond: 20_000 },
      bpf: false,
      ...untold,
      notify: { ...untold.notify, channels: channelsForTests },
      probes: { enabled: false, intervalMs: 30_000, timeoutMs: 10_000, targets: null },
      explain: { automatic: false },
      policy: observeOnly,
    }),
    configured: () => ({
      path: '/etc/stanch/stanch.toml',
      isThere: true,
      lines: new Map([['interval', 3]]),
      flags: new Map([['serve.listen', '--listen']]),
      waiting: ['store.dir'],
    }),
    nowMs: () => startMs,
    scan: () => scan,
    pace: () => ({ intervalMs: 10_000, looksCloser: true }),
    scanMs: () => 9,
    where: () => whereForTests,
    hardening: () => audit(readAuditFacts()),
    condition: () => conditionForTests(),
    kills: () => [killForTests()],
    processSource: () => ({ by: 'proc', reason: 'BPF is off in the configuration' }),
    judged: (id) => {
      if (id === 'w-leak') return { verdict: leakVerdict(hostileName), spark: () => [1, null, 3] };
      return id === hostSubject.id ? { verdict: null, spark: () => [] } : null;
    },
    verdictRevision: () => 4,
    notices: () => scan.notices,
    ownCost: () => ({
      cpuRatio: 0.01,
      cpuSeconds: 3,
      rssBytes: 5e7,
      reads: 900,
      readsPerSecond: 210,
      fds: 20,
      startTimeMs: startMs - 1000,
    }),
    store: {
      read: (id, gauge, fromMs, toMs) => points(id, gauge, fromMs, toMs),
      findings: () => [findingForTests],
      health: () => ({ mode: 'disk', reason: null, bytes: 123, setAside: [] }),
    },
    incidents: {
      incidents: () => [incident],
      incident: (id) => (id === incident.id ? incident : null),
      deliveries: () => [],
      handle: (_id, handling, by) => {
        const handled = handle(incident, handling, by, startMs);
        incident = handled ?? incident;
        return handled;
      },
    },
    explainer: {
      job: () => job,
      evidence: (_limit, isAbout) => (isAbout?.(evidence.subject.subjectId) === false ? [] : [evidence]),
      get: (id) => (id === evidence.id ? evidence : null),
      plan: (subject, means) => ({
        subject,
        means,
        intervalMs: 30_000,
        estimate: evidence.estimate,
        does: null,
        pool: null,
        allowed: ['memory'],
        headroom: { bytes: 3e8, wall: 'memory of the server', isEnough: true },
      }),
      begin: (subject, means) => {
        const { estimate } = evidence;
        job = {
          subject,
          means,
          pool: null,
          startedMs: startMs,
          estimate,
          done: 0,
          says: null,
          state: 'running',
          evidenceId: null,
          error: null,
        };
        return job;
      },
      cancel: () => {
        const runs = job?.state === 'running';
        if (job !== null && runs) job = { ...job, state: 'cancelled' };
        return runs;
      },
    },
    guardian: guardianForTests(),
    audit: { write: (entry) => audited.unshift(entry), read: (limit) => audited.slice(0, limit) },
    asked: () => undefined,
    onTick: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tick: () => {
      for (const listener of listeners) listener();
    },
  };
  return source;
}

const evidence: Evidence = {
  schema: 'stanch.evidence/1',
  id: 'e-1',
  takenAtMs: 1_772_366_400_000,
  subject: { pid: 11, startTimeTicks: 5, subjectId: 'w-leak', name: 'leak' },
  runtime: 'malloc of glibc',
  answer: 'Session grows.',
  grows: [
    {
      type: 'Session',
      place: null,
      counts: [1000, 2000, 3000],
      bytesPerSecond: 4096,
      survival: 1,
      owner: 'sessions',
      path: ['sessions'],
      pattern: null,
      contents: [],
    },
  ],
  notes: [],
  intervalMs: 30_000,
  estimate: { cpuSeconds: 1, rssBytes: 1e8, wallMs: 60_000 },
  cost: { cpuSeconds: 1.2, rssBytes: 1.1e8, wallMs: 61_000 },
  hasTexts: false,
};

/** Plans restarts of anything, and carries none out. */
function guardianForTests(): LiveSource['guardian'] {
  const plan = {
    kind: 'restart' as const,
    subjectId: 'w-shop',
    subjectName: 'shop.service',
    reason: 'That gives back about 400 MiB.',
    steps: [{ step: { do: 'unit' as const, verb: 'restart' as const, unit: 'shop.service' }, text: 'restart shop.service' }],
    risk: null,
    undoable: false,
    expectedBytes: 400 * 1_048_576,
  };
  const proposals: { id: string; atMs: number; plan: typeof plan; state: 'waits' }[] = [];
  const actions: Action[] = [];
  return {
    actions: () => actions,
    proposals: () => proposals,
    propose: () => {
      proposals.push({ id: `p-${proposals.length}`, atMs: 1_772_366_400_000, plan, state: 'waits' });
      return { id: 'p-0', atMs: 1_772_366_400_000, plan, state: 'waits' };
    },
    keepPlan: () => {
      proposals.push({ id: `p-${proposals.length}`, atMs: 1_772_366_400_000, plan, state: 'waits' });
      return { id: 'p-0', atMs: 1_772_366_400_000, plan, state: 'waits' };
    },
    agree: (id, by) => {
      if (!proposals.some((proposal) => proposal.id === id))
        throw new StanchError('STANCH_E_NO_ACTION', { expected: 'a plan', found: id, next: '' });
      actions.push({
        id: 'a-0',
        atMs: 1_772_366_400_000,
        by,
        plan,
        state: 'done',
        stepsDone: 1,
        error: null,
        endedMs: 1_772_366_401_000,
        proof: null,
      });
      return 'a-0';
    },
    undo: () => Promise.reject(new StanchError('STANCH_E_NOT_POSSIBLE', { expected: 'a way back', found: 'none', next: '' })),
  };
}
