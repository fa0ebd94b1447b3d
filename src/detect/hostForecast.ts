/** When the host's memory and swap end if everything that leaks into them goes on as it does. */
import type { Exhaustion, ResourceVerdict } from '../model/verdict.ts';

const msPerHour = 3_600_000;
/** Further ahead than this nothing is known. */
const horizonMs = 5 * 365 * 86_400_000;

/**
 * @param headroomBytes MemAvailable + SwapFree
 * @param leaks the memory and shmem verdicts of the workloads that leak
 */
export function forecastHost(headroomBytes: number, leaks: readonly ResourceVerdict[], nowMs: number): Exhaustion | null {
  let perHour = 0;
  let low = 0;
  let high = 0;
  for (const { slope } of leaks) {
    if (slope === null || slope.unit !== 'bytes') continue;
    perHour += slope.perHour;
    low += slope.low;
    high += slope.high;
  }
  const at = moment(headroomBytes, perHour, nowMs);
  if (at === null) return null;
  return {
    at,
    low: moment(headroomBytes, Math.max(high, perHour), nowMs) ?? at,
    high: moment(headroomBytes, low, nowMs),
    wall: 'host_memory',
  };
}

function moment(headroomBytes: number, perHour: number, nowMs: number): string | null {
  if (!(perHour > 0) || !(headroomBytes >= 0)) return null;
  const waitMs = (headroomBytes / perHour) * msPerHour;
  return waitMs > horizonMs ? null : new Date(nowMs + waitMs).toISOString();
}
