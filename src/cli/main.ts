/** The program's entry: finds the command, turns every error into code, sentence and exit code. */
import { buildApplication, buildRouteMap, type Command, type RouteMap, run, text_en } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import type { CliContext } from './context.ts';
import { exitCodeOf, failureText } from './failure.ts';
import { version } from './version.ts';

type Target = Command<CliContext> | RouteMap<CliContext>;

/** Each in its own file, loaded when it is named; all of them for the help. */
const commands: Record<string, () => Promise<Target>> = {
  run: async () => (await import('./run.ts')).runCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  top: async () => (await import('./top.ts')).topCommand,
  where: async () => (await import('./whereCommand.ts')).whereCommand,
  why: async () => (await import('./why.ts')).whyCommand,
  evidence: async () => (await import('./evidence.ts')).evidenceCommand,
  'explain-child': async () => (await import('./explainChildCommand.ts')).explainChildCommand,
  oom: async () => (await import('./oom.ts')).oomCommand,
  incidents: async () => (await import('./incidents.ts')).incidentsCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  scan: async () => (await import('./scan.ts')).scanCommand,
  do: async () => (await import('./do.ts')).doCommand,
  undo: async () => (await import('./undo.ts')).undoCommand,
  actions: async () => (await import('./undo.ts')).actionsCommand,
  install: async () => (await import('./install.ts')).installCommand,
  demo: async () => (await import('./demo.ts')).demoCommand,
  config: async () => (await import('./configCheck.ts')).configCommand,
  bench: async () => (await import('./bench.ts')).benchCommand,
};

async function loadRoutes(name: string | undefined): Promise<Record<string, Target>> {
  const only = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (name !== undefined && only !== undefined) return { [name]: await only() };
  return Object.fromEntries(await Promise.all(Object.entries(commands).map(async ([key, load]) => [key, await load()] as const)));
}

function usage(found: string, next: string): string {
  return failureText(new StanchError('STANCH_E_USAGE', { expected: 'a command and its flags', found, next }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function main(args: readonly string[]): Promise<void> {
  const name = args[0];
  const root = buildRouteMap<string, CliContext>({
    routes: await loadRoutes(name),
    docs: {
      brief: 'Finds the process that leaks memory on a Linux server before it takes the server down',
      hideRoute: { 'explain-child': true },
    },
  });
  const help = name !== undefined && Object.hasOwn(commands, name) ? `stanch ${name} --help` : 'stanch --help';
  const app = buildApplication(root, {
    name: 'stanch',
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { disableAnsiColor: true },
    localization: {
      text: {
        ...text_en,
        noCommandRegisteredForInput: ({ input, corrections }) =>
          usage(
            `no command ${JSON.stringify(input)}`,
            corrections.length > 0 ? `Did you mean ${corrections.join(' or ')}?` : 'stanch --help',
          ),
        exceptionWhileParsingArguments: (error) => (error instanceof StanchError ? failureText(error) : usage(messageOf(error), help)),
        exceptionWhileLoadingCommandFunction: (error) => failureText(error),
        exceptionWhileLoadingCommandContext: (error) => failureText(error),
        exceptionWhileRunningCommand: (error) => failureText(error),
        commandErrorResult: (error) => failureText(error),
      },
    },
    determineExitCode: exitCodeOf,
  });
  const context: CliContext = { process: { stdout: process.stdout, stderr: process.stderr, env: process.env } };
  await run(app, args, context);
  process.exitCode = sysexit(context.process.exitCode);
}

/** stricli's own codes are negative: -5 and -4 are usage, the rest are bugs. */
function sysexit(code: number | string | null | undefined): number {
  const number = Number(code ?? 0);
  if (number >= 0) return number;
  return number === -4 || number === -5 ? 64 : 70;
}

function onBrokenPipe(error: NodeJS.ErrnoException): void {
  // `stanch … | head`: the reader has had enough, which is no error.
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
}

function failed(error: unknown): never {
  process.stderr.write(`${failureText(error)}\n`);
  process.exit(exitCodeOf(error));
}

process.stdout.on('error', onBrokenPipe);
process.stderr.on('error', onBrokenPipe);
process.on('uncaughtException', failed);
process.on('unhandledRejection', failed);
main(process.argv.slice(2)).catch(failed);
