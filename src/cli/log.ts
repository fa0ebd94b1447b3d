/** Messages of the daemon on stderr; under systemd with the level prefix that the journal reads. */
import type { LogLevel } from '../daemon.ts';
import type { CliStream } from './context.ts';
import { printable } from './printable.ts';

const syslogLevels: Record<LogLevel, number> = { error: 3, warning: 4, info: 6 };

export function createLog(stderr: CliStream, env: Readonly<Partial<Record<string, string>>>): (level: LogLevel, text: string) => void {
  const toJournal = env.JOURNAL_STREAM !== undefined;
  return (level, text) => {
    for (const line of text.split('\n')) {
      const shown = printable(line);
      stderr.write(toJournal ? `<${syslogLevels[level]}>${shown}\n` : `stanch: ${level === 'info' ? '' : `${level}: `}${shown}\n`);
    }
  };
}
