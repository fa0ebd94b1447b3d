/**
 * Pools of PHP-FPM: pm.max_requests, and pm.max_children from what a worker takes.
 * https://www.php.net/manual/en/install.fpm.configuration.php
 */
import type { Recommendation } from '../../model/advice.ts';
import { formatBytes } from '../../model/units.ts';
import { setIniValue } from '../iniValue.ts';
import type { Measurements } from '../measurements.ts';
import { memoryLimits } from '../memoryLimit.ts';
import { recyclingAdvice } from '../recycling.ts';

export function phpFpm(measured: Measurements): Recommendation[] {
  if (measured.subject.origin !== 'php-fpm-pool') return [];
  return [maxRequests(measured), maxChildren(measured)].filter((each) => each !== null);
}

/** `php-fpm: pool www, PHP 8.2` → `www`. */
export function poolName(subjectName: string): string | null {
  return /^php-fpm: pool ([^\s,]+)/.exec(subjectName)?.[1] ?? null;
}

function maxRequests(measured: Measurements): Recommendation | null {
  const { pool, processes } = measured;
  const advice = recyclingAdvice(measured, processes.count, {
    id: 'pm-max-requests',
    title: `Replace the workers of ${measured.subject.name} before they are too large`,
    directive: 'pm.max_requests',
    now: pool?.values.get('pm.max_requests') ?? null,
    line: (value) => `pm.max_requests = ${value}`,
    place: placeOf(measured),
    apply: reload(measured),
  });
  const value = advice?.settings[0]?.advised ?? 'N';
  return advice === null || value === 'N' ? advice : { ...advice, ...changed(measured, 'pm.max_requests', value) };
}

function maxChildren(measured: Measurements): Recommendation | null {
  const { pool, processes } = measured;
  const limits = memoryLimits(measured);
  const now = pool?.values.get('pm.max_children') ?? null;
  if (limits === null || now === null || !/^\d+$/.test(now)) return null;
  // The largest worker: all of them can meet the request that made it so.
  const workerBytes = Math.max(processes.largestBytes, limits.basisBytes / Math.max(1, processes.count));
  const roomBytes = roomOf(measured);
  if (roomBytes === null) return null;
  const fits = Math.max(1, Math.floor(roomBytes / workerBytes));
  if (fits >= Number(now)) return null;
  return {
    id: 'pm-max-children',
    title: `No more workers than there is memory for`,
    settings: [{ name: 'pm.max_children', now, live: null, advised: String(fits) }],
    reason: `${now} workers of up to ${formatBytes(workerBytes)} need ${formatBytes(Number(now) * workerBytes)}, and there are ${formatBytes(roomBytes)} for them.`,
    arithmetic: [`pm.max_children: ${formatBytes(roomBytes)} / ${formatBytes(workerBytes)} = ${fits}`],
    buys: null,
    line: `pm.max_children = ${fits}`,
    place: placeOf(measured),
    risk: 'With fewer workers requests wait when many come at once; pm.max_spare_servers may not be larger.',
    ...changed(measured, 'pm.max_children', String(fits)),
  };
}

function roomOf({ host }: Measurements): number | null {
  return host.memTotalBytes === null ? null : Math.max(0, host.memTotalBytes * 0.9 - host.othersBytes);
}

function placeOf({ pool, subject }: Measurements): string {
  return pool?.path ?? `the file of the pool ${poolName(subject.name) ?? ''}, which was not found: /etc/php/VERSION/fpm/pool.d/`;
}

function reload({ unit }: Measurements): string[] {
  return unit === null ? ['reload its master: kill -USR2 MASTER-PID'] : [`systemctl reload ${unit.name}`];
}

type Changed = Pick<Recommendation, 'change' | 'inForce' | 'apply' | 'undo'>;

function changed(measured: Measurements, name: string, value: string): Changed {
  const { pool, subject, unit } = measured;
  const apply = reload(measured);
  const section = poolName(subject.name);
  if (pool === null || section === null) return { change: null, inForce: [], apply, undo: ['put the line back as it was', ...apply] };
  const change = { path: pool.path, before: pool.text, after: setIniValue(pool.text, section, name, value) };
  const inForce: Changed['inForce'] = unit === null ? [] : [{ do: 'unit', verb: 'reload', unit: unit.name }];
  return { change, inForce, apply, undo: [`put ${pool.path} back as it was`, ...apply] };
}
