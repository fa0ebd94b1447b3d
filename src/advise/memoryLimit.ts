/**
 * MemoryHigh, MemoryMax and MemorySwapMax from what the service needed while it was healthy. A leak does not make them larger:
 * it would fill whatever it is given; what more would buy is said in hours.
 */
import type { AdvisedSetting, Leak, Recommendation } from '../model/advice.ts';
import { formatBytes, formatDuration } from '../model/units.ts';
import { dropInAdvice } from './dropIn.ts';
import { type Measurements, MiB, mebibytes, roundUpBytes } from './measurements.ts';
import { unitBytes, unitValue } from './unitFiles.ts';

/** Over the highest seen: what a busier day may take before it is slowed down, and before it is ended. */
const highShare = 1.25;
const maxShare = 1.5;
/** For what is no private memory and counts all the same: stacks, page tables, socket buffers, files being read. */
const spareBytes = 48 * MiB;
/** Of RAM that stays with the kernel and its caches. */
const hostReserve = 0.1;
/** It is right as it is within this. */
const closeEnough = 0.15;
const hourMs = 3_600_000;
/** A limit from less would be one from chance; a leak cannot wait. */
export const leastHistoryMs = hourMs;

export interface MemoryLimits {
  highBytes: number;
  maxBytes: number;
  /** The most it needed while healthy. */
  basisBytes: number;
  arithmetic: string[];
}

/** null: nothing is known that a limit could stand on. */
export function memoryLimits(measured: Measurements): MemoryLimits | null {
  const { basis, host } = measured;
  const leak = measured.basis.leaks.memory;
  const basisBytes = basis.healthyBytes ?? (leak === null ? basis.peakBytes : null);
  if (basisBytes === null || basisBytes <= 0 || (leak === null && basis.historyMs < leastHistoryMs)) return null;
  const which = leak === null ? `of the last ${formatDuration(measured.basis.historyMs)}` : 'before the leak began';
  const highBytes = roundUpBytes(basisBytes * highShare + spareBytes);
  const maxBytes = roundUpBytes(basisBytes * maxShare + spareBytes * 2);
  const arithmetic = [
    `MemoryHigh: ${formatBytes(basisBytes)} (highest private memory ${which}) × ${highShare} + ${formatBytes(spareBytes)} = ${formatBytes(highBytes)}`,
    `MemoryMax: ${formatBytes(basisBytes)} × ${maxShare} + ${formatBytes(spareBytes * 2)} = ${formatBytes(maxBytes)}`,
  ];
  if (host.memTotalBytes === null) return { highBytes, maxBytes, basisBytes, arithmetic };
  const roomBytes = host.memTotalBytes * (1 - hostReserve) - host.othersBytes;
  if (maxBytes <= roomBytes) return { highBytes, maxBytes, basisBytes, arithmetic };
  arithmetic.push(
    `RAM ${formatBytes(host.memTotalBytes)} less ${hostReserve * 100} % for the kernel less ${formatBytes(host.othersBytes)} of all others leaves ${formatBytes(Math.max(0, roomBytes))}: this limit can be reached only when others give way`,
  );
  return { highBytes, maxBytes, basisBytes, arithmetic };
}

export function memoryLimit(measured: Measurements): Recommendation | null {
  const { unit } = measured;
  const limits = memoryLimits(measured);
  if (unit === null || limits === null) return null;
  const settings = limitSettings(measured, limits);
  if (isSetAlready(measured, limits)) return null;
  const leak = measured.basis.leaks.memory;
  return {
    id: 'memory-limit',
    title: `Limit the memory of ${unit.name}`,
    settings,
    reason: reasonFor(measured, limits, leak),
    arithmetic: [...limits.arithmetic, ...restartArithmetic(limits, leak)],
    buys: leak === null ? null : raisingBuys(measured, limits, leak),
    ...dropInAdvice(
      { unit: unit.name, existing: measured.existing },
      'limit',
      settings,
      needsRestart(measured, limits) ? 'before' : 'none',
    ),
    risk: riskOf(measured, limits),
  };
}

