import { kib, type Point, type Recording } from './recording.ts';
import { numberIn, type Row } from './table.ts';

/** Clock ticks in a second, as on every Linux these were recorded on. */
const ticks = 100;
/** The recordings have no date. */
const originMs = Date.UTC(2026, 0, 5);

interface Label {
  label: string;
  signal: string;
}

/** Programs recorded from /proc, labels.csv beside them: columns in kB, ticks and seconds since the start. */
export function recordedProc(program: string, rows: Row[], labels: Row[], system: Row[]): Recording[] {
  const row = labels.find((one) => one.program === program);
  if (!row) return [];
  const label: Label = { label: row.label ?? '', signal: row.signal_column ?? '' };
  const headroom = new Map(system.map((one) => [one.t ?? '', (numberIn(one, 'MemAvailable') + numberIn(one, 'SwapFree')) * kib]));
  const points = pointsOf(rows, label.signal.includes('worker'), headroom);
  return recordingsOf(program, label, points, system);
}

function recordingsOf(program: string, { label, signal }: Label, points: Point[], system: Row[]): Recording[] {
  const own = { name: program, points };
  if (label === 'OK') return [{ ...own, label: 'healthy', resource: 'memory' }];
  if (label === 'SUBLINEAR') return [{ ...own, label: 'healthy', resource: 'memory', kind: 'sub-linear' }];
  if (signal === 'fds') return [{ ...own, label: 'leak', resource: 'fds' }];
  if (signal === 'nzombie') return [{ ...own, label: 'leak', resource: 'processes' }];
  // No gauge of a sample holds the address space.
  if (signal.startsWith('vmdata')) return [{ ...own, label: 'ambiguous', resource: 'memory' }];
  if (signal.startsWith('_system')) {
    const host = system.map((row) => hostPoint(row));
    return [
      { ...own, label: 'healthy', resource: 'memory' },
      { name: `${program} (host)`, label: 'leak', resource: 'shmem', points: host },
    ];
  }
  return [{ ...own, label: 'leak', resource: 'memory' }];
}

function pointsOf(rows: Row[], asPool: boolean, headroom: Map<string, number>): Point[] {
  const moments = new Map<string, Row[]>();
  for (const row of rows) {
    const moment = moments.get(row.t ?? '');
    if (moment) moment.push(row);
    else moments.set(row.t ?? '', [row]);
  }
  // The start of a process, told once: its recorded age is rounded and would wander.
  const starts = new Map<string, number>();
  return [...moments].flatMap(([t, members]) => {
    const main = members.find((row) => row.role === 'main');
    const timeMs = originMs + Number(t) * 1000;
    if (!main || !Number.isFinite(timeMs)) return [];
    const pid = main.pid ?? '';
    if (!starts.has(pid)) starts.set(pid, Math.round(timeMs - numberIn(main, 'age_s') * 1000));
    const counted = asPool ? members : [main];
    const sum = (column: string) => counted.reduce((total, row) => total + numberIn(row, column), 0);
    const point = {
      timeMs,
      anonBytes: sum('anon_kb') * kib,
      swapBytes: sum('swap_kb') * kib,
      shmemBytes: sum('shmem_kb') * kib,
      fileBytes: sum('file_kb') * kib,
      fds: sum('fds'),
      threads: sum('threads'),
      processes: 1 + numberIn(main, 'nchild'),
      cpuSeconds: (sum('utime') + sum('stime')) / ticks,
      startTimeMs: starts.get(pid) ?? timeMs,
      headroomBytes: headroom.get(t) ?? Number.NaN,
    };
    return [finite(point)];
  });
}

/** Leaves out what was not recorded at this moment. */
function finite(point: Required<Pick<Point, 'timeMs'>> & Record<string, number>): Point {
  const { timeMs } = point;
  return { timeMs, ...Object.fromEntries(Object.entries(point).filter(([, value]) => Number.isFinite(value))) };
}

function hostPoint(row: Row): Point {
  return {
    timeMs: originMs + numberIn(row, 't') * 1000,
    shmemBytes: numberIn(row, 'Shmem') * kib,
    kernelBytes: (numberIn(row, 'SUnreclaim') + numberIn(row, 'KernelStack') + numberIn(row, 'PageTables')) * kib,
    headroomBytes: (numberIn(row, 'MemAvailable') + numberIn(row, 'SwapFree')) * kib,
  };
}
