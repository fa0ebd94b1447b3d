/** What the application is made of, for those who tell of it: its man pages and its completions. */
import { type Application, type Command, type RouteMap, run } from '@stricli/core';
import type { CliContext } from './context.ts';

export type LoadAll = () => Promise<Application<CliContext>>;

interface CommandHelp {
  /** `stanch incidents show`. */
  name: string;
  brief: string;
  /** As `--help` prints it. */
  help: string;
}

export async function helpOfAll(app: Application<CliContext>): Promise<CommandHelp[]> {
  const found: CommandHelp[] = [];
  const walk = async (target: Command<CliContext> | RouteMap<CliContext>, path: readonly string[]): Promise<void> => {
    const children = childrenOf(target);
    for (const [name, child] of children ?? []) await walk(child, [...path, name]);
    if (children === null) found.push({ name: ['stanch', ...path].join(' '), brief: target.brief, help: await helpText(app, path) });
  };
  await walk(app.root, []);
  return found;
}

/** Sub-commands that begin with the last word; null: the words before it name no group. */
export function subcommands({ root }: Application<CliContext>, words: readonly string[]): string[] | null {
  let target: Command<CliContext> | RouteMap<CliContext> | undefined = root;
  for (const word of words.slice(0, -1)) target = target === undefined ? undefined : childrenOf(target)?.get(word);
  const children = target === undefined ? null : childrenOf(target);
  return children === null ? null : [...children.keys()].filter((name) => name.startsWith(words.at(-1) ?? ''));
}

/** Null: a command. Hidden ones are left out. */
function childrenOf(target: Command<CliContext> | RouteMap<CliContext>): Map<string, Command<CliContext> | RouteMap<CliContext>> | null {
  if (!('getAllEntries' in target)) return null;
  const shown = target.getAllEntries().filter(({ hidden }) => !hidden);
  return new Map(shown.map(({ name, target: child }) => [name['convert-camel-to-kebab'], child]));
}

async function helpText(app: Application<CliContext>, path: readonly string[]): Promise<string> {
  let text = '';
  const stream = {
    write: (part: string) => {
      text += part;
    },
  };
  await run(app, [...path, '--help'], { process: { stdout: stream, stderr: stream, env: {} } });
  return text;
}
