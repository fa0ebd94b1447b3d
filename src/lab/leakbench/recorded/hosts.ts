/** Recordings of whole machines: memory in percent or bytes, with CPU in percent where it was recorded. */
import { gib, kib, type Point, type Recording, withCpu } from './recording.ts';
import { numberIn, type Row, timeIn } from './table.ts';

/** Sizes of machines that were recorded in percent only; any size would do. */
const edgeNodeBytes = 8 * gib;
const serverBytes = 96 * gib;
/** Longer pauses of a phone's recording mean another run. */
const newRunMs = 12 * 3_600_000;

/** An edge node aging to exhaustion; also its shorter training part. */
export function kubeedge(name: string, rows: Row[]): Recording[] {
  const points = rows.map((row) => ({
    timeMs: timeIn(row, 'time'),
    anonBytes: (numberIn(row, 'memory_usage') / 100) * edgeNodeBytes,
    limitBytes: edgeNodeBytes,
    cpuPercent: numberIn(row, 'cpu_usage'),
  }));
  const recording: Recording = { name, label: 'leak', resource: 'memory', points: withCpu(points.filter(isRead)) };
  const lastMs = recording.points.at(-1)?.timeMs;
  if (name.includes('aging') && lastMs !== undefined) recording.exhaustionMs = lastMs;
  return [recording];
}

/** A host under an inference server: slow real growth. */
export function llmServer(name: string, rows: Row[]): Recording[] {
  const points = rows.map((row) => ({
    timeMs: timeIn(row, 'currentTime'),
    anonBytes: numberIn(row, 'usedMemory'),
    swapBytes: numberIn(row, 'usedSwap'),
    limitBytes: numberIn(row, 'totalMemory'),
    cpuPercent: numberIn(row, 'totalCpuUsage(%)'),
  }));
  return [{ name, label: 'leak', resource: 'memory', points: withCpu(points.filter(isRead)) }];
}

/** Virtual machines over three months. */
export function bitbrains(name: string, rows: Row[]): Recording[] {
  const points = rows.map((row) => {
    const provisioned = numberIn(row, 'mem_provisioned_kb');
    const wall: { limitBytes?: number } = provisioned > 0 ? { limitBytes: provisioned * kib } : {};
    return {
      timeMs: numberIn(row, 'unix_s') * 1000,
      anonBytes: numberIn(row, 'mem_used_kb') * kib,
      cpuPercent: numberIn(row, 'cpu_pct'),
      ...wall,
    };
  });
  return [{ name, label: 'healthy', resource: 'memory', points: withCpu(points.filter(isRead)) }];
}

/** Servers over eight days, memory in whole percent. */
export function alibaba(name: string, rows: Row[]): Recording[] {
  const points = rows.map((row) => ({
    timeMs: timeIn(row, 'timestamp'),
    anonBytes: (numberIn(row, 'mem_util_percent') / 100) * serverBytes,
    limitBytes: serverBytes,
  }));
  return [{ name, label: 'healthy', resource: 'memory', points: points.filter((point) => isRead(point) && point.anonBytes > 0) }];
}

/** Phones under stress: the proportional set of their system server, in kB. The longest run of each file. */
export function android(name: string, rows: Row[]): Recording[] {
  const points = rows
    .map((row) => ({ timeMs: timeIn(row, 'timestamps'), anonBytes: numberIn(row, 'system_server_PSS') * kib }))
    .filter(isRead)
    .sort((a, b) => a.timeMs - b.timeMs);
  return [{ name, label: 'healthy', resource: 'memory', points: longestRun(points) }];
}

function longestRun(points: Point[]): Point[] {
  const runs: Point[][] = [[]];
  let lastMs = points[0]?.timeMs ?? 0;
  for (const point of points) {
    if (point.timeMs - lastMs > newRunMs) runs.push([]);
    runs.at(-1)?.push(point);
    lastMs = point.timeMs;
  }
  return runs.toSorted((a, b) => b.length - a.length)[0] ?? [];
}

function isRead(point: { timeMs: number; anonBytes: number }): boolean {
  return Number.isFinite(point.timeMs) && Number.isFinite(point.anonBytes);
}
