/**
 * Programs under supervisord: what it started, with all that it started in turn. The name is that of the section `[program:name]` whose
 * command it runs, the same for all `numprocs` of it. Where none fits, because the program set a title, it is the command.
 * http://supervisord.org/configuration.html
 */
import { posix } from 'node:path';
import { commandName, commandText } from './executable.ts';
import { launchOf } from './lineage.ts';
import type { Program, WorkloadRule } from './workloadRule.ts';

const defaultConfig = '/etc/supervisor/supervisord.conf';

export const supervisord: WorkloadRule = (facts) => {
  const launch = launchOf(facts, configOf);
  if (launch === null) return null;
  const [program] = launch.line;
  const name = facts.names.supervisorProgram(launch.by, program.argv);
  return {
    origin: 'supervisord',
    key: `${launch.by}/${name ?? commandText(program)}`,
    name: `supervisord: ${name ?? commandName(program)} (${program.user})`,
    user: program.user,
  };
};

/** The configuration of a supervisord; null for any other program. It is a script: `/usr/bin/python3 /usr/bin/supervisord -c FILE`. */
function configOf(program: Program): string | null {
  const { argv } = program;
  if (![argv[0], argv[1]].some((word) => word !== undefined && posix.basename(word) === 'supervisord')) return null;
  const index = argv.findIndex((word) => word === '-c' || word === '--configuration');
  const attached = argv.map((word) => /^(?:-c|--configuration=)(\/.+)/.exec(word)?.[1]).find((path) => path !== undefined);
  const file = index < 0 ? attached : argv[index + 1];
  return file === undefined ? defaultConfig : posix.resolve(program.workingDirectory() ?? '/', file);
}
