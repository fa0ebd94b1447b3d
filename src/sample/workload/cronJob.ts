/**
 * Jobs of cron: each command line of a crontab is one workload over all its runs, with all that it starts.
 * Debian's cron runs a job as `CRON` → `/bin/sh -c COMMAND`, cronie as `CROND` → `/bin/sh -c COMMAND`; a shell may become its last command.
 * What run-parts starts from cron.daily and its kin is a job of its own, and so is what anacron starts.
 */
import { shownText } from '../shownText.ts';
import { launchOf, programBase } from './lineage.ts';
import { normaliseArgument } from './normalise.ts';
import type { Program, WorkloadRule } from './workloadRule.ts';

const scheduler = /^(?:cron|crond|cronie|anacron|fcron|dcron)$/i;
const shell = /^(?:sh|bash|dash|ash|ksh|zsh|jailshell)$/;
const redirections = /\s*(?:\d|&)?(?:>>?|<)\s*(?:&\d|[^\s;|&)]+)/g;
const maxKeyLength = 256;
const maxNameLength = 120;

export const cronJob: WorkloadRule = (facts) => {
  if (isScheduler(facts)) return null;
  const launch = launchOf(facts, (ancestor) => (isScheduler(ancestor) ? true : null));
  if (launch === null) return null;
  const command = commandOf(jobOf(launch.line));
  // All that a job starts is of the user of the job, also what it starts as another one.
  const { user } = launch.line[0];
  return {
    origin: 'cron-job',
    key: shownText(command, maxKeyLength),
    name: `cron: ${shownText(command, maxNameLength)} (${user})`,
    user,
  };
};

/** By the name in the kernel as well: cron's children write another one over their arguments. */
function isScheduler(program: Program): boolean {
  return scheduler.test(program.comm) || scheduler.test(programBase(program));
}

function jobOf(line: readonly [Program, ...Program[]]): Program {
  const runParts = line.findIndex(({ argv }) => argv.slice(0, 2).some((word) => /(?:^|\/)run-parts$/.test(word)));
  return line[runParts + 1] ?? line[runParts] ?? line[0];
}

/** As the crontab has it, whether a shell still runs it or became it. */
function commandOf(program: Program): string {
  const { argv } = program;
  const isShell = shell.test(programBase(program));
  const line =
    isShell && argv[1] === '-c' && argv[2] !== undefined ? argv[2].replace(redirections, '') : withoutShell(argv, isShell).join(' ');
  return line.split(/\s+/).map(normaliseArgument).join(' ').trim() || program.comm;
}

/** `/bin/sh /etc/cron.daily/logrotate` is known as `/etc/cron.daily/logrotate`. */
function withoutShell(argv: readonly string[], isShell: boolean): readonly string[] {
  return isShell && argv[1]?.startsWith('/') === true ? argv.slice(1) : argv;
}
