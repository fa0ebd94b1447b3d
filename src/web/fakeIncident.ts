/** What a fake daemon knows of incidents: a leak that became a cascade, what came before it, how the server is set up. */
import type {
  HardeningDocument,
  HostHistoryDocument,
  IncidentDocument,
  IncidentRow,
  ReportDocument,
  SettingsDocument,
  SubjectRow,
} from '../serve/schema.ts';
import type { FakeState } from './fakeDaemon.ts';

const mib = 1024 ** 2;
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const stages = ['healthy', 'filling', 'swapping', 'stalling', 'starving', 'killing'] as const;

function ago(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}

/** The present one, and what was over before: one that came back every night, and one of another resource. */
export function incidentsOf(name: string, verdict: SubjectRow['verdict']): IncidentDocument[] {
  const { resources: _resources, subject: _subject, ...worst } = verdict;
  return [presentOne(name, worst), ...Array.from({ length: 9 }, (_, night) => pastOne(name, night + 1)), otherOne()];
}

function rowOf(change: Partial<IncidentRow>): IncidentRow {
  return {
    id: 'i-1',
    title: '',
    subjectId: 'w-1',
    subjectName: '',
    state: 'open',
    stateSince: ago(hourMs),
    severity: 'critical',
    opened: ago(hourMs),
    lastSeen: ago(0),
    silencedUntil: null,
    owner: null,
    recurrences: 0,
    resource: 'memory',
    exhaustion: null,
    concerns: [],
    ...change,
  };
}

function presentOne(name: string, verdict: IncidentDocument['verdict']): IncidentDocument {
  const event = (agoMin: number, kind: IncidentDocument['timeline'][number]['kind'], severity: IncidentRow['severity'], text: string) => ({
    time: ago(agoMin * minuteMs),
    kind,
    subjectId: null,
    severity,
    text,
  });
  return {
    schema: 'stanch.incident/1',
    time: ago(0),
    incident: rowOf({
      title: `${name} leaks memory: 4 h 24 min left`,
      subjectId: `w-${Buffer.from(name).toString('hex').slice(0, 40)}`,
      subjectName: name,
      exhaustion: verdict?.exhaustion ?? null,
      recurrences: 2,
      concerns: ['memory is 97 % full', 'swap is 84 % full'],
    }),
    verdict,
    findingIds: [],
    timeline: [
      event(318, 'change', 'info', 'apt installed shop-worker 2.4.1, which was 2.4.0.'),
      event(180, 'finding', 'warning', `${name} leaks memory.`),
      event(55, 'stage', 'warning', 'Stage swapping, after filling: 4.2 MiB/s to swap.'),
      event(33, 'evidence', 'info', 'Session objects grow by 412 a minute, held by sessions of SessionStore.'),
      event(14, 'stage', 'critical', 'Stage stalling, after swapping: PSI memory full 31 %.'),
      event(13, 'probe', 'warning', 'ssh answers in 4.1 s because memory is short, not because of the network.'),
      event(6, 'kill', 'critical', 'The kernel killed mariadb.service (121 MiB), but the memory was held by another.'),
      event(4, 'action', 'info', `restart ${name}: 1,190 MiB came back.`),
    ],
    droppedEvents: 0,
    notes: [{ time: ago(40 * minuteMs), by: 'nadia', text: 'Deployed 2.4.1 this morning. Will roll back when the shop is quiet.' }],
    messages: [
      { time: ago(3 * hourMs), channel: 'ops', kind: 'opened', state: 'sent', attempts: 1, error: null },
      {
        time: ago(2 * hourMs),
        channel: 'duty',
        kind: 'escalated',
        state: 'given-up',
        attempts: 9,
        error: 'connect ECONNREFUSED 10.0.0.9:443',
      },
    ],
  };
}

function pastOne(name: string, night: number): IncidentDocument {
  const openedMs = night * 3 * dayMs + hourMs;
  const row = rowOf({
    id: `i-past-${night}`,
    title: `${name} leaked memory`,
    subjectId: `w-${Buffer.from(name).toString('hex').slice(0, 40)}`,
    subjectName: name,
    state: 'resolved',
    opened: ago(openedMs),
    stateSince: ago(openedMs - 9 * hourMs),
    severity: night % 3 === 0 ? 'critical' : 'warning',
    owner: night % 2 === 0 ? 'nadia' : null,
  });
  return {
    schema: 'stanch.incident/1',
    time: ago(0),
    incident: row,
    verdict: null,
    findingIds: [],
    timeline: [{ time: row.opened, kind: 'finding', subjectId: null, severity: 'warning', text: `${name} leaks memory.` }],
    droppedEvents: 0,
    notes: [],
    messages: [],
  };
}

