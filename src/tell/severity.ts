/** How bad it is: from the time to exhaustion and from who else goes down with it. Pure. */
import type { Incident, Severity } from '../model/incident.ts';
import type { ResourceVerdict } from '../model/verdict.ts';

const hourMs = 3_600_000;
/** What ends the whole host wakes people earlier than what ends its own limit. */
const criticalMs = { host: 24 * hourMs, itself: 2 * hourMs };
const order: readonly Severity[] = ['info', 'warning', 'critical'];

export function severityOf({ verdict, concerns }: Pick<Incident, 'verdict' | 'concerns'>, nowMs: number): Severity {
  const severities = concerns.map(({ severity }) => severity);
  if (verdict !== null) severities.push(verdictSeverity(verdict, nowMs));
  return severities.reduce(worse, 'info');
}

function verdictSeverity({ verdict, exhaustion }: ResourceVerdict, nowMs: number): Severity {
  const patienceMs = exhaustion?.wall === 'host_memory' ? criticalMs.host : criticalMs.itself;
  if (exhaustion !== null && Date.parse(exhaustion.low) - nowMs < patienceMs) return 'critical';
  return verdict === 'leak' ? 'warning' : 'info';
}

function worse(a: Severity, b: Severity): Severity {
  return order.indexOf(b) > order.indexOf(a) ? b : a;
}

export function isAtLeast(severity: Severity, least: Severity): boolean {
  return order.indexOf(severity) >= order.indexOf(least);
}
