/** The flags by which commands find their settings. */
import type { FlagParametersForType } from '@stricli/core';
import type { CliContext } from './context.ts';
import type { SettingsFlags, Surroundings } from './settings.ts';

const asWritten = (text: string) => text;

export const settingsFlags: FlagParametersForType<SettingsFlags, CliContext> = {
  interval: {
    kind: 'parsed',
    parse: asWritten,
    optional: true,
    placeholder: 'TIME',
    brief: 'Time between two scans, from 1s; default 10s',
  },
  data: { kind: 'parsed', parse: asWritten, optional: true, placeholder: 'DIR', brief: 'Folder for history and token' },
  listen: {
    kind: 'parsed',
    parse: asWritten,
    optional: true,
    placeholder: 'HOST:PORT',
    brief: 'Where page and API are; default 127.0.0.1:7420',
  },
  config: {
    kind: 'parsed',
    parse: asWritten,
    optional: true,
    placeholder: 'FILE',
    brief: 'Configuration file; default stanch.toml in /etc/stanch or ~/.config/stanch',
  },
};

export function surroundings(env: Readonly<Partial<Record<string, string>>>): Surroundings {
  return { env, isRoot: process.geteuid?.() === 0 };
}
