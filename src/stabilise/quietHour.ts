/** The hour of the day in which a workload does least, from its own CPU time of the last days. Pure. */
import type { Points } from '../series/store.ts';

/** What one night did is chance. */
const leastDays = 3;
const hourMs = 3_600_000;
/** Of an hour, what has to have been watched. */
const leastShare = 0.5;

/** `points`: cumulative CPU seconds. Local time. null: not every hour was watched on three days yet. */
export function quietestHour({ timeMs, last }: Pick<Points, 'timeMs' | 'last'>): number | null {
  const rates = Array.from({ length: 24 }, (): number[] => []);
  let day = { startMs: Number.NaN, cpuSeconds: 0, watchedMs: 0 };
  const close = () => {
    if (day.watchedMs >= leastShare * hourMs) rates[new Date(day.startMs).getHours()]?.push(day.cpuSeconds / day.watchedMs);
  };
  for (let index = 1; index < timeMs.length; index += 1) {
    const [fromMs = 0, toMs = 0] = [timeMs[index - 1], timeMs[index]];
    const used = (last[index] ?? Number.NaN) - (last[index - 1] ?? Number.NaN);
    const startMs = new Date(fromMs).setMinutes(0, 0, 0);
    if (startMs !== day.startMs) {
      close();
      day = { startMs, cpuSeconds: 0, watchedMs: 0 };
    }
    // It starts anew with the processes; what was not watched is nobody's quiet.
    if (!(used >= 0) || toMs - fromMs > hourMs) continue;
    day.cpuSeconds += used;
    day.watchedMs += toMs - fromMs;
  }
  close();
  if (rates.some((each) => each.length < leastDays)) return null;
  const usual = rates.map((each) => each.sort((a, b) => a - b)[each.length >> 1] ?? 0);
  return usual.indexOf(Math.min(...usual));
}
