/** `stanch notify test`: whether people would be reached. */
import { hostname } from 'node:os';
import { buildCommand, buildRouteMap } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import { testChannels } from '../tell/testMessage.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { printable } from './printable.ts';
import { loadSettings } from './settings.ts';
import { settingsFlags, surroundings } from './settingsFlags.ts';

interface Flags {
  config?: string;
  json: boolean;
}

const testCommand = buildCommand<Flags, [string?], CliContext>({
  docs: {
    brief: 'Send a test message through every channel, or one',
    fullDescription:
      'Reads the configuration and sends from here: no daemon is needed. Exit code 0 when each took it; 69 when one did not.',
  },
  parameters: {
    flags: {
      config: settingsFlags.config,
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document' },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Its name in the configuration', parse: String, optional: true, placeholder: 'CHANNEL' }],
    },
  },
  func: test,
});

export const notifyCommand = buildRouteMap<'test', CliContext>({
  routes: { test: testCommand },
  docs: { brief: 'The channels by which people are told' },
});

async function test(this: CliContext, flags: Flags, name?: string): Promise<void> {
  const { stdout, env } = this.process;
  const { settings, file } = loadSettings(flags.config === undefined ? {} : { config: flags.config }, surroundings(env));
  const { channels } = settings.notify;
  const wanted = name === undefined ? channels : channels.filter((channel) => channel.name === name);
  if (wanted.length === 0) {
    throw new StanchError('STANCH_E_CONFIG', {
      expected: name === undefined ? 'a channel in the configuration' : `a channel named ${JSON.stringify(name)}`,
      found:
        channels.length === 0
          ? `none in ${file ?? 'it, for there is no configuration file'}`
          : channels.map((channel) => channel.name).join(', '),
      next: 'Name one under [[notify.channels]]; docs/alerts.md has an example for each kind.',
    });
  }
  const results = await testChannels(wanted, hostname(), Date.now());
  if (flags.json) stdout.write(`${jsonText({ schema: 'stanch.notify-test/1', time: new Date().toISOString(), channels: results })}\n`);
  else
    for (const { channel, kind, error } of results)
      stdout.write(`${error === null ? 'taken ' : 'FAILED'}  ${channel} (${kind})${error === null ? '' : `: ${printable(error)}`}\n`);
  if (results.some(({ error }) => error !== null)) this.process.exitCode = 69;
}
