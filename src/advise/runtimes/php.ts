/** PHP: memory_limit against what a worker may have. It bounds one request, and does not count what extensions keep. */
import type { Recommendation } from '../../model/advice.ts';
import { formatBytes } from '../../model/units.ts';
import { setIniValue } from '../iniValue.ts';
import { type Measurements, MiB } from '../measurements.ts';
import { poolName } from '../recyclers/phpFpm.ts';
import { unitBytes } from '../unitFiles.ts';

const directive = 'php_admin_value[memory_limit]';
const usual = 128 * MiB;
const least = 64 * MiB;

export function php(measured: Measurements): Recommendation[] {
  const { pool, host, subject, unit } = measured;
  const section = poolName(subject.name);
  const children = Number(pool?.values.get('pm.max_children') ?? Number.NaN);
  if (pool === null || section === null || !(children > 0) || host.memTotalBytes === null) return [];
  const now = pool.values.get(directive) ?? pool.values.get('php_value[memory_limit]') ?? null;
  const limit = unitBytes(now, null) ?? usual;
  const roomBytes = Math.max(0, host.memTotalBytes * 0.9 - host.othersBytes);
  const advisedBytes = Math.max(least, Math.floor(roomBytes / children / MiB) * MiB);
  if (now !== '-1' && limit <= advisedBytes) return [];
  const value = `${Math.round(advisedBytes / MiB)}M`;
  const reload = unit === null ? [] : [`systemctl reload ${unit.name}`];
  return [
    {
      id: 'php-memory-limit',
      title: 'A memory_limit that all workers can have at once',
      settings: [{ name: directive, now, live: null, advised: value }],
      reason: `${children} workers of ${now === '-1' ? 'any size' : formatBytes(limit)}${now === null ? " (PHP's own default, unless php.ini says another)" : ''} could take more than the ${formatBytes(roomBytes)} there are. It bounds a single request: what extensions keep between requests is not counted.`,
      arithmetic: [
        `${formatBytes(roomBytes)} / ${children} workers = ${formatBytes(roomBytes / children)}, at least ${formatBytes(least)}`,
      ],
      buys: null,
      change: { path: pool.path, before: pool.text, after: setIniValue(pool.text, section, directive, value) },
      line: `${directive} = ${value}`,
      place: pool.path,
      inForce: unit === null ? [] : [{ do: 'unit', verb: 'reload', unit: unit.name }],
      apply: reload,
      undo: [`put ${pool.path} back as it was`, ...reload],
      risk: 'Requests that need more end with "Allowed memory size exhausted".',
    },
  ];
}
