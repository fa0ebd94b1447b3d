/** `/api/v1/settings`: what holds, where each comes from, and how to change it. No secret leaves the place where it stands. */
import type { ChannelSettings, Configured, OnCallHours, Secret } from '../model/settings.ts';
import { urlHost } from './access.ts';
import type { SettingsDocument } from './schema.ts';
import { settingsList, spanOfDay } from './settingsList.ts';
import type { LiveSource } from './source.ts';

export function settingsDocument(source: LiveSource): SettingsDocument {
  const settings = source.settings();
  const configured = source.configured();
  return {
    schema: 'stanch.settings/1',
    time: new Date(source.nowMs()).toISOString(),
    file: configured === null ? null : { path: configured.path, isThere: configured.isThere },
    settings: settingsList.map(({ key, meaning, example, value }) => ({
      key,
      meaning,
      value: value(settings),
      ...originOf(key, configured),
      example: linesFor(key, example),
    })),
    channels: settings.notify.channels.map(channelPart),
    channelExample: '[[notify.channels]]\nname = "ops"\nkind = "slack"\nurl = { file = "/etc/stanch/slack-url" }\nseverity = "warning"',
    apply: ['stanch config check', 'systemctl reload stanch'],
  };
}

type Origin = Pick<SettingsDocument['settings'][number], 'from' | 'line' | 'flag' | 'waits'>;

function originOf(key: string, configured: Configured | null): Origin {
  if (configured === null) return { from: 'program', line: null, flag: null, waits: false };
  const flag = configured.flags.get(key) ?? null;
  const line = configured.lines.get(key) ?? null;
  return { from: flag !== null ? 'flag' : line !== null ? 'file' : 'default', line, flag, waits: configured.waiting.includes(key) };
}

/** `thresholds.memory` stands as `memory` in the table `[thresholds]`. */
function linesFor(key: string, example: string): string {
  const [first = '', second] = key.split('.', 2);
  return second === undefined ? `${first} = ${example}` : `[${first}]\n${second} = ${example}`;
}

function channelPart(channel: ChannelSettings): SettingsDocument['channels'][number] {
  const { name, kind, leastSeverity, step, hours } = channel;
  return { name, kind, to: toOf(channel), leastSeverity, step, hours: hours === null ? null : hoursText(hours) };
}

/** Who or what hears of it, without what opens the way to them. */
function toOf(channel: ChannelSettings): string {
  switch (channel.kind) {
    case 'email':
      return `${channel.to.join(', ')}, by ${urlHost(channel.host)}:${channel.port}`;
    case 'syslog':
      return channel.address === null ? 'the log of this server' : `${urlHost(channel.address.host)}:${channel.address.port}`;
    case 'journald':
      return 'the journal of this server';
    case 'hook':
      return channel.command[0] ?? '';
    case 'pagerduty':
      return `its key stands ${placeOf(channel.key)}`;
    default:
      return `its address stands ${placeOf(channel.url)}`;
  }
}

function placeOf(secret: Secret): string {
  if ('file' in secret) return `in ${secret.file}`;
  return 'env' in secret ? `in the environment as ${secret.env}` : 'in the configuration and is not shown';
}

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

function hoursText({ days, fromMinute, toMinute }: OnCallHours): string {
  const when = days.length === 7 ? '' : `${days.map((day) => dayNames[day] ?? '').join(',')} `;
  return `${when}${spanOfDay({ fromMinute, toMinute })}`;
}
