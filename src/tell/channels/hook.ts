/** A program of the owner. What it is about comes in its environment, and as JSON on stdin: nothing a process could name becomes an argument. */
import type { HookSettings } from '../../model/settings.ts';
import type { Message } from '../message.ts';
import type { Channel } from './channel.ts';
import { runProgram } from './runProgram.ts';

export const hookChannel: Channel<HookSettings> = {
  most: 1,
  send: async ({ command }, messages, _batch, signal) => {
    for (const message of messages) await runProgram(command, { input: JSON.stringify(message), env: hookEnvironment(message), signal });
  },
};

export function hookEnvironment(message: Message): Record<string, string> {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin', HOME = '/', LANG = 'C.UTF-8' } = process.env;
  const values: Record<string, string> = {
    PATH,
    HOME,
    LANG,
    STANCH_KEY: message.key,
    STANCH_KIND: message.kind,
    STANCH_INCIDENT: message.incidentId,
    STANCH_SEVERITY: message.severity,
    STANCH_HOST: message.hostName,
    STANCH_WORKLOAD: message.subjectName,
    STANCH_RESOURCE: message.resource ?? '',
    STANCH_TITLE: message.title,
    STANCH_FACTS: message.facts.join('\n'),
    STANCH_URL: message.link ?? '',
  };
  // The kernel ends a value at the first NUL.
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.replaceAll('\0', '').slice(0, 4000)]));
}
