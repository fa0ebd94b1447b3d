/**
 * The configuration file: TOML, units written out, unknown keys refused, every problem told at once with its place.
 *
 *   interval = "10s"
 *   [store]
 *   dir = "/var/lib/stanch"
 *   max_age = "180d"
 *   max_size = "1GiB"
 *   [serve]
 *   listen = "127.0.0.1:7420"
 *   allow_loopback_read = true
 *   [sample]
 *   bpf = false
 *   [budget]
 *   cpu = "1%"
 *   rss = "128MiB"
 *   reads_per_second = 20000
 *   [explain]
 *   automatic = false
 *   [probes]
 *   enabled = true
 *   interval = "30s"
 *   timeout = "10s"
 *   targets = ["ssh://127.0.0.1:22", "http://127.0.0.1:80/health"]
 *   [policy]
 *   mode = "observe"
 *   actions = ["restart"]
 *   never_touch = ["mariadb.service"]
 *   most_an_hour = 4
 *   cool_down = "30min"
 *   window = "02:00-05:00"
 *   emergency = false
 *   workloads = [{ name = "php-fpm: pool *", mode = "automatic", actions = ["recycle", "restart"] }]
 *   [thresholds]
 *   memory = "95%"
 *   swap = "80%"
 *   open_files = "90%"
 *   workload = "8GiB"
 *   [notify]
 *   remind = "4h"
 *   escalate_after = "15min"
 *   page = "https://web-1.example.com:7420"
 *   [[notify.channels]]
 *   …                           # notifySettings.ts
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { type ActionKind, actionKinds } from '../model/action.ts';
import { StanchError } from '../model/errors.ts';
import {
  type Budget,
  type Configured,
  type NotifySettings,
  observeOnly,
  type PolicyMode,
  type PolicySettings,
  type ProbeSettings,
  policyModes,
  type Settings,
  type ThresholdSettings,
  type TlsSettings,
  untold,
  type WorkloadPolicy,
} from '../model/settings.ts';
import { parseProbeTarget } from '../relate/probes/probeTarget.ts';
import { parseChannels } from './notifySettings.ts';
import { parseDuration, parsePercent, parseSize } from './quantity.ts';
import { placeOf } from './tomlPlace.ts';

export interface ConfigProblem {
  line: number;
  column: number;
  expected: string;
  found: string;
}

interface ConfigValues {
  intervalMs?: number;
  dataDir?: string;
  maxAgeMs?: number;
  maxBytes?: number;
  listen?: { host: string; port: number };
  allowLoopbackRead?: boolean;
  budget?: Partial<Budget>;
  bpf?: boolean;
  probes?: Partial<ProbeSettings>;
  explain?: { automatic: boolean };
  policy?: Partial<PolicySettings>;
  thresholds?: Partial<ThresholdSettings>;
  notify?: Partial<NotifySettings>;
  tls?: Partial<TlsSettings>;
  allowPlainRemote?: boolean;
}

/** Flags of the command line, as written. */
export interface SettingsFlags {
  interval?: string;
  data?: string;
  listen?: string;
  config?: string;
}

/** Where from the defaults come. */
export interface Surroundings {
  env: Readonly<Partial<Record<string, string>>>;
  isRoot: boolean;
}

export interface LoadedSettings {
  settings: Settings;
  configured: Configured;
  /** The configuration file that was read; null: none, defaults hold. */
  file: string | null;
}

const maxFileBytes = 1024 * 1024;
const defaultIntervalMs = 10_000;
const minIntervalMs = 1000;
const maxIntervalMs = 600_000;
const maxProbeTargets = 16;
const defaultProbes: ProbeSettings = { enabled: true, intervalMs: 30_000, timeoutMs: 10_000, targets: null };

const maxPatterns = 64;
const defaultThresholds: ThresholdSettings = { memoryRatio: 0.95, swapRatio: 0.8, fdsRatio: 0.9, workloadBytes: null };

