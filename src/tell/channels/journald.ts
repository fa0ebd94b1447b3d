/** The journal, with fields that `journalctl STANCH_INCIDENT=…` finds, through logger(1): Node has no sockets of the kind that the journal reads. */
import type { JournaldSettings } from '../../model/settings.ts';
import { headline, type Message } from '../message.ts';
import type { Channel } from './channel.ts';
import { inOneLine } from './inOneLine.ts';
import { runProgram } from './runProgram.ts';
import { syslogLevels } from './syslog.ts';

export const journaldChannel: Channel<JournaldSettings> = {
  most: 10,
  send: async (_settings, messages, _batch, signal) => {
    for (const message of messages)
      await runProgram(['logger', '--journald'], { input: journalEntry(message), env: { PATH: '/usr/bin:/bin' }, signal });
  },
};

/** Names and values a line each: what a process named must not begin a line of its own. */
export function journalEntry(message: Message): string {
  const fields: [string, string][] = [
    ['MESSAGE', headline(message)],
    ['PRIORITY', String(syslogLevels[message.severity])],
    ['SYSLOG_IDENTIFIER', 'stanch'],
    ['STANCH_INCIDENT', message.incidentId],
    ['STANCH_KIND', message.kind],
    ['STANCH_KEY', message.key],
    ['STANCH_WORKLOAD', message.subjectName],
    ['STANCH_RESOURCE', message.resource ?? ''],
    ['STANCH_FACTS', message.facts.join(' ')],
  ];
  return fields.map(([name, value]) => `${name}=${inOneLine(value)}\n`).join('');
}
