/**
 * The channels of the configuration: who is told, how.
 *
 *   [[notify.channels]]
 *   name = "ops"
 *   kind = "slack"
 *   url = { file = "/etc/stanch/slack-url" }
 *   severity = "warning"
 *   step = 1
 *   hours = "mon-fri 08:00-18:00"
 *
 * Each kind has its own keys; what stands in the open, in a file or in the environment is a secret alike.
 */
import { isAbsolute } from 'node:path';
import * as v from 'valibot';
import type { ChannelSettings, OnCallHours, Secret } from '../model/settings.ts';

const maxChannels = 32;
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const text = v.pipe(v.string(), v.minLength(1, 'a text'), v.maxLength(2000, 'a shorter text'));
const name = v.pipe(v.string(), v.regex(/^[\w.-]{1,40}$/, 'letters, digits, ".", "_" and "-"'));
const url = v.pipe(
  v.string(),
  v.check((given) => /^https?:$/.test(URL.parse(given)?.protocol ?? ''), 'an http or https URL'),
);
const path = v.pipe(
  v.string(),
  v.check((given) => isAbsolute(given), 'an absolute path'),
);
const inFile = v.strictObject({ file: path });
const inEnvironment = v.strictObject({ env: v.pipe(v.string(), v.regex(/^[A-Za-z_]\w*$/, 'the name of a variable')) });
const port = v.pipe(v.number(), v.integer('a port'), v.minValue(1, 'a port'), v.maxValue(65_535, 'a port'));
/** No space, bracket or line end can get into a command of SMTP. */
const address = v.pipe(v.string(), v.regex(/^[^\s<>@,;"()]{1,64}@[A-Za-z0-9.-]{1,253}$/, 'a mail address'));

function secretOf(plain: v.GenericSchema<string, string>) {
  return v.union(
    [
      v.pipe(
        plain,
        v.transform((value): Secret => ({ value })),
      ),
      inFile,
      inEnvironment,
    ],
    'a text, { file = "/path" } or { env = "NAME" }',
  );
}

const hours = v.pipe(
  v.string(),
  v.transform(parseHours),
  v.check((parsed) => parsed !== null, 'such as "mon-fri 08:00-18:00"'),
);

const base = {
  name,
  severity: v.optional(v.picklist(['info', 'warning', 'critical'], '"info", "warning" or "critical"'), 'warning'),
  step: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, '0 or more'), v.maxValue(10, 'at most 10')), 0),
  hours: v.optional(hours),
};

const channelSchema = v.variant('kind', [
  v.strictObject({
    ...base,
    kind: v.literal('email'),
    host: v.pipe(v.string(), v.regex(/^[A-Za-z0-9.:-]{1,253}$/, 'a host')),
    port: v.optional(port),
    security: v.optional(v.picklist(['starttls', 'tls', 'none'], '"starttls", "tls" or "none"'), 'starttls'),
    user: v.optional(text),
    password: v.optional(secretOf(text)),
    from: address,
    to: v.pipe(v.array(address, 'a list of addresses'), v.minLength(1, 'at least one address'), v.maxLength(50, 'at most 50 addresses')),
  }),
  v.strictObject({ ...base, kind: v.picklist(['webhook', 'slack', 'teams']), url: secretOf(url) }),
  // It knows itself who is on call when, and whom to ask next.
  v.strictObject({ name, severity: base.severity, kind: v.literal('alertmanager'), url: secretOf(url) }),
  v.strictObject({
    ...base,
    kind: v.literal('pagerduty'),
    url: v.optional(secretOf(url), 'https://events.pagerduty.com/v2/enqueue'),
    key: secretOf(text),
  }),
  v.strictObject({
    ...base,
    kind: v.literal('syslog'),
    address: v.optional(v.pipe(v.string(), v.regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, '"HOST:PORT"'))),
  }),
  v.strictObject({ ...base, kind: v.literal('journald') }),
  v.strictObject({
    ...base,
    kind: v.literal('hook'),
    command: v.pipe(v.tupleWithRest([path], v.string(), '["/path/of/program", "argument"]'), v.maxLength(32, 'at most 32 arguments')),
  }),
]);