interface Key {
  expected: string;
  /** What exactly is wrong, where one sentence does not cover it. */
  explain?(value: unknown): string;
  /** false: not as expected. */
  take(value: unknown, into: ConfigValues): boolean;
}

const keys: Record<string, Key> = {
  interval: {
    expected: 'a time from "1s" to "10min", with its unit',
    take: (value, into) => number(value, parseDuration, minIntervalMs, maxIntervalMs, (ms) => Object.assign(into, { intervalMs: ms })),
  },
  'store.dir': {
    expected: 'an absolute path',
    take: (value, into) => typeof value === 'string' && isAbsolute(value) && !value.includes('\0') && assign(into, { dataDir: value }),
  },
  'store.max_age': {
    expected: 'a time from "1h" on, with its unit, such as "180d"',
    take: (value, into) => number(value, parseDuration, 3_600_000, Number.MAX_SAFE_INTEGER, (ms) => assign(into, { maxAgeMs: ms })),
  },
  'store.max_size': {
    expected: 'a size from "16MiB" on, with its unit, such as "1GiB"',
    take: (value, into) => number(value, parseSize, 16 * 1024 ** 2, Number.MAX_SAFE_INTEGER, (bytes) => assign(into, { maxBytes: bytes })),
  },
  'serve.listen': {
    expected: 'an address and a port, such as "127.0.0.1:7420" or "[::1]:7420"',
    take: (value, into) => {
      const listen = typeof value === 'string' ? parseListen(value) : null;
      return listen !== null && assign(into, { listen });
    },
  },
  'serve.allow_loopback_read': {
    expected: 'true or false',
    take: (value, into) => typeof value === 'boolean' && assign(into, { allowLoopbackRead: value }),
  },
  'serve.tls_cert': {
    expected: 'an absolute path of a certificate in PEM',
    take: (value, into) => typeof value === 'string' && isAbsolute(value) && assign(into, { tls: { ...into.tls, certFile: value } }),
  },
  'serve.tls_key': {
    expected: 'an absolute path of the key of the certificate in PEM',
    take: (value, into) => typeof value === 'string' && isAbsolute(value) && assign(into, { tls: { ...into.tls, keyFile: value } }),
  },
  'serve.allow_plain_remote': {
    expected: 'true or false',
    take: (value, into) => typeof value === 'boolean' && assign(into, { allowPlainRemote: value }),
  },
  'sample.bpf': {
    expected: 'true or false',
    take: (value, into) => typeof value === 'boolean' && assign(into, { bpf: value }),
  },
  'budget.cpu': {
    expected: 'a share of one core from "0.1%" to "100%"',
    take: (value, into) => number(value, parsePercent, 0.001, 1, (cpuRatio) => assignBudget(into, { cpuRatio })),
  },
  'budget.rss': {
    expected: 'a size from "48MiB" on, with its unit, such as "128MiB"',
    take: (value, into) =>
      number(value, parseSize, 48 * 1024 ** 2, Number.MAX_SAFE_INTEGER, (rssBytes) => assignBudget(into, { rssBytes })),
  },
  'budget.reads_per_second': {
    expected: 'a whole number from 100 on',
    take: (value, into) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= 100 && assignBudget(into, { readsPerSecond: value }),
  },
  'explain.automatic': {
    expected: 'true or false',
    take: (value, into) => typeof value === 'boolean' && assign(into, { explain: { automatic: value } }),
  },
  'probes.enabled': {
    expected: 'true or false',
    take: (value, into) => typeof value === 'boolean' && assignProbes(into, { enabled: value }),
  },
  'probes.interval': {
    expected: 'a time from "1s" to "1h", with its unit',
    take: (value, into) => number(value, parseDuration, 1000, 3_600_000, (intervalMs) => assignProbes(into, { intervalMs })),
  },
  'probes.timeout': {
    expected: 'a time from "1s" to "60s", with its unit',
    take: (value, into) => number(value, parseDuration, 1000, 60_000, (timeoutMs) => assignProbes(into, { timeoutMs })),
  },
  'probes.targets': {
    expected: `at most ${maxProbeTargets} of "ssh://HOST:PORT", "http://HOST:PORT/PATH", "ftp://HOST:PORT" and "tcp://HOST:PORT"`,
    take: (value, into) => {
      if (!Array.isArray(value) || value.length > maxProbeTargets) return false;
      const targets = value.map((text: unknown) => (typeof text === 'string' ? parseProbeTarget(text) : null));
      return targets.every((target) => target !== null) && assignProbes(into, { targets });
    },
  },
  'policy.mode': {
    expected: `one of ${policyModes.join(', ')}`,
    take: (value, into) => {
      const mode = modeIn(value);
      return mode !== null && assignPolicy(into, { mode });
    },
  },
  'policy.actions': {
    expected: `a list of ${actionKinds.join(', ')}`,
    take: (value, into) => {
      const actions = actionsIn(value);
      return actions !== null && assignPolicy(into, { actions });
    },
  },
  'policy.never_touch': {
    expected: `a list of at most ${maxPatterns} names of workloads, * for anything`,
    take: (value, into) =>
      Array.isArray(value) &&
      value.length <= maxPatterns &&
      value.every((pattern): pattern is string => typeof pattern === 'string' && pattern !== '') &&
      assignPolicy(into, { neverTouch: value }),
  },
  'policy.most_an_hour': {
    expected: 'a whole number from 0 to 60',
    take: (value, into) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 60 && assignPolicy(into, { mostAnHour: value }),
  },
  'policy.cool_down': {
    expected: 'a time from "1min" to "7d", with its unit',
    take: (value, into) => number(value, parseDuration, 60_000, 604_800_000, (coolDownMs) => assignPolicy(into, { coolDownMs })),
  },
  'policy.window': {
    expected: 'hours of the day such as "02:00-05:00", local time',
    take: (value, into) => {
      const window = typeof value === 'string' ? parseWindow(value) : null;
      return window !== null && assignPolicy(into, { window });
    },
  },
  'policy.emergency': {
    expected: 'true or false',
    take: (value, into) => typeof value === 'boolean' && assignPolicy(into, { emergency: value }),
  },
  'policy.workloads': {
    expected: `at most ${maxPatterns} of { name = "php-fpm: pool *", mode = "automatic", actions = ["restart"], recycle = "quietest" }`,
    take: (value, into) => {
      if (!Array.isArray(value) || value.length > maxPatterns) return false;
      const workloads = value.map(workloadPolicyIn);
      return workloads.every((workload) => workload !== null) && assignPolicy(into, { workloads });
    },
  },
  'thresholds.memory': threshold('memoryRatio'),
  'thresholds.swap': threshold('swapRatio'),
  'thresholds.open_files': threshold('fdsRatio'),
  'thresholds.workload': {
    expected: 'a size from "16MiB" on, with its unit, or "never"',
    take: (value, into) => {
      if (value === 'never') return assignThresholds(into, { workloadBytes: null });
      return number(value, parseSize, 16 * 1024 ** 2, Number.MAX_SAFE_INTEGER, (workloadBytes) =>
        assignThresholds(into, { workloadBytes }),
      );
    },
  },
  'notify.remind': {
    expected: 'a time from "5min" on, with its unit',
    take: (value, into) => number(value, parseDuration, 300_000, Number.MAX_SAFE_INTEGER, (remindMs) => assignNotify(into, { remindMs })),
  },
  'notify.escalate_after': {
    expected: 'a time from "10s" to "1d", with its unit',
    take: (value, into) => number(value, parseDuration, 10_000, 86_400_000, (escalateAfterMs) => assignNotify(into, { escalateAfterMs })),
  },
  'notify.page': {
    expected: 'the http or https address under which people reach the page',
    take: (value, into) => {
      const url = typeof value === 'string' ? URL.parse(value) : null;
      return url !== null && /^https?:$/.test(url.protocol) && assignNotify(into, { pageUrl: url.origin });
    },
  },
  'notify.channels': {
    expected: 'tables [[notify.channels]]',
    explain: (value) => {
      const parsed = parseChannels(value);
      return 'expected' in parsed ? parsed.expected : '';
    },
    take: (value, into) => {
      const parsed = parseChannels(value);
      return 'channels' in parsed && assignNotify(into, { channels: parsed.channels });
    },
  },
};
const tables = ['store', 'serve', 'sample', 'budget', 'probes', 'explain', 'policy', 'thresholds', 'notify'];

