import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { formatBytes } from '../../model/units.ts';

/** What the figures depend on. */
export function machineFacts(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  const load = loadavg().map((value) => value.toFixed(1));
  return `${availableParallelism()} × ${model}, ${formatBytes(totalmem())}, ${name}, Linux ${release()}, load ${load.join(' ')}`;
}