function otherOne(): IncidentDocument {
  const past = pastOne('imap-login.service', 4);
  return {
    ...past,
    incident: { ...past.incident, id: 'i-other', title: 'imap-login.service leaked open files', subjectId: 'w-imap', severity: 'warning' },
  };
}

/** Memory fills, swap fills, disks and services become slow, a kill, a restart, and all is well again. */
export function hostHistory(state: FakeState, query: URLSearchParams): HostHistoryDocument {
  const [fromMs, toMs] = [Number(query.get('from')), Number(query.get('to'))];
  const nowMs = Date.now();
  const count = 360;
  const timeMs = Array.from({ length: count }, (_, index) => Math.round(fromMs + ((toMs - fromMs) * index) / (count - 1)));
  const isTroubled = state.incidents.length > 0;
  const agoMin = timeMs.map((moment) => (nowMs - moment) / minuteMs);
  const along = (at: (minutesAgo: number, wobble: number) => number | null) =>
    agoMin.map((minutes, index) => at(isTroubled ? minutes : 10_000, Math.abs(Math.sin(index * 12.9898))));
  /** 0 before `from` minutes ago, 1 from `to` on, 0 again after the restart. */
  const rise = (minutes: number, from: number, to: number) => (minutes < 4 ? 0 : Math.min(1, Math.max(0, (from - minutes) / (from - to))));
  const latency = (minutes: number, wobble: number, usualMs: number) => usualMs * (1 + wobble) * 10 ** (2.7 * rise(minutes, 20, 12));
  return {
    schema: 'stanch.host-history/1',
    time: ago(0),
    bucketMs: timeMs.length < 2 ? 0 : (timeMs[1] ?? 0) - (timeMs[0] ?? 0),
    timeMs,
    memTotalBytes: 3900 * mib,
    swapTotalBytes: 1024 * mib,
    memoryBytes: along((minutes, wobble) => (1900 + 1920 * rise(minutes, 320, 50) + 40 * wobble) * mib),
    swapBytes: along((minutes) => 960 * rise(minutes, 60, 10) * mib),
    stallRatio: along((minutes, wobble) => rise(minutes, 18, 8) * (0.4 + 0.5 * wobble)),
    diskLatencyMs: along((minutes, wobble) => (wobble < 0.03 ? null : latency(minutes, wobble, 0.4))),
    cpuRatio: along((minutes, wobble) => 0.2 + 0.15 * wobble + 0.6 * rise(minutes, 16, 9)),
    stage: along((minutes) => minutes).map((minutes) => stageAt(minutes ?? 10_000)),
    probes: ['ssh', 'http', 'ftp'].map((name, place) => ({
      name,
      url: `${name}://127.0.0.1`,
      slowAboveMs: 200,
      latencyMs: along((minutes, wobble) =>
        minutes < 12 && minutes > 5 && name === 'http' ? null : latency(minutes, wobble, 1.4 + 3 * place),
      ),
    })),
    subjectBytes: query.get('subject') === null ? null : along((minutes) => (260 + 1480 * rise(minutes, 320, 5)) * mib),
  };
}

function stageAt(minutesAgo: number): (typeof stages)[number] {
  if (minutesAgo > 120 || minutesAgo < 4) return 'healthy';
  if (minutesAgo > 55) return 'filling';
  if (minutesAgo > 14) return 'swapping';
  return minutesAgo > 7 ? 'stalling' : 'killing';
}

export function reportOf(incident: IncidentDocument): ReportDocument {
  return {
    schema: 'stanch.report/1',
    time: ago(0),
    version: '0.1.0',
    hostName: 'web-07',
    memTotalBytes: 3900 * mib,
    incident,
    series: null,
    headroom: null,
    openFiles: null,
    next: [
      { text: 'Look for what is added to and never taken from: caches without a bound, sessions, closures that are kept.', command: null },
      { text: 'No evidence of the place in the code was taken so far. On the server, while it runs:', command: 'stanch why w-1' },
      { text: 'When it is fixed, make sure in CI that it stays so:', command: 'stanch check --load "COMMAND" -- PROGRAM' },
    ],
  };
}

