/** pm2: max_memory_restart, by size: no count of requests is needed. https://pm2.keymetrics.io/docs/usage/memory-limit/ */
import type { Recommendation } from '../../model/advice.ts';
import { type Measurements, MiB } from '../measurements.ts';
import { perHour } from '../memoryLimit.ts';
import { recyclingOf } from '../recycling.ts';

export function pm2(measured: Measurements): Recommendation[] {
  const { subject, processes } = measured;
  if (subject.origin !== 'pm2') return [];
  const recycling = recyclingOf(measured, processes.count);
  if (recycling === null) return [];
  const size = `${Math.max(1, Math.floor(recycling.budgetBytes / MiB))}M`;
  const name = /^pm2[: ]+([\w.@-]+)(?:\s|$)/.exec(subject.name)?.[1] ?? 'APP';
  return [
    {
      id: 'pm2-max-memory-restart',
      title: `Restart ${subject.name} before it is too large`,
      settings: [{ name: 'max_memory_restart', now: null, live: null, advised: size }],
      reason: `It leaks: restarted at ${size} it stays within its share, at ${perHour(recycling.restartsPerHour)} restarts an hour.`,
      arithmetic: recycling.arithmetic,
      buys: null,
      change: null,
      line: `max_memory_restart: '${size}',`,
      place: 'the app in ecosystem.config.js',
      inForce: [],
      apply: ['pm2 reload ecosystem.config.js', `or at once: pm2 restart ${name} --max-memory-restart ${size}`, 'pm2 save'],
      undo: ['take the line out', 'pm2 reload ecosystem.config.js', 'pm2 save'],
      risk: 'pm2 looks every 30 s and by RSS, which falls while it is swapped out; in fork mode requests in flight are lost.',
    },
  ];
}
