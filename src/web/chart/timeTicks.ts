/** Round moments for an axis of time, in the reader's own zone. Pure. */
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [1, 2, 5, 10, 15, 30]
  .map((seconds) => seconds * 1000)
  .concat([1, 2, 5, 10, 15, 30].map((minutes) => minutes * minute))
  .concat([1, 2, 3, 6, 12].map((hours) => hours * hour))
  .concat([1, 2, 7, 14, 28, 56, 182, 364].map((days) => days * day));

/** At most `most` of them, at least one step apart. */
export function timeTicks(fromMs: number, toMs: number, most: number): { stepMs: number; timeMs: number[] } {
  const stepMs = steps.find((step) => (toMs - fromMs) / step <= most) ?? toMs - fromMs;
  // Round hours of the zone, not of Greenwich.
  const zoneMs = new Date(fromMs).getTimezoneOffset() * minute;
  const first = Math.ceil((fromMs - zoneMs) / stepMs) * stepMs + zoneMs;
  const count = Math.max(0, Math.floor((toMs - first) / stepMs) + 1);
  return { stepMs, timeMs: Array.from({ length: Math.min(count, 100) }, (_, index) => first + index * stepMs) };
}
