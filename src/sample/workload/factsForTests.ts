/** A process as the rules see it, from recorded arguments and cgroup paths. */
import { parsePidCgroup } from '../../kernel/pidCgroup.ts';
import { type IdentifiedWorkload, identifyWorkload } from './identify.ts';
import { noNames, type ProcessFacts, type Program } from './workloadRule.ts';

const systemUsers = new Map([
  ['root', 0],
  ['www-data', 33],
  ['nobody', 65534],
]);

export const loginSession = '0::/user.slice/user-1000.slice/session-3.scope';

type Started = Partial<ProcessFacts> & { argv: readonly string[] };

/** A chain of programs, the one in question last; each is started by the one in front of it. */
function lineOf(programs: readonly Started[]): Program | null {
  let parent: Program | null = null;
  for (const [index, { argv, comm, user, pid }] of programs.entries()) {
    const above: Program | null = parent;
    parent = {
      pid: pid ?? 100 + index,
      comm: comm ?? commOf(argv),
      argv,
      user: user ?? 'root',
      workingDirectory: () => '/srv/app',
      parent: () => above,
    };
  }
  return parent;
}

function commOf(argv: readonly string[]): string {
  return argv[0]?.split('/').at(-1)?.slice(0, 15) ?? 'thing';
}

export function identify(cgroup: string, argv: readonly string[], more: Partial<ProcessFacts> = {}): IdentifiedWorkload {
  return identifyWorkload({
    kernelThread: false,
    pid: 4711,
    comm: commOf(argv),
    argv,
    cgroup: parsePidCgroup(cgroup),
    user: 'deploy',
    uid: 1000,
    names: noNames,
    workingDirectory: () => '/srv/app',
    parent: () => null,
    ...more,
  });
}

/** The last of a line, each started by the one in front of it. */
export function identifyLast(cgroup: string, ...programs: [...Started[], Started]): IdentifiedWorkload {
  const last = programs[programs.length - 1] ?? programs[0];
  const line = lineOf(programs);
  return identify(cgroup, last.argv, { ...last, ...line, uid: systemUsers.get(line?.user ?? '') ?? 1000 });
}
