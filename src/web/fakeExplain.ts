/** What the daemon that the tests make up has found out about the leak: evidence, advice, what changed, and its lives so far. */
import type {
  AdviceDocument,
  EvidenceListDocument,
  EvidencePlanDocument,
  LivesDocument,
  SinceDocument,
  SubjectRow,
} from '../serve/schema.ts';

export interface FakeExplain {
  job: EvidenceListDocument['job'];
  evidence: EvidenceListDocument['evidence'];
  /** Whether there is room for looking. */
  hasRoom: boolean;
  fix: SinceDocument['subjects'][number]['fix'];
}

const mib = 1024 ** 2;
const hourMs = 3_600_000;
const estimate = { cpuSeconds: 3.4, rssBytes: 312 * mib, wallMs: 63_400 };

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

export function nothingExplained(): FakeExplain {
  return { job: null, evidence: [], hasRoom: true, fix: null };
}

export function jobFor(row: SubjectRow, change: Partial<NonNullable<FakeExplain['job']>> = {}): NonNullable<FakeExplain['job']> {
  return {
    subject: { pid: 2210, startTimeTicks: 5, subjectId: row.id, name: row.name },
    means: 'memory',
    pool: null,
    startedMs: Date.now() - 32_000,
    estimate,
    done: 1 / 3,
    says: null,
    state: 'running',
    evidenceId: null,
    error: null,
    ...change,
  };
}

/** `name`: what the program calls its types and owners, which is as hostile as it likes. */
export function evidenceFor(row: SubjectRow, name = 'Session'): FakeExplain['evidence'][number] {
  const pattern = {
    name: 'map without a bound',
    meaning: 'entries are added for each request and never taken out',
    fix: `Give ${name} an expiry, or bound the map: the entries outlive the requests that made them.`,
  };
  return {
    schema: 'stanch.evidence/1',
    id: '20261128T031500Z-0a1b2c',
    takenAtMs: Date.now() - 20 * 60_000,
    subject: { pid: 2210, startTimeTicks: 5, subjectId: row.id, name: row.name },
    runtime: 'Node 24.1',
    answer: `${name} grows: 48,210 → 49,960 → 51,702 in 1 min, 51 KiB a second. 100 % of what came stayed. They are held by sessions in /srv/shop/session.js. It looks like a ${pattern.name}: ${pattern.meaning}. ${pattern.fix}`,
    grows: [
      {
        type: name,
        place: '/srv/shop/session.js:41',
        counts: [48_210, 49_960, 51_702],
        bytesPerSecond: 52_400,
        survival: 1,
        owner: 'sessions',
        path: ['global', 'app', 'sessions', `Map of ${name}`],
        pattern,
        contents: ['xxxx=#### xxxxxx=/xxxx'],
      },
      {
        type: 'Array of strings',
        place: null,
        counts: [96_400, 99_920, 103_400],
        bytesPerSecond: 9100,
        survival: 0.98,
        owner: name,
        path: [],
        pattern: null,
        contents: [],
      },
    ],
    notes: ['14 MiB are free lists of the allocator: no leak, and given back when it needs them.'],
    intervalMs: 30_000,
    estimate,
    cost: { cpuSeconds: 3.1, rssBytes: 288 * mib, wallMs: 63_100 },
    hasTexts: false,
  };
}

export function evidenceListFrom({ job, evidence }: FakeExplain, time: string): EvidenceListDocument {
  return { schema: 'stanch.evidence-list/1', time, job, evidence };
}

export function evidencePlanFrom(
  row: SubjectRow,
  { hasRoom }: FakeExplain,
  means: EvidencePlanDocument['means'],
  time: string,
): EvidencePlanDocument {
  return {
    schema: 'stanch.evidence-plan/1',
    time,
    subject: { pid: 2210, startTimeTicks: 5, subjectId: row.id, name: row.name },
    means,
    estimate,
    does: means === 'memory' ? null : 'SIGUSR1 is sent to it, which it catches. The inspector is closed again.',
    pool: null,
    allowed: ['memory', 'inspector', 'snapshot'],
    headroom: {
      bytes: (hasRoom ? 802 : 240) * mib,
      neededBytes: 2 * estimate.rssBytes,
      wall: 'memory of the server',
      isEnough: hasRoom,
    },
  };
}

export function sinceFrom(row: SubjectRow, { fix }: FakeExplain, time: string): SinceDocument {
  const { onset } = row.verdict;
  if (row.verdict.verdict !== 'leak' || onset === null) return { schema: 'stanch.since/1', time, subjects: [] };
  const before = (ms: number) => iso(Date.parse(onset) - ms);
  const changes = [
    {
      time: before(0.3 * hourMs),
      kind: 'package' as const,
      name: 'shop-worker',
      text: 'shop-worker was upgraded from 4.1.0 to 4.2.0',
      source: 'dpkg',
      fit: 0.93,
    },
    {
      time: before(1.1 * hourMs),
      kind: 'config' as const,
      name: '/etc/shop/worker.toml',
      text: '/etc/shop/worker.toml was changed',
      source: 'mtime',
      fit: 0.41,
    },
    { time: before(20 * hourMs), kind: 'package' as const, name: 'tzdata', text: 'tzdata was upgraded', source: 'dpkg', fit: 0.02 },
  ];
  const sentence = `it began 18 min after ${changes[0]?.text}`;
  return { schema: 'stanch.since/1', time, subjects: [{ subjectId: row.id, subjectName: row.name, onset, sentence, changes, fix }] };
}

