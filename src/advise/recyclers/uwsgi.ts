/** uWSGI: reload-on-rss, which needs no count of requests, and max-requests. https://uwsgi-docs.readthedocs.io/en/latest/Options.html */
import type { Recommendation } from '../../model/advice.ts';
import { formatBytes } from '../../model/units.ts';
import { type Measurements, MiB } from '../measurements.ts';
import { perHour } from '../memoryLimit.ts';
import { recyclingOf } from '../recycling.ts';

export function uwsgi(measured: Measurements): Recommendation[] {
  const { argv, processes, unit } = measured;
  if (!/(?:^|\/)uwsgi(?:-core)?$/.test(argv[0] ?? '')) return [];
  const workers = Math.max(1, processes.count - 1);
  const recycling = recyclingOf(measured, workers);
  if (recycling === null) return [];
  const budgetMiB = Math.max(1, Math.floor(recycling.budgetBytes / MiB));
  const requests = recycling.maxRequests === null ? '' : `\nmax-requests = ${recycling.maxRequests}`;
  const restart = unit === null ? 'restart uwsgi' : `systemctl restart ${unit.name}`;
  return [
    {
      id: 'uwsgi-reload-on-rss',
      title: 'Replace the workers of uWSGI before they are too large',
      settings: [{ name: 'reload-on-rss', now: null, live: null, advised: String(budgetMiB) }],
      reason: `Its workers leak: replaced at ${formatBytes(recycling.budgetBytes)} they stay within their share, at ${perHour(recycling.restartsPerHour)} worker restarts an hour.`,
      arithmetic: recycling.arithmetic,
      buys: null,
      change: null,
      line: `reload-on-rss = ${budgetMiB}${requests}`,
      place: '[uwsgi] of its ini file',
      inForce: [],
      apply: [restart],
      undo: ['take the line out', restart],
      risk: 'A new worker starts with cold caches.',
    },
  ];
}