function assignPolicy(into: ConfigValues, values: Partial<PolicySettings>): true {
  return assign(into, { policy: { ...into.policy, ...values } });
}

function modeIn(value: unknown): PolicyMode | null {
  return policyModes.find((mode) => mode === value) ?? null;
}

function actionsIn(value: unknown): ActionKind[] | null {
  if (!Array.isArray(value)) return null;
  const actions = value.map((name: unknown) => actionKinds.find((kind) => kind === name));
  return actions.every((kind) => kind !== undefined) ? actions : null;
}

function workloadPolicyIn(value: unknown): WorkloadPolicy | null {
  if (!isTable(value) || typeof value.name !== 'string' || value.name === '') return null;
  if (Object.keys(value).some((key) => !['name', 'mode', 'actions', 'recycle'].includes(key))) return null;
  const mode = modeIn(value.mode);
  const actions = value.actions === undefined ? [...observeOnly.actions] : actionsIn(value.actions);
  if (mode === null || actions === null || (value.recycle !== undefined && value.recycle !== 'quietest')) return null;
  return { pattern: value.name, mode, actions, ...(value.recycle === undefined ? {} : { recycle: value.recycle }) };
}

function parseWindow(text: string): PolicySettings['window'] {
  const match = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match === null) return null;
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = match.slice(1).map(Number);
  return { fromMinute: fromHour * 60 + fromMinute, toMinute: toHour * 60 + toMinute };
}

