/** What a log of another tool told about itself, for the reader of the verdicts. */
export interface LogSource {
  format: 'atop' | 'sysstat';
  /** Of the tool that wrote it; null where the log doesn't tell. */
  version: string | null;
  /** Name of the machine that it is about. */
  host: string;
  /** Samples of the whole host. */
  records: number;
  /** Time of the first and of the last, ms; NaN when there is none. */
  fromMs: number;
  toMs: number;
  /** What the log can't tell, or what of it was left out: whole sentences. */
  notes: string[];
}

export function emptySource(format: LogSource['format']): LogSource {
  return { format, version: null, host: '', records: 0, fromMs: Number.NaN, toMs: Number.NaN, notes: [] };
}

/** Takes note of a record of that time. */
export function countRecord(source: LogSource, timeMs: number): void {
  if (source.records === 0) source.fromMs = timeMs;
  source.toMs = timeMs;
  source.records += 1;
}