function limitSettings({ unit, basis }: Measurements, { highBytes, maxBytes }: MemoryLimits): AdvisedSetting[] {
  const now = (key: string) => (unit === null ? null : unitValue(unit.config, `Service.${key}`));
  const setting = (name: string, advised: string) => ({ name, now: now(name), live: unit?.live.get(name) ?? null, advised });
  const settings: AdvisedSetting[] = [setting('MemoryHigh', mebibytes(highBytes)), setting('MemoryMax', mebibytes(maxBytes))];
  // A leak that may swap takes the disk, and with it ssh, before it meets its limit.
  if (basis.verdict === 'leak') settings.push(setting('MemorySwapMax', '0'));
  return settings;
}

/** An owner's lower limit stays; one that a leak has to itself does not. */
function isSetAlready({ unit, host }: Measurements, { maxBytes }: MemoryLimits): boolean {
  const current = unitBytes(unit === null ? null : unitValue(unit.config, 'Service.MemoryMax'), host.memTotalBytes);
  return current !== null && current <= maxBytes * (1 + closeEnough);
}

function needsRestart({ privateBytes }: Measurements, { highBytes }: MemoryLimits): boolean {
  return privateBytes > highBytes;
}

function reasonFor({ privateBytes, basis, unit }: Measurements, { basisBytes }: MemoryLimits, leak: Leak | null): string {
  const name = unit?.name ?? 'it';
  if (leak === null) {
    return `${name} needed ${formatBytes(basis.peakBytes ?? privateBytes)} at most in ${formatDuration(basis.historyMs)}; without a limit, one fault in it takes the whole server.`;
  }
  return `It leaks ${formatBytes(leak.perHour)}/h: of the ${formatBytes(privateBytes)} that it holds, ${formatBytes(Math.max(0, privateBytes - basisBytes))} came with the leak. The limit follows what it needs, not what it leaks.`;
}

function restartArithmetic({ maxBytes, basisBytes }: MemoryLimits, leak: Leak | null): string[] {
  if (leak === null) return [];
  const hours = (maxBytes - basisBytes) / leak.perHour;
  return [
    `After a restart it lasts (${formatBytes(maxBytes)} - ${formatBytes(basisBytes)}) / ${formatBytes(leak.perHour)}/h = ${formatDuration(hours * hourMs)}: ${perHour(1 / hours)} restarts an hour until it is fixed`,
  ];
}

/** Twice as much, in whole GiB where that is one; with the interval of the slope. */
function raisingBuys({ host }: Measurements, { maxBytes }: MemoryLimits, leak: Leak): string {
  const doubled = maxBytes * 2;
  const raised = doubled >= 1024 * MiB ? Math.ceil(doubled / (1024 * MiB)) * 1024 * MiB : doubled;
  const bought = (rate: number) => formatDuration(((raised - maxBytes) / rate) * hourMs);
  const range = leak.low > 0 ? ` (${bought(leak.high)} to ${bought(leak.low)})` : '';
  const beyond = host.memTotalBytes !== null && raised > host.memTotalBytes ? '; this server has less than that' : '';
  return `raising MemoryMax to ${formatBytes(raised)} buys ${bought(leak.perHour)}${range}, and no more${beyond}`;
}

function riskOf(measured: Measurements, limits: MemoryLimits): string {
  const { sharesUnitWith, basis } = measured;
  const others = sharesUnitWith.length === 0 ? '' : ` It holds for all of the unit, ${sharesUnitWith.slice(0, 3).join(', ')} as well.`;
  const young =
    basis.historyMs < 86_400_000 ? ` Only ${formatDuration(basis.historyMs)} of history: a busier hour may not have been seen.` : '';
  const restart = needsRestart(measured, limits)
    ? ' It holds more than that now: the restart below comes first, or it stands still at once.'
    : '';
  return `A limit that is too low ends a healthy service when it is busiest.${young}${others}${restart}`;
}

/** `0.042`, `3.1`: to two digits. */
export function perHour(count: number): string {
  return String(Number(count.toPrecision(2)));
}