/** The leak was mended: the growth after the restart against that before. */
export function goneFix(): NonNullable<FakeExplain['fix']> {
  return {
    restart: iso(Date.now() - 4 * hourMs),
    newBuild: 'shop-worker was upgraded from 4.2.0 to 4.2.1',
    word: 'gone',
    probability: 0.972,
    beforePerHour: 182 * mib,
    afterPerHour: 0.3 * mib,
    sentence: 'the leak is gone, 97 % sure: 0.3 MiB/h after 182 MiB/h',
  };
}

export function livesFrom(row: SubjectRow, time: string): LivesDocument {
  const perHour = row.verdict.slope?.perHour ?? 0;
  const lasted = [19, 22, 26, 17, 5.6];
  let startMs = Date.now() - lasted.reduce((sum, hours) => sum + hours, 0) * hourMs;
  const lives = lasted.map((hours, index) => {
    const started = iso(startMs);
    startMs += hours * hourMs;
    const ageMs = Array.from({ length: 60 }, (_, point) => (hours * hourMs * point) / 59);
    const floor = ageMs.map((age) => Math.round(510 * mib + perHour * (0.9 + 0.05 * index) * Math.max(0, age / hourMs - 0.4)));
    return { started, ended: index === lasted.length - 1 ? null : iso(startMs), ageMs, floor };
  });
  return { schema: 'stanch.lives/1', time, subjectId: row.id, lives: perHour === 0 ? lives.slice(-1) : lives };
}

export function adviceFrom(row: SubjectRow, time: string): AdviceDocument {
  const leak = row.verdict.slope;
  const path = `/etc/systemd/system/${row.name}.d/90-stanch-memory.conf`;
  return {
    schema: 'stanch.advice/1',
    time,
    advice: [
      {
        subjectId: row.id,
        subjectName: row.name,
        unit: row.name,
        runtime: 'node',
        measured: `${row.name} holds 1.45 GiB and leaks; 30 h were looked at`,
        recommendations: [
          {
            id: 'memory-limit',
            title: 'Limit its memory, so that it ends before its neighbours do',
            settings: [
              { name: 'MemoryHigh', now: null, live: null, advised: '1.2G' },
              { name: 'MemoryMax', now: null, live: '2147483648', advised: '1.4G' },
            ],
            reason: 'healthy it needs 520 MiB at its peak; what is beyond that is the leak',
            arithmetic: ['peak before the leak 520 MiB', '520 MiB × 2.3 for bursts = 1.2 GiB soft', '1.2 GiB × 1.2 = 1.4 GiB hard'],
            buys: 'raising MemoryMax to 2 GiB buys 3 h 24 min and feeds the leak',
            change: { path, before: null, after: '[Service]\nMemoryHigh=1.2G\nMemoryMax=1.4G\n' },
            diff: [
              '--- /dev/null',
              `+++ ${path}`,
              '@@ line 1 @@',
              '+# Written by stanch; taken back by: stanch undo',
              '+[Service]',
              '+MemoryHigh=1.2G',
              '+MemoryMax=1.4G',
            ],
            line: 'MemoryHigh=1.2G\nMemoryMax=1.4G',
            place: path,
            inForce: [{ do: 'reload-systemd' }],
            apply: ['systemctl restart shop-worker.service', 'systemctl daemon-reload'],
            undo: [`rm ${path}`, 'systemctl daemon-reload'],
            risk: 'a limit that is too low ends a healthy service when it is busiest',
          },
          {
            id: 'node-heap',
            title: 'Let the heap of Node end before the limit',
            settings: [{ name: '--max-old-space-size', now: null, live: null, advised: '1075' }],
            reason: 'Node does not collect harder before its own limit',
            arithmetic: ['1.4 GiB × 0.75 = 1075 MiB'],
            buys: null,
            change: null,
            diff: [],
            line: 'NODE_OPTIONS=--max-old-space-size=1075',
            place: 'the environment it is started in',
            inForce: [],
            apply: ['restart it'],
            undo: ['take the line out'],
            risk: null,
          },
        ],
        basis: {
          historyMs: 30 * hourMs,
          peakBytes: row.privateBytes,
          healthyBytes: 520 * mib,
          peakTasks: 38,
          peakFds: 96,
          cpuSecondsPerHour: 144,
          requestsPerHour: null,
          verdict: row.verdict.verdict,
          class: row.verdict.class,
          leaks: { memory: leak === null ? null : { perHour: leak.perHour, low: leak.low, high: leak.high }, fds: null, threads: null },
        },
        unknown: ['Requests an hour: stanch does not count them. From the access log: stanch advise NAME --requests-per-hour N'],
      },
    ],
  };
}