function threshold(name: 'memoryRatio' | 'swapRatio' | 'fdsRatio'): Key {
  return {
    expected: 'a share from "1%" to "100%", or "never"',
    take: (value, into) => {
      if (value === 'never') return assignThresholds(into, { [name]: null });
      return number(value, parsePercent, 0.01, 1, (ratio) => assignThresholds(into, { [name]: ratio }));
    },
  };
}

function assignThresholds(into: ConfigValues, values: Partial<ThresholdSettings>): true {
  return assign(into, { thresholds: { ...into.thresholds, ...values } });
}

function assignNotify(into: ConfigValues, values: Partial<NotifySettings>): true {
  return assign(into, { notify: { ...into.notify, ...values } });
}

function assign(into: ConfigValues, values: ConfigValues): true {
  Object.assign(into, values);
  return true;
}

function assignBudget(into: ConfigValues, values: Partial<Budget>): true {
  return assign(into, { budget: { ...into.budget, ...values } });
}

function assignProbes(into: ConfigValues, values: Partial<ProbeSettings>): true {
  return assign(into, { probes: { ...into.probes, ...values } });
}

function number(value: unknown, read: (text: string) => number | null, min: number, max: number, put: (value: number) => unknown): boolean {
  const parsed = typeof value === 'string' ? read(value) : null;
  if (parsed === null || parsed < min || parsed > max) return false;
  put(parsed);
  return true;
}

interface ParsedConfig {
  values: ConfigValues;
  /** Where each key stands that was taken. */
  lines: Map<string, number>;
  problems: ConfigProblem[];
}

