/**
 * Apps under pm2: what its daemon started, with all that it started in turn. The name is the one that pm2 has for it; instances of a
 * cluster are one workload. Without a name that can be read it is the command.
 * The daemon's title: `PM2 v5.4.2: God Daemon (/home/deploy/.pm2)`.
 */
import { commandName, commandText } from './executable.ts';
import { launchOf } from './lineage.ts';
import type { Program, WorkloadRule } from './workloadRule.ts';

const daemonTitle = /^PM2 v\S{1,40}: God Daemon \((.{1,1024})\)/;

export const pm2: WorkloadRule = (facts) => {
  const home = pm2Home(facts);
  if (home !== null) return { origin: 'pm2', key: `${home}/`, name: `pm2 daemon (${facts.user})`, user: facts.user };
  const launch = launchOf(facts, pm2Home);
  if (launch === null) return null;
  const [app] = launch.line;
  const name = facts.names.pm2App(launch.by, app.pid);
  return {
    origin: 'pm2',
    key: `${launch.by}/${name ?? commandText(app)}`,
    name: `pm2: ${name ?? commandName(app)} (${app.user})`,
    user: app.user,
  };
};

function pm2Home(program: Program): string | null {
  return daemonTitle.exec(program.argv[0] ?? '')?.[1] ?? null;
}
