/** `stanch manual DIR`: a man page for each command, made of what the commands say of themselves. https://man7.org/linux/man-pages/man7/man-pages.7.html */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildCommand, type Command } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import { helpOfAll, type LoadAll } from './commandTree.ts';
import type { CliContext } from './context.ts';
import { version } from './version.ts';

export function manualCommand(loadAll: LoadAll): Command<CliContext> {
  return buildCommand<Record<never, never>, [string], CliContext>({
    docs: {
      brief: 'Write a man page for each command into a folder',
      fullDescription: 'For example: stanch manual /usr/local/share/man/man1',
    },
    parameters: {
      flags: {},
      positional: { kind: 'tuple', parameters: [{ brief: 'A folder, made where it is missing', parse: String, placeholder: 'DIR' }] },
    },
    async func(_flags, folder) {
      writePages(folder, manualPages(await helpOfAll(await loadAll())));
    },
  });
}

interface Help {
  /** `stanch incidents show`. */
  name: string;
  brief: string;
  help: string;
}

const sections = `
.SH FILES
.TP
/etc/stanch/stanch.toml, ~/.config/stanch/stanch.toml
The configuration; stanch config check says what holds.
.TP
/var/lib/stanch, ~/.local/share/stanch
History, token and audit log.
.SH ENVIRONMENT
.TP
STANCH_TOKEN
The token of the daemon that is asked.
.TP
NO_COLOR
Never use colour.
.SH EXIT STATUS
0 done; 1 the answer is bad news; 64 usage; 65 bad input data; 66 no such input; 69 a service is not reachable; 70 a bug in stanch; 73 cannot create output; 75 try again; 77 not permitted; 78 bad configuration.
`;

/** File name to page. Pure. */
export function manualPages(commands: readonly Help[]): Map<string, string> {
  const names = commands.map(({ name }) => name);
  const pages = commands.map(({ name, brief, help }): [string, string] => [
    `${name.replaceAll(' ', '-')}.1`,
    manualPage(name, brief, help),
  ]);
  const list = names.map((name) => `.BR ${name.replaceAll(' ', '\\-').replaceAll('-', '\\-')} (1)`).join(',\n');
  const overview = `${head('stanch', 'finds the process that leaks memory on a Linux server before it takes the server down')}.SH COMMANDS\n${list}\n${sections}`;
  return new Map([['stanch.1', overview], ...pages]);
}

function manualPage(name: string, brief: string, help: string): string {
  const [usage = '', ...blocks] = help.split(/\n(?=[A-Z]+\n)/);
  const lines = usage.split('\n').slice(1);
  const described = lines.findIndex((line) => line.trim() === '');
  const description = lines
    .slice(described + 1)
    .join('\n')
    .trim();
  const parts = blocks.map((block) => {
    const [title = '', ...rows] = block.split('\n');
    return `.SH ${title}\n.nf\n${roff(
      rows
        .map((row) => row.replace(/^ {2}/, ''))
        .join('\n')
        .trimEnd(),
    )}\n.fi\n`;
  });
  const synopsis = lines
    .slice(0, described)
    .map((line) => line.trim())
    .join('\n.br\n');
  return `${head(name.replaceAll(' ', '-'), brief)}.SH SYNOPSIS\n${roff(synopsis).replaceAll('\\&.br', '.br')}\n.SH DESCRIPTION\n${roff(description)}\n${parts.join('')}${sections}.SH SEE ALSO\n.BR stanch (1)\n`;
}

function head(name: string, brief: string): string {
  return `.TH ${name.toUpperCase()} 1 "" "stanch ${version}" "stanch"\n.SH NAME\n${roff(name)} \\- ${roff(brief)}\n`;
}

/** A line that begins with a dot or an apostrophe would be a command; a backslash acts; a minus is not to be a hyphen. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function writePages(folder: string, pages: ReadonlyMap<string, string>): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, page] of pages) writeFileSync(join(folder, name), page);
  } catch (cause) {
    throw new StanchError('STANCH_E_OUTPUT', {
      expected: `to be able to write into ${folder}`,
      found: cause instanceof Error ? cause.message : String(cause),
      next: 'Name a folder that can be written.',
      cause,
    });
  }
}
