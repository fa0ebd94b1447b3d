/**
 * Sessions of users: what a login is made of (sshd's processes for it, shells, tmux, the user's own systemd), one workload for each user
 * and way in. Programs that somebody starts in a session are known by their command line instead: a server left running in tmux leaks
 * as itself. Titles of OpenSSH: `sshd: deploy [priv]`, `sshd: deploy@pts/0`, `sshd-session: deploy@notty`.
 */
import { programBase } from './lineage.ts';
import { cgroupPaths, type ProcessFacts, type Program, type WorkloadRule } from './workloadRule.ts';

const sshTitle = /^sshd(?:-session|-auth)?: ([\w.@-]{1,64}?)(?:@(?:pts\/\d+|tty\w*|notty|internal-sftp).*| \[\w+\])?$/;
const shell = /^(?:rbash|bash|sh|dash|zsh|fish|ksh|mksh|tcsh|csh|ash|jailshell)$/;
const multiplexer = /^(?:tmux|screen|zellij|byobu|dtach|abduco)$/i;
const belongings = /^(?:login|su|sftp-server|mosh-server|ssh-agent|gpg-agent|\(sd-pam\)|agetty)$/;
const sessionPath = /\/session-\w+\.scope|\/user@\d+\.service/;
const maxDepth = 8;

export const userSession: WorkloadRule = (facts) => {
  const title = sshTitle.exec(facts.argv[0] ?? '');
  if (title?.[1] !== undefined) return sessionOf(facts.user === 'root' ? title[1] : facts.user, 'ssh');
  if (!isPartOfSession(facts)) return null;
  const way = wayIn(facts);
  const isInSession = way !== null || cgroupPaths(facts.cgroup).some((path) => sessionPath.test(path));
  return isInSession ? sessionOf(facts.user, way) : null;
};

/** One of the processes that sshd has for a login, and not the one that listens. */
export function isSshSession({ argv }: Program): boolean {
  return !/^sshd: \S+ \[listener\]/.test(argv[0] ?? '') && sshTitle.test(argv[0] ?? '');
}

function sessionOf(user: string, way: string | null) {
  return { origin: 'user-session', key: way ?? '', name: `session of ${user}${way === null ? '' : ` (${way})`}`, user } as const;
}

function isPartOfSession(facts: ProcessFacts): boolean {
  const base = programBase(facts);
  if (multiplexer.test(base) || belongings.test(base) || belongings.test(facts.comm)) return true;
  if (base === 'systemd') return facts.argv.includes('--user');
  return shell.test(base) && facts.argv.slice(1).every((argument) => /^-[il]+$|^--login$/.test(argument));
}

/** ssh, the terminal or the multiplexer, as far as an ancestor shows it. */
function wayIn(facts: ProcessFacts): string | null {
  let program: Program | null = facts;
  for (let depth = 0; depth < maxDepth && program !== null; depth += 1) {
    if (isSshSession(program)) return 'ssh';
    const base = programBase(program);
    if (multiplexer.test(base)) return base.toLowerCase();
    if (base === 'login' || program.comm === 'login') return 'console';
    program = program.parent();
  }
  return null;
}
