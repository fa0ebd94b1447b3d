/** Every command, and the application of them. */
import { type Application, ArgumentParseError, buildApplication, buildRouteMap, type Command, type RouteMap, text_en } from '@stricli/core';
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
  oom: async () => (await import('./oom.ts')).oomCommand,
  incidents: async () => (await import('./incidents.ts')).incidentsCommand,
  report: async () => (await import('./report.ts')).reportCommand,
  notify: async () => (await import('./notify.ts')).notifyCommand,
  nagios: async () => (await import('./nagios.ts')).nagiosCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  scan: async () => (await import('./scan.ts')).scanCommand,
  do: async () => (await import('./do.ts')).doCommand,
  undo: async () => (await import('./undo.ts')).undoCommand,
  why: async () => (await import('./why.ts')).whyCommand,
  evidence: async () => (await import('./evidence.ts')).evidenceCommand,
  'explain-child': async () => (await import('./explainChildCommand.ts')).explainChildCommand,
  advise: async () => (await import('./advise.ts')).adviseCommand,
  audit: async () => (await import('./audit.ts')).auditCommand,
  actions: async () => (await import('./undo.ts')).actionsCommand,
  install: async () => (await import('./install.ts')).installCommand,
  demo: async () => (await import('./demo.ts')).demoCommand,
  config: async () => (await import('./configCheck.ts')).configCommand,
  completion: async () => (await import('./completion.ts')).completionCommand(loadAll),
  manual: async () => (await import('./manual.ts')).manualCommand(loadAll),
  bench: async () => (await import('./bench.ts')).benchCommand,
};

/** For what tells of all commands. */
const loadAll = () => loadApplication(undefined);

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

/** With the command of the name alone; with all of them when there is no such one. */
export async function loadApplication(name: string | undefined): Promise<Application<CliContext>> {
  const root = buildRouteMap<string, CliContext>({
    routes: await loadRoutes(name),
    docs: {
      brief: 'Finds the process that leaks memory on a Linux server before it takes the server down',
      // A part of `why`, and no command for people.
      hideRoute: { 'explain-child': true },
    },
  });
  const help = name !== undefined && Object.hasOwn(commands, name) ? `stanch ${name} --help` : 'stanch --help';
  return buildApplication(root, {
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
        exceptionWhileParsingArguments: (error) => {
          // stricli wraps what the parser of a flag throws.
          const thrown = error instanceof ArgumentParseError ? error.exception : error;
          return thrown instanceof StanchError ? failureText(thrown) : usage(messageOf(error), help);
        },
        exceptionWhileLoadingCommandFunction: (error) => failureText(error),
        exceptionWhileLoadingCommandContext: (error) => failureText(error),
        exceptionWhileRunningCommand: (error) => failureText(error),
        commandErrorResult: (error) => failureText(error),
      },
    },
    determineExitCode: exitCodeOf,
  });
}