export function auditForTests(): HardeningDocument {
  const fine = (id: string, title: string, found: string) => ({ id, title, state: 'good' as const, found, fixes: [] });
  return {
    schema: 'stanch.audit/1',
    time: ago(0),
    score: 58,
    checks: [
      {
        id: 'vital',
        title: 'Login and databases are not the first to be killed',
        state: 'bad',
        found: 'mariadb.service and ssh.service have no protection: the kernel may take them first.',
        fixes: [
          {
            text: 'Protect mariadb.service',
            command: 'systemctl set-property mariadb.service ManagedOOMPreference=avoid && systemctl edit mariadb.service',
            risk: 'Something else is ended in its place. A database that leaks itself is then ended last.',
          },
        ],
      },
      {
        id: 'swap',
        title: 'Swap of the right size',
        state: 'warning',
        found: 'There is none: what is never used stays in RAM, and the first shortage ends a process.',
        fixes: [
          {
            text: 'Add 4G of swap',
            command: 'fallocate -l 4G /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon /swapfile',
            risk: 'A leak fills it before it is ended, and slows the server while it does: set limits as well.',
          },
        ],
      },
      fine('panic-on-oom', 'Running out of memory ends a process, not the server', 'vm.panic_on_oom is 0.'),
      fine('overcommit', 'Overcommit', 'vm.overcommit_memory is 0.'),
      fine('swappiness', 'Swappiness', 'vm.swappiness is 60.'),
      { id: 'open-files', title: 'Room for open files', state: 'unknown', found: 'Open files of services are not to be seen.', fixes: [] },
    ],
    notices: ['Not run as root: who listens where, open files and some settings could not be seen.'],
  };
}

export function settingsForTests(): SettingsDocument {
  type Setting = SettingsDocument['settings'][number];
  const setting = (key: string, meaning: string, value: string, example: string, change: Partial<Setting> = {}): Setting => ({
    key,
    meaning,
    value,
    from: 'default',
    line: null,
    flag: null,
    waits: false,
    example: key.includes('.') ? `[${key.split('.')[0]}]\n${key.split('.')[1]} = ${example}` : `${key} = ${example}`,
    ...change,
  });
  const channel = { leastSeverity: 'warning', step: 0, hours: null } as const;
  return {
    schema: 'stanch.settings/1',
    time: ago(0),
    file: { path: '/etc/stanch/stanch.toml', isThere: true },
    settings: [
      setting('interval', 'How often it looks', '5 s', '"10s"', { from: 'file', line: 1 }),
      setting('store.dir', 'Where history is kept', '/var/lib/stanch', '"/var/lib/stanch"', { waits: true }),
      setting('serve.listen', 'Where page and API are', '127.0.0.1:7420', '"127.0.0.1:7420"', { from: 'flag', flag: '--listen' }),
      setting('policy.mode', 'What it does by itself: observe, suggest, approve or automatic', 'approve', '"approve"', {
        from: 'file',
        line: 7,
      }),
      setting('policy.never_touch', 'What it never acts on', 'mariadb.service', '["mariadb.service"]', { from: 'file', line: 8 }),
      setting('thresholds.memory', 'Told when so much of RAM is taken', '95 %', '"95%"'),
      setting('thresholds.swap', 'Told when so much of swap is used', '80 %', '"80%"'),
      setting('thresholds.workload', 'Told when one workload is so large', 'never', '"8GiB"'),
    ],
    channels: [
      { ...channel, name: 'ops', kind: 'slack', to: 'its address stands in /etc/stanch/slack-url' },
      {
        ...channel,
        name: 'duty',
        kind: 'pagerduty',
        to: 'its key stands in the environment as PAGER_KEY',
        leastSeverity: 'critical',
        step: 1,
      },
      { ...channel, name: 'mail', kind: 'email', to: 'ops@example.com, by mail.example.com:587', hours: 'mon,tue,wed 08:00-18:00' },
    ],
    channelExample: '[[notify.channels]]\nname = "ops"\nkind = "slack"\nurl = { file = "/etc/stanch/slack-url" }',
    apply: ['stanch config check', 'systemctl reload stanch'],
  };
}
