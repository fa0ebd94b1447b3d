/** The columns of a series file. The order of the gauges is the order of their slots in `SeriesRows.values`, and that of the first of `gauges` of a sample. */
export const gaugeColumns = [
  'anon_bytes',
  'swap_bytes',
  'shmem_bytes',
  'file_bytes',
  'fds',
  'sockets',
  'threads',
  'processes',
  'cpu_seconds',
  'start_time',
  'limit_bytes',
] as const;

export type GaugeColumn = (typeof gaugeColumns)[number];
export type Column = 'time' | 'subject' | GaugeColumn;

const columns: readonly Column[] = ['time', 'subject', ...gaugeColumns];

export const columnList = columns.join(', ');

const columnsByName: ReadonlyMap<string, Column> = new Map(columns.map((column) => [column, column]));

export function columnNamed(name: string): Column | undefined {
  return columnsByName.get(name);
}

export function isGauge(column: Column): column is GaugeColumn {
  return column !== 'time' && column !== 'subject';
}

/** Where a gauge's value lies in `SeriesRows.values`. */
export function slotOf(column: GaugeColumn): number {
  return gaugeColumns.indexOf(column);
}

const momentExpected = 'Unix seconds or an RFC 3339 time with Z or an offset, such as 2026-05-28T04:10:00Z';

/** What a cell of the column may hold, for messages. */
export function cellExpected(column: Column): string {
  if (column === 'time') return momentExpected;
  if (column === 'start_time') return `${momentExpected}, or nothing`;
  if (column === 'subject') return 'the name of a subject';
  return 'a finite number, 0 or more, or nothing where there is no value';
}