/** Null: in order. Else what is wrong, as "expected …" goes on. */
export function parseChannels(value: unknown): { channels: ChannelSettings[] } | { expected: string } {
  const parsed = v.safeParse(v.pipe(v.array(channelSchema), v.maxLength(maxChannels, `at most ${maxChannels} channels`)), value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const at = v.getDotPath(issue);
    const what =
      issue.type === 'strict_object'
        ? issue.expected === 'never'
          ? 'no such key'
          : 'this key, which is missing'
        : issue.type === 'variant'
          ? `one of ${issue.expected?.replace(/[()]/g, '').replaceAll(' | ', ', ')}`
          : issue.message;
    return { expected: at === null ? what : `channel ${at.replace(/^(\d+)/, (index) => String(Number(index) + 1))}: ${what}` };
  }
  const names = parsed.output.map((channel) => channel.name);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) return { expected: `channels with names of their own, ${twice} is there twice` };
  return { channels: parsed.output.map(channelOf) };
}

type Parsed = v.InferOutput<typeof channelSchema>;

function channelOf({ severity, ...rest }: Parsed): ChannelSettings {
  const always = { name: rest.name, leastSeverity: severity, step: 0, hours: null };
  if (rest.kind === 'alertmanager') return { ...always, kind: rest.kind, url: rest.url };
  const common = { ...always, step: rest.step, hours: rest.hours ?? null };
  switch (rest.kind) {
    case 'email': {
      const { kind, host, security, user, password, from, to } = rest;
      const usual = { starttls: 587, tls: 465, none: 25 }[security];
      return { ...common, kind, host, port: rest.port ?? usual, security, user: user ?? null, password: password ?? null, from, to };
    }
    case 'pagerduty':
      return { ...common, kind: rest.kind, url: rest.url, key: rest.key };
    case 'syslog':
      return { ...common, kind: rest.kind, address: rest.address === undefined ? null : hostAndPort(rest.address) };
    case 'journald':
      return { ...common, kind: rest.kind };
    case 'hook':
      return { ...common, kind: rest.kind, command: rest.command };
    default:
      return { ...common, kind: rest.kind, url: rest.url };
  }
}

function hostAndPort(given: string): { host: string; port: number } {
  const at = given.lastIndexOf(':');
  return { host: given.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(given.slice(at + 1)) };
}

/** `mon-fri 08:00-18:00`, `sat,sun 00:00-24:00`, `22:00-06:00`. Null: not hours. */
export function parseHours(given: string): OnCallHours | null {
  const match = /^(?:([a-z,-]+) )?(\d\d):(\d\d)-(\d\d):(\d\d)$/i.exec(given.trim());
  if (match === null) return null;
  const [, dayText = 'mon-sun', ...numbers] = match;
  const [fromHour = 99, fromMin = 99, toHour = 99, toMin = 99] = numbers.map(Number);
  const minutes = { fromMinute: fromHour * 60 + fromMin, toMinute: toHour * 60 + toMin };
  const isTime =
    fromMin < 60 && toMin < 60 && minutes.fromMinute < 1440 && minutes.toMinute <= 1440 && minutes.fromMinute !== minutes.toMinute;
  const chosen = dayText.toLowerCase().split(',').map(daysOf);
  return isTime && chosen.every((each) => each !== null)
    ? { days: [...new Set(chosen.flat())].filter((day) => day !== null), ...minutes }
    : null;
}

function daysOf(range: string): number[] | null {
  const [from = '', to = from, ...more] = range.split('-');
  const first = days.indexOf(from);
  const last = days.indexOf(to);
  if (first < 0 || last < 0 || more.length > 0) return null;
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => (first + index) % 7);
}
