/** How well a server is set up against running out of memory. Facts in, score and checks out. Pure; nothing is changed. */
import type { AuditFacts, CheckResult } from './check.ts';
import { checks } from './checks/index.ts';

export interface Audit {
  /** 0 to 100, of what could be seen. */
  score: number;
  checks: ({ id: string; title: string } & CheckResult)[];
  notices: string[];
}

/** Of its weight. */
const worth: Record<CheckResult['state'], number> = { good: 1, warning: 0.5, bad: 0, unknown: 0 };

export function audit(facts: AuditFacts): Audit {
  const results = checks.map((check) => ({ check, result: check.look(facts) }));
  const seen = results.filter(({ result }) => result.state !== 'unknown');
  const all = seen.reduce((sum, { check }) => sum + check.weight, 0);
  const reached = seen.reduce((sum, { check, result }) => sum + check.weight * worth[result.state], 0);
  return {
    score: all === 0 ? 0 : Math.round((reached / all) * 100),
    checks: results.map(({ check: { id, title }, result }) => ({ id, title, ...result })),
    notices: noticesOf(facts, results.length - seen.length),
  };
}

function noticesOf({ isRoot, hasSystemd, hasCgroup2, memTotalBytes }: AuditFacts, unseen: number): string[] {
  const notices: string[] = [];
  if (memTotalBytes === null) notices.push('/proc/meminfo is not to be read: sizes could not be judged.');
  if (!hasSystemd) notices.push('No systemd runs here: nothing is said about services.');
  if (hasSystemd && !hasCgroup2) notices.push('No cgroup v2: limits in force and memory of services could not be seen.');
  if (!isRoot) notices.push('Not run as root: who listens where, open files and some settings could not be seen.');
  if (unseen > 0) notices.push(`${unseen} checks could not be made; they do not count in the score.`);
  return notices;
}
