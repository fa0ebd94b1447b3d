/** Every setting in words: its value as it would be written, what it means, and an example. For `stanch config check` and the page. Pure. */
import type { PolicySettings, Settings } from '../model/settings.ts';
import { formatBytes, formatDuration, formatPercent } from '../model/units.ts';
import { probeUrl } from '../relate/probes/probeTarget.ts';
import { urlHost } from './access.ts';

interface SettingWords {
  /** As in the configuration file, with its table: `thresholds.memory`. */
  key: string;
  meaning: string;
  /** What could stand after `=`. */
  example: string;
  value(settings: Settings): string;
}

/** All but the channels, which are told one by one. In the order of the file. */
export const settingsList: readonly SettingWords[] = [
  { key: 'interval', meaning: 'How often it looks', example: '"10s"', value: ({ intervalMs }) => formatDuration(intervalMs) },
  { key: 'store.dir', meaning: 'Where history is kept', example: '"/var/lib/stanch"', value: ({ dataDir }) => dataDir },
  {
    key: 'store.max_age',
    meaning: 'How long history is kept',
    example: '"180d"',
    value: ({ retention }) => formatDuration(retention.maxAgeMs),
  },
  {
    key: 'store.max_size',
    meaning: 'How much of the disk history may take',
    example: '"1GiB"',
    value: ({ retention }) => formatBytes(retention.maxBytes),
  },
  {
    key: 'serve.listen',
    meaning: 'Where page and API are',
    example: '"127.0.0.1:7420"',
    value: ({ listen }) => `${urlHost(listen.host)}:${listen.port}`,
  },
  {
    key: 'serve.allow_loopback_read',
    meaning: 'Whoever is on this machine may read without a token',
    example: 'true',
    value: ({ allowLoopbackRead }) => `${allowLoopbackRead}`,
  },
  {
    key: 'serve.tls_cert',
    meaning: 'Certificate of https',
    example: '"/etc/stanch/tls.pem"',
    value: ({ tls }) => tls?.certFile ?? 'none: http',
  },
  { key: 'serve.tls_key', meaning: 'File of its key', example: '"/etc/stanch/tls.key"', value: ({ tls }) => tls?.keyFile ?? 'none' },
  {
    key: 'serve.allow_plain_remote',
    meaning: 'Other machines may come without TLS',
    example: 'false',
    value: ({ allowPlainRemote }) => `${allowPlainRemote}`,
  },
  { key: 'sample.bpf', meaning: 'Processes are read by BPF where the kernel allows it', example: 'true', value: ({ bpf }) => `${bpf}` },
  {
    key: 'budget.cpu',
    meaning: 'What stanch itself may take of one core',
    example: '"1%"',
    value: ({ budget }) => `${formatPercent(budget.cpuRatio)} of a core`,
  },
  {
    key: 'budget.rss',
    meaning: 'What it may take of RAM',
    example: '"128MiB"',
    value: ({ budget }) => formatBytes(budget.rssBytes),
  },
  {
    key: 'budget.reads_per_second',
    meaning: 'How often it may ask the kernel',
    example: '20000',
    value: ({ budget }) => `${budget.readsPerSecond}`,
  },
  {
    key: 'explain.automatic',
    meaning: 'It looks inside what leaks by itself',
    example: 'true',
    value: ({ explain }) => `${explain.automatic}`,
  },
  {
    key: 'probes.enabled',
    meaning: 'It asks services how fast they answer',
    example: 'true',
    value: ({ probes }) => `${probes.enabled}`,
  },
  { key: 'probes.interval', meaning: 'How often', example: '"30s"', value: ({ probes }) => formatDuration(probes.intervalMs) },
  { key: 'probes.timeout', meaning: 'How long it waits', example: '"10s"', value: ({ probes }) => formatDuration(probes.timeoutMs) },
  {
    key: 'probes.targets',
    meaning: 'Which ones',
    example: '["ssh://127.0.0.1:22", "http://127.0.0.1:80/health"]',
    value: ({ probes }) => probes.targets?.map(probeUrl).join(', ') ?? 'what is found listening',
  },
  {
    key: 'policy.mode',
    meaning: 'What it does by itself: observe, suggest, approve or automatic',
    example: '"approve"',
    value: ({ policy }) => policy.mode,
  },
  {
    key: 'policy.actions',
    meaning: 'Which actions, in this order',
    example: '["recycle", "restart"]',
    value: ({ policy }) => policy.actions.join(', '),
  },
  {
    key: 'policy.workloads',
    meaning: 'What holds for some workloads instead',
    example: '[{ name = "php-fpm: pool *", mode = "automatic", actions = ["recycle"] }]',
    value: ({ policy }) => policy.workloads.map(({ pattern, mode }) => `${pattern}: ${mode}`).join(', ') || 'none',
  },
  {
    key: 'policy.never_touch',
    meaning: 'What it never acts on',
    example: '["mariadb.service"]',
    value: ({ policy }) => policy.neverTouch.join(', ') || 'none',
  },
  {
    key: 'policy.most_an_hour',
    meaning: 'How many actions an hour at most',
    example: '4',
    value: ({ policy }) => `${policy.mostAnHour}`,
  },
  {
    key: 'policy.cool_down',
    meaning: 'How long it leaves a workload alone after acting on it',
    example: '"30min"',
    value: ({ policy }) => formatDuration(policy.coolDownMs),
  },
  { key: 'policy.window', meaning: 'Hours in which it may act', example: '"02:00-05:00"', value: ({ policy }) => windowText(policy) },
  {
    key: 'policy.emergency',
    meaning: 'It acts on what leaks when the server is about to stand still',
    example: 'true',
    value: ({ policy }) => `${policy.emergency}`,
  },
  {
    key: 'thresholds.memory',
    meaning: 'Told when so much of RAM is taken',
    example: '"95%"',
    value: ({ thresholds }) => share(thresholds.memoryRatio),
  },
  {
    key: 'thresholds.swap',
    meaning: 'Told when so much of swap is used',
    example: '"80%"',
    value: ({ thresholds }) => share(thresholds.swapRatio),
  },
  {
    key: 'thresholds.open_files',
    meaning: 'Told when a process has so many of the files it may open',
    example: '"90%"',
    value: ({ thresholds }) => share(thresholds.fdsRatio),
  },
  {
    key: 'thresholds.workload',
    meaning: 'Told when one workload is so large',
    example: '"8GiB"',
    value: ({ thresholds }) => (thresholds.workloadBytes === null ? 'never' : formatBytes(thresholds.workloadBytes)),
  },
  {
    key: 'notify.remind',
    meaning: 'Told again so often while nobody takes care',
    example: '"4h"',
    value: ({ notify }) => formatDuration(notify.remindMs),
  },
  {
    key: 'notify.escalate_after',
    meaning: 'Then the next step is told',
    example: '"15min"',
    value: ({ notify }) => formatDuration(notify.escalateAfterMs),
  },
  {
    key: 'notify.page',
    meaning: 'The address of this page in messages',
    example: '"https://web-1.example.com:7420"',
    value: ({ notify }) => notify.pageUrl ?? 'none',
  },
];

function share(ratio: number | null): string {
  return ratio === null ? 'never' : formatPercent(ratio);
}

function windowText({ window }: PolicySettings): string {
  return window === null ? 'always' : spanOfDay(window);
}

/** `22:00-06:00`. */
export function spanOfDay({ fromMinute, toMinute }: { fromMinute: number; toMinute: number }): string {
  const clock = (minute: number) => `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}`;
  return `${clock(fromMinute)}-${clock(toMinute)}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