/** Pure: the text of a configuration file to its values and everything that is wrong with it, in the order of the file. */
export function parseConfig(text: string): ParsedConfig {
  const values: ConfigValues = {};
  const lines = new Map<string, number>();
  const problems: ConfigProblem[] = [];
  let document: Record<string, unknown>;
  try {
    document = parse(text, { unsafeKeyBehaviour: 'keep', maxDepth: 20 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const found = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    return { values, lines, problems: [{ line: error.line, column: error.column, expected: 'TOML', found }] };
  }
  for (const [path, value] of leaves(document)) {
    const name = path.join('.');
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key?.take(value, values)) {
      lines.set(name, placeOf(text, path).line);
      continue;
    }
    const expected = key?.explain?.(value) ?? key?.expected ?? `one of ${Object.keys(keys).join(', ')}`;
    problems.push({
      ...placeOf(text, path),
      expected: `${key === undefined ? '' : `${name}: `}${expected}`,
      // What stands among the channels may be a secret.
      found: key?.explain === undefined ? shown(key === undefined ? name : value) : 'something else',
    });
  }
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { values, lines, problems };
}

/** Every key with its value; tables that stanch knows are opened. */
function leaves(document: Record<string, unknown>): [path: string[], value: unknown][] {
  return Object.entries(document).flatMap(([name, value]): [string[], unknown][] =>
    tables.includes(name) && isTable(value)
      ? Object.entries(value).map(([key, inner]): [string[], unknown] => [[name, key], inner])
      : [[[name], value]],
  );
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** `127.0.0.1:7420`, `[::1]:7420`, `localhost:0`; null: not an address and a port. */
export function parseListen(text: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? null : { host, port };
}

export function defaultPaths({ env, isRoot }: Surroundings): { config: string; data: string } {
  if (isRoot) return { config: '/etc/stanch/stanch.toml', data: '/var/lib/stanch' };
  const home = env.HOME ?? homedir();
  return {
    config: join(absoluteOr(env.XDG_CONFIG_HOME, join(home, '.config')), 'stanch', 'stanch.toml'),
    data: join(absoluteOr(env.XDG_DATA_HOME, join(home, '.local', 'share')), 'stanch'),
  };
}

/** The XDG specification: a relative path there is to be ignored. */
function absoluteOr(path: string | undefined, fallback: string): string {
  return path !== undefined && isAbsolute(path) ? path : fallback;
}

/** Errors: STANCH_E_NO_INPUT, STANCH_E_NOT_PERMITTED, STANCH_E_CONFIG, STANCH_E_USAGE for a flag. */
export function loadSettings(flags: SettingsFlags, surroundings: Surroundings): LoadedSettings {
  const defaults = defaultPaths(surroundings);
  const wanted = flags.config === undefined ? defaults.config : resolve(flags.config);
  const file = flags.config !== undefined || existsSync(wanted) ? wanted : null;
  const { values, lines } = file === null ? { values: {}, lines: new Map<string, number>() } : readConfigFile(file);
  const fromFlags = flagValues(flags);
  const intervalMs = fromFlags.intervalMs ?? values.intervalMs ?? defaultIntervalMs;
  const settings: Settings = {
    intervalMs,
    dataDir: fromFlags.dataDir ?? values.dataDir ?? defaults.data,
    listen: fromFlags.listen ?? values.listen ?? { host: '127.0.0.1', port: 7420 },
    retention: { maxAgeMs: values.maxAgeMs ?? 180 * 86_400_000, maxBytes: values.maxBytes ?? 1024 ** 3 },
    allowLoopbackRead: values.allowLoopbackRead ?? true,
    budget: { ...defaultBudget(intervalMs), ...values.budget },
    bpf: values.bpf ?? false,
    probes: { ...defaultProbes, ...values.probes },
    explain: values.explain ?? { automatic: false },
    policy: { ...observeOnly, ...values.policy },
    thresholds: { ...defaultThresholds, ...values.thresholds },
    notify: { ...untold.notify, ...values.notify },
    tls: tlsSettings(values.tls),
    allowPlainRemote: values.allowPlainRemote ?? false,
  };
  return { settings, file, configured: { path: wanted, isThere: file !== null, lines, flags: keysOfFlags(flags), waiting: [] } };
}

/** Errors: STANCH_E_CONFIG when one of the two is missing. */
function tlsSettings(given: Partial<TlsSettings> | undefined): TlsSettings | null {
  if (given === undefined) return null;
  const { certFile, keyFile } = given;
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  throw new StanchError('STANCH_E_CONFIG', {
    expected: 'serve.tls_cert and serve.tls_key, both',
    found: 'one of them',
    next: 'Name the other one too, then: stanch config check',
  });
}

/** Who wants to know ten times as often allows for ten times the CPU time, up to a tenth of a core. */
function defaultBudget(intervalMs: number): Budget {
  const cpuRatio = Math.min(0.1, 0.01 * Math.max(1, defaultIntervalMs / intervalMs));
  return { cpuRatio, rssBytes: 128 * 1024 ** 2, readsPerSecond: 20_000 };
}

function readConfigFile(file: string): ParsedConfig {
  const parsed = parseConfig(readText(file));
  if (parsed.problems.length > 0) throw configError(file, parsed.problems);
  return parsed;
}

function keysOfFlags({ interval, data, listen }: SettingsFlags): Map<string, string> {
  const given: [string, string, string | undefined][] = [
    ['interval', '--interval', interval],
    ['store.dir', '--data', data],
    ['serve.listen', '--listen', listen],
  ];
  return new Map(given.filter(([, , value]) => value !== undefined).map(([key, flag]) => [key, flag]));
}

export function configError(file: string, problems: readonly ConfigProblem[]): StanchError {
  const lines = problems.map(
    (problem) => `${file}:${problem.line}:${problem.column}: expected ${problem.expected}; found ${problem.found}`,
  );
  return new StanchError('STANCH_E_CONFIG', {
    expected: 'a configuration without mistakes',
    found: `${problems.length} ${problems.length === 1 ? 'mistake' : 'mistakes'}\n${lines.join('\n')}`,
    next: `Correct the file, then: stanch config check --config ${file}`,
  });
}

export function readText(file: string): string {
  try {
    if (!statSync(file).isFile()) throw noFile(file, 'something that is not a file');
    if (statSync(file).size > maxFileBytes) throw noFile(file, 'a file of more than 1 MiB');
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof StanchError) throw error;
    throw noFile(file, error instanceof Error ? error.message : String(error), error);
  }
}

function noFile(file: string, found: string, cause?: unknown): StanchError {
  const denied = cause instanceof Error && 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM');
  return new StanchError(denied ? 'STANCH_E_NOT_PERMITTED' : 'STANCH_E_NO_INPUT', {
    expected: `a configuration file at ${file}`,
    found,
    next: 'Name an existing one with --config FILE, or leave the flag out: stanch runs without a configuration file.',
    cause,
  });
}

function flagValues(flags: SettingsFlags): ConfigValues {
  const values: ConfigValues = {};
  if (flags.interval !== undefined && !keys.interval?.take(flags.interval, values)) {
    throw badFlag('--interval', 'a time from 1s to 10min, with its unit', flags.interval);
  }
  if (flags.listen !== undefined && !keys['serve.listen']?.take(flags.listen, values)) {
    throw badFlag('--listen', 'an address and a port, such as 127.0.0.1:7420 or [::1]:7420', flags.listen);
  }
  if (flags.data !== undefined) values.dataDir = resolve(flags.data);
  return values;
}

function badFlag(flag: string, expected: string, found: string): StanchError {
  return new StanchError('STANCH_E_USAGE', {
    expected: `${flag} to be ${expected}`,
    found: JSON.stringify(found),
    next: 'stanch run --help',
  });
}
