/** The names that people on this host gave to containers, accounts, apps and programs. */
import type { GivenNames } from '../workload/workloadRule.ts';
import { ContainerNames } from './containerNames.ts';
import { CpanelAccounts } from './cpanelAccounts.ts';
import { pm2AppName } from './pm2Apps.ts';
import { SupervisorPrograms } from './supervisorPrograms.ts';

export interface NameRoots {
  /** Where docker, podman and Kubernetes keep the names of containers, below `lib` and `log`. */
  varRoot: string;
  /** Where `var/cpanel` and `etc` of cPanel are found; empty for `/`. */
  cpanelRoot: string;
}

export function hostNames({ varRoot, cpanelRoot }: NameRoots): GivenNames {
  const containers = new ContainerNames(varRoot);
  const accounts = new CpanelAccounts(cpanelRoot);
  const supervisor = new SupervisorPrograms();
  return {
    container: (runtime, id) => containers.of(runtime, id),
    account: (user) => accounts.of(user),
    pm2App: pm2AppName,
    supervisorProgram: (configFile, argv) => supervisor.of(configFile, argv),
  };
}
