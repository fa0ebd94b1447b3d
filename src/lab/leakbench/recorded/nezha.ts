import { type Point, type Recording, withCpu } from './recording.ts';
import { numberIn, type Row, timeIn } from './table.ts';

const mib = 1024 ** 2;

/** Pods of two microservice systems: memory in MiB with its share of the limit, CPU in thousandths of a core. */
export function nezha(day: string, rows: Row[]): Recording[] {
  const pods = new Map<string, (Point & { cpuPercent: number })[]>();
  for (const row of rows) {
    const used = numberIn(row, 'MemoryUsage(Mi)') * mib;
    const share = numberIn(row, 'MemoryUsageRate(%)');
    const timeMs = timeIn(row, 'time');
    if (!Number.isFinite(used) || !Number.isFinite(timeMs)) continue;
    const wall = share > 0 ? { limitBytes: Math.round((used * 100) / share / mib) * mib } : {};
    const point = { timeMs, anonBytes: used, ...wall, cpuPercent: numberIn(row, 'CpuUsage(m)') / 10 };
    const name = row.PodName ?? '';
    const points = pods.get(name);
    if (points) points.push(point);
    else pods.set(name, [point]);
  }
  return [...pods].map(([name, points]) => ({
    name: `${day}/${name}`,
    label: 'healthy',
    resource: 'memory',
    points: withCpu(points.toSorted((a, b) => a.timeMs - b.timeMs)),
  }));
}
