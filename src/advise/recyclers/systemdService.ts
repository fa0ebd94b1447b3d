/**
 * A service of one program under systemd: RuntimeMaxSec, by time, because systemd restarts nothing by size. It ends the service as failed
 * by time-out, so that only some values of Restart= bring it back.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#RuntimeMaxSec=
 */
import type { Recommendation } from '../../model/advice.ts';
import { formatDuration } from '../../model/units.ts';
import { dropInAdvice } from '../dropIn.ts';
import type { Measurements } from '../measurements.ts';
import { perHour } from '../memoryLimit.ts';
import { recyclingOf, tooOftenText } from '../recycling.ts';
import { unitValue } from '../unitFiles.ts';
import { gunicorn } from './gunicorn.ts';
import { uwsgi } from './uwsgi.ts';

const bringBack = ['always', 'on-failure', 'on-abnormal'];
/** Before it is too large, and not when. */
const share = 0.8;

export function systemdService(measured: Measurements): Recommendation[] {
  const { subject, unit, sharesUnitWith, existing } = measured;
  if (subject.origin !== 'systemd-unit' || unit === null || sharesUnitWith.length > 0) return [];
  // Whoever replaces single workers is gentler.
  if ([gunicorn, uwsgi].some((recycler) => recycler(measured).length > 0)) return [];
  if (!bringBack.includes(unitValue(unit.config, 'Service.Restart') ?? 'no')) return [];
  const recycling = recyclingOf({ ...measured, basis: { ...measured.basis, requestsPerHour: null } }, 1);
  if (recycling === null) return [];
  const seconds = Math.max(1, Math.floor((recycling.lifeMs * share) / 1000));
  const lifeMs = seconds * 1000;
  const often = perHour(3_600_000 / lifeMs);
  const settings = [{ name: 'RuntimeMaxSec', now: unitValue(unit.config, 'Service.RuntimeMaxSec'), live: null, advised: String(seconds) }];
  return [
    {
      id: 'runtime-max-sec',
      title: `Restart ${unit.name} before it is too large`,
      settings,
      reason: `It leaks: restarted every ${formatDuration(lifeMs)} it stays within its share, at ${often} restarts an hour.${tooOftenText(recycling)}`,
      arithmetic: [...recycling.arithmetic, `RuntimeMaxSec: ${formatDuration(recycling.lifeMs)} × ${share} = ${seconds} s`],
      buys: null,
      ...dropInAdvice({ unit: unit.name, existing }, 'recycle', settings, 'after'),
      risk: 'It answers nobody while it restarts, at whatever hour that is, and systemd counts each as a failure.',
    },
  ];
}
