/** LimitNOFILE: open files of one process. Room where it runs short; none where it leaks them. */
import type { Recommendation } from '../model/advice.ts';
import { formatDuration } from '../model/units.ts';
import { dropInAdvice } from './dropIn.ts';
import type { Measurements } from './measurements.ts';
import { unitValue } from './unitFiles.ts';

const hourMs = 3_600_000;
/** Below this part of the limit there is room. */
const roomyRatio = 0.4;

export function openFilesLimit(measured: Measurements): Recommendation | null {
  const { unit, basis, processes, existing } = measured;
  const limit = processes.fdLimit;
  if (unit === null || basis.peakFds === null || limit === null || limit <= 0) return null;
  const leak = measured.basis.leaks.fds;
  if (basis.peakFds / limit < roomyRatio) return null;
  const advised = 2 ** Math.ceil(Math.log2(basis.peakFds * 4));
  if (leak !== null) return leaking(measured, leak.perHour, limit, advised);
  const settings = [
    { name: 'LimitNOFILE', now: unitValue(unit.config, 'Service.LimitNOFILE'), live: String(limit), advised: String(advised) },
  ];
  return {
    id: 'limit-nofile',
    title: `Let ${unit.name} open more files`,
    settings,
    reason: `One process had ${basis.peakFds} of ${limit} files open within ${formatDuration(basis.historyMs)}, and their number does not grow for ever.`,
    arithmetic: [`LimitNOFILE: ${basis.peakFds} × 4, up to the next power of two = ${advised}`],
    buys: null,
    ...dropInAdvice({ unit: unit.name, existing }, 'files', settings, 'after'),
    risk: 'Programs that use select() break beyond 1024 open files.',
  };
}

function leaking({ unit, basis }: Measurements, perHour: number, limit: number, raised: number): Recommendation {
  const bought = formatDuration(((raised - limit) / perHour) * hourMs);
  return {
    id: 'limit-nofile',
    title: `Leave the limit of open files of ${unit?.name ?? 'it'} as it is`,
    settings: [
      {
        name: 'LimitNOFILE',
        now: unit === null ? null : unitValue(unit.config, 'Service.LimitNOFILE'),
        live: String(limit),
        advised: String(limit),
      },
    ],
    reason: `It leaks ${Math.round(perHour)} open files an hour and has ${basis.peakFds} of ${limit}: a higher limit only costs more memory.`,
    arithmetic: [`(${raised} - ${limit}) / ${Math.round(perHour)}/h = ${bought}`],
    buys: `raising LimitNOFILE to ${raised} buys ${bought}, and no more`,
    change: null,
    line: `LimitNOFILE=${limit}`,
    place: 'nothing is to be changed: stanch why says what is left open',
    inForce: [],
    apply: [],
    undo: [],
    risk: null,
  };
}
