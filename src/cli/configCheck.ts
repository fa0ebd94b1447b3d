/** `stanch config check`: what the daemon would make of its configuration, before a restart does. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildCommand, buildRouteMap } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import type { ChannelSettings, NotifySettings, Settings } from '../model/settings.ts';
import { settingsList } from '../serve/settingsList.ts';
import { usableCertificate } from '../serve/tls.ts';
import { channelTrouble } from '../tell/channelTrouble.ts';
import { maskedSecret } from '../tell/secret.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { printable } from './printable.ts';
import { type ConfigProblem, configError, defaultPaths, loadSettings, parseConfig, readText } from './settings.ts';
import { settingsFlags, surroundings } from './settingsFlags.ts';

interface Flags {
  config?: string;
  json: boolean;
}

const checkCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'Check the configuration file and print what holds' },
  parameters: {
    flags: {
      config: settingsFlags.config,
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document' },
    },
  },
  func: check,
});

export const configCommand = buildRouteMap<'check', CliContext>({
  routes: { check: checkCommand },
  docs: { brief: 'The configuration file' },
});

async function check(this: CliContext, flags: Flags): Promise<void> {
  const around = surroundings(this.process.env);
  const wanted = flags.config === undefined ? defaultPaths(around).config : resolve(flags.config);
  const file = flags.config !== undefined || existsSync(wanted) ? wanted : null;
  const refuse = (name: string, problems: readonly ConfigProblem[]) => {
    if (problems.length === 0) return;
    if (flags.json) this.process.stdout.write(`${jsonText({ schema: 'stanch.config/1', file: name, problems, settings: null })}\n`);
    throw configError(name, problems);
  };
  const parsed = file === null ? null : parseConfig(readText(file));
  if (file !== null && parsed !== null) refuse(file, parsed.problems);
  const { settings } = loadSettings(flags.config === undefined ? {} : { config: flags.config }, around);
  if (file !== null && parsed !== null) refuse(file, await missing(settings, parsed.lines));
  if (flags.json) {
    this.process.stdout.write(
      `${jsonText({ schema: 'stanch.config/1', file, problems: [], settings: { ...settings, notify: masked(settings.notify) } })}\n`,
    );
    return;
  }
  const { channels } = settings.notify;
  const lines = [
    file === null ? `No configuration file at ${wanted}: the defaults hold.` : `${file} is in order.`,
    ...settingsList.map(({ key, value }) => `  ${key.padEnd(25)}  ${printable(value(settings))}`),
    ...(channels.length === 0 ? ['  notify.channels            none: nobody is told'] : channels.map(channelLine)),
  ];
  this.process.stdout.write(`${lines.join('\n')}\n`);
}

/** What the configuration names and what is not there, or not for this account to read. */
async function missing({ tls, notify }: Settings, lines: ReadonlyMap<string, number>): Promise<ConfigProblem[]> {
  const at = (key: string) => ({ line: lines.get(key) ?? 1, column: 1 });
  const problems: ConfigProblem[] = [];
  try {
    if (tls !== null) await usableCertificate(tls);
  } catch (error) {
    if (!(error instanceof StanchError)) throw error;
    problems.push({ ...at('serve.tls_cert'), expected: error.expected, found: error.found });
  }
  for (const channel of notify.channels) {
    const found = channelTrouble(channel, false);
    if (found !== null) problems.push({ ...at('notify.channels'), expected: `what the channel ${channel.name} needs`, found });
  }
  return problems;
}

/** No secret leaves the file in which it stands. */
function masked(notify: NotifySettings) {
  return {
    ...notify,
    channels: notify.channels.map((channel) =>
      Object.fromEntries(Object.entries(channel).map(([name, value]) => [name, maskedValue(value)])),
    ),
  };
}

function maskedValue(value: unknown): unknown {
  const isSecret = typeof value === 'object' && value !== null && ('value' in value || 'file' in value || 'env' in value);
  if (!isSecret) return value;
  const { file, env } = { file: undefined, env: undefined, ...value };
  return typeof file === 'string' ? { file } : typeof env === 'string' ? { env } : maskedSecret;
}

function channelLine(channel: ChannelSettings): string {
  const { name, kind, leastSeverity, step, hours } = channel;
  const when = hours === null ? '' : ', in its hours';
  return printable(`  notify.channels            ${name}: ${kind}, from ${leastSeverity}${step === 0 ? '' : `, as step ${step}`}${when}`);
}
