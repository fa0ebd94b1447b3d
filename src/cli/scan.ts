/** `stanch scan FILE…`: the verdict on every subject of recorded series: series files, and logs of atop and sysstat. */
import { hostname } from 'node:os';
import { buildCommand } from '@stricli/core';
import { createSubjectWatch, type SubjectWatch } from '../detect/subjectWatch.ts';
import { StanchError } from '../model/errors.ts';
import type { Sample } from '../model/gauge.ts';
import { formatTime } from '../model/units.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import { UserNames } from '../sample/userNames.ts';
import type { LogSource } from '../series/logs/logSource.ts';
import { Recording } from '../series/recording.ts';
import { type BadRow, badRowError, placeOf } from '../series/seriesFile/badRow.ts';
import { formatOfName, type ReadProgress, readSeriesFile } from '../series/seriesFile/input.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { createPaint } from './paint.ts';
import { printable } from './printable.ts';
import { scanReport } from './scanReport.ts';

interface SkippedRows {
  count: number;
  /** The first few, to see what is wrong. */
  first: BadRow[];
}

interface ScanResult {
  /** In order of first appearance, each made when it is asked for, once; its watch is let go then. */
  verdicts: Iterable<SubjectVerdict>;
  rowCount: number;
  /** Null unless bad rows are left out. */
  skipped: SkippedRows | null;
  /** One for each file that is a log of another tool. */
  sources: LogSource[];
}

interface ScanOptions {
  skipBad: boolean;
  /** Called after each piece of the file. */
  onProgress?: (progress: ReadProgress, rowCount: number) => void;
}

type Watch = Pick<SubjectWatch, 'push' | 'verdict'>;

const shownSkippedRows = 5;
const progressIntervalMs = 500;

/**
 * Streams the files, one after the other, through one watch for each subject. Throws `StanchError` for what can't be read or,
 * without `skipBad`, used, and for a file that goes back in time.
 */
export async function scanFiles(
  paths: readonly string[],
  options: ScanOptions,
  createWatch: (subjectName: string) => Watch,
): Promise<ScanResult> {
  const subjects = new WatchedSubjects(createWatch);
  const skipped: SkippedRows | null = options.skipBad ? { count: 0, first: [] } : null;
  const users = new UserNames('/etc/passwd');
  const accounts = { host: hostname(), nameOf: (uid: number) => users.of(uid) };
  const sources: LogSource[] = [];
  let rowCount = 0;
  for (const path of paths) {
    const sink = {
      row: (subject: number, sample: Sample) => subjects.push(subject, sample),
      badRow(row: BadRow) {
        if (skipped === null) throw badRowError(row);
        skipped.count += 1;
        if (skipped.first.length < shownSkippedRows) skipped.first.push(row);
      },
    };
    const recording = new Recording(sink, accounts, formatOfName(path));
    subjects.beginFile(path, recording);
    try {
      await readSeriesFile(path, (chunk, progress) => {
        recording.push(chunk);
        options.onProgress?.(progress, rowCount + recording.rowCount);
      });
      recording.end();
    } catch (error) {
      throw paths.length > 1 ? namingFile(error, path) : error;
    }
    rowCount += recording.rowCount;
    if (recording.source === null) continue;
    sources.push(recording.source);
    if (recording.source.host !== sources[0]?.host) throw otherMachine(path, sources);
  }
  return { verdicts: verdictsOf(subjects.watches), rowCount, skipped, sources };
}

/** The watches by the numbers that each file gives to its subjects, and by their names across files. */
class WatchedSubjects {
  readonly watches: Watch[] = [];
  readonly #createWatch: (subjectName: string) => Watch;
  readonly #indexByName = new Map<string, number>();
  readonly #lastTimeMs: number[] = [];
  /** Index of the watch by the file's number of the subject. */
  #ofFile: number[] = [];
  #path = '';
  #recording: Pick<Recording, 'subjectNames'> = { subjectNames: [] };

  constructor(createWatch: (subjectName: string) => Watch) {
    this.#createWatch = createWatch;
  }

  beginFile(path: string, recording: Pick<Recording, 'subjectNames'>): void {
    this.#path = path;
    this.#recording = recording;
    this.#ofFile = [];
  }

  push(subject: number, sample: Sample): void {
    const index = this.#ofFile[subject] ?? this.#enter(subject, sample.timeMs);
    this.#lastTimeMs[index] = sample.timeMs;
    this.watches[index]?.push(sample);
  }

  /** The first row of a subject in a file. */
  #enter(subject: number, timeMs: number): number {
    const name = this.#recording.subjectNames[subject] ?? '';
    let index = this.#indexByName.get(name);
    if (index === undefined) {
      index = this.watches.length;
      this.#indexByName.set(name, index);
      this.watches.push(this.#createWatch(name));
    } else if (timeMs < (this.#lastTimeMs[index] ?? 0)) {
      throw outOfOrder(this.#path, name, timeMs, this.#lastTimeMs[index] ?? 0);
    }
    this.#ofFile[subject] = index;
    return index;
  }
}

/** Of several files, which one is the matter. */
function namingFile(error: unknown, path: string): unknown {
  if (!(error instanceof StanchError) || error.message.includes(path)) return error;
  const { code, expected, found, next, cause } = error;
  return new StanchError(code, { expected: `${expected} in ${path}`, found, next, cause });
}

/** The same name on another machine is another subject. */
function otherMachine(path: string, sources: readonly LogSource[]): StanchError {
  return new StanchError('STANCH_E_BAD_LOG', {
    expected: `logs of one machine, which is ${sources[0]?.host}`,
    found: `one of ${sources.at(-1)?.host} in ${path}`,
    next: 'Scan the logs of each machine by themselves.',
  });
}

function outOfOrder(path: string, subject: string, timeMs: number, lastTimeMs: number): StanchError {
  return new StanchError('STANCH_E_FILE_ORDER', {
    expected: `files in the order of their times: ${subject} was read up to ${formatTime(lastTimeMs)}`,
    found: `${formatTime(timeMs)} in ${path}`,
    next: 'Give the oldest file first: stanch scan $(ls -tr FILE…) sorts them by the time of their last change.',
  });
}

function* verdictsOf(watches: Watch[]): Generator<SubjectVerdict> {
  watches.reverse();
  for (let watch = watches.pop(); watch !== undefined; watch = watches.pop()) yield watch.verdict();
}

interface ScanFlags {
  readonly json: boolean;
  readonly skipBad: boolean;
  readonly failOn?: 'leak';
  readonly noColor: boolean;
}

async function scan(this: CliContext, flags: ScanFlags, ...files: string[]): Promise<void> {
  const { stdout, stderr, env } = this.process;
  const progressLine = stderr.isTTY === true ? new ProgressLine((text) => stderr.write(text)) : null;
  let result: ScanResult;
  try {
    const onProgress = (progress: ReadProgress, rowCount: number) => progressLine?.update(progress, rowCount);
    result = await scanFiles(files, { skipBad: flags.skipBad, onProgress }, createSubjectWatch);
  } finally {
    progressLine?.clear();
  }
  if (result.skipped !== null && result.skipped.count > 0) stderr.write(skippedText(result.skipped));
  let hasLeak: boolean;
  if (flags.json) {
    hasLeak = writeDocument(result, (text) => stdout.write(text));
  } else {
    const verdicts = [...result.verdicts];
    hasLeak = verdicts.some(isLeak);
    const look = { paint: createPaint(stdout, env, flags.noColor), width: stdout.columns ?? 100 };
    stdout.write(scanReport({ verdicts, rowCount: result.rowCount, files, sources: result.sources }, look));
  }
  if (flags.failOn === 'leak' && hasLeak) this.process.exitCode = 1;
}

function isLeak({ verdict }: SubjectVerdict): boolean {
  return verdict === 'leak';
}

/** Subject by subject: the text of ten thousand verdicts at once would be more memory than the scan took. True if one is a leak. */
function writeDocument(result: ScanResult, write: (text: string) => void): boolean {
  let hasLeak = false;
  let separator = '\n';
  write('{"schema":"stanch.scan/1","subjects":[');
  for (const verdict of result.verdicts) {
    write(`${separator}${jsonText(verdict)}`);
    separator = ',\n';
    if (isLeak(verdict)) hasLeak = true;
  }
  const skipped = result.skipped === null ? '' : `,"skippedRows":${jsonText(result.skipped)}`;
  const sources = result.sources.length === 0 ? '' : `,"sources":${jsonText(result.sources.map(sourceDocument))}`;
  write(`\n]${skipped}${sources}}\n`);
  return hasLeak;
}

function sourceDocument({ fromMs, toMs, ...told }: LogSource) {
  return { ...told, from: Number.isNaN(fromMs) ? null : formatTime(fromMs), to: Number.isNaN(toMs) ? null : formatTime(toMs) };
}

function skippedText(skipped: SkippedRows): string {
  const lines = skipped.first.map((row) => printable(`  ${placeOf(row)}: expected ${row.expected}; found ${row.found}`));
  const more = skipped.count - skipped.first.length;
  if (more > 0) lines.push(`  and ${more} more`);
  return `${skipped.count} bad ${skipped.count === 1 ? 'row' : 'rows'} left out:\n${lines.join('\n')}\n`;
}

/** One line on a terminal that says how far a long scan has come. */
class ProgressLine {
  readonly #write: (text: string) => void;
  #nextMs = performance.now() + progressIntervalMs;
  #isShown = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  update(progress: ReadProgress, rowCount: number): void {
    const nowMs = performance.now();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + progressIntervalMs;
    const share = progress.totalBytes === null ? '' : `${Math.floor((100 * progress.readBytes) / Math.max(1, progress.totalBytes))} %, `;
    this.#write(`\r\x1b[K${share}${rowCount.toLocaleString('en')} rows read`);
    this.#isShown = true;
  }

  clear(): void {
    if (this.#isShown) this.#write('\r\x1b[K');
  }
}

export const scanCommand = buildCommand<ScanFlags, string[], CliContext>({
  docs: {
    brief: 'Verdicts on recorded series: CSV, JSON Lines, logs of atop and sysstat',
    fullDescription: [
      'Reads time series of memory, file descriptors, sockets, threads and processes, and says of each subject whether it leaks.',
      'The first line of a CSV file names its columns: time,subject and any of anon_bytes, swap_bytes, shmem_bytes, file_bytes,',
      'fds, sockets, threads, processes, cpu_seconds, start_time, limit_bytes. JSON Lines use the same names as keys.',
      'Raw logs of atop, what atop -P PRG,PRM,PRC,MEM,SWP prints and what sadf -j FILE -- -r ALL -S -v prints are read as well,',
      'told by their content; several files are read one after the other, the oldest first. All may be packed with gzip, are',
      'streamed and may be larger than memory. Exit codes: 0, 1 with --fail-on leak when something leaks, 65 a bad row, header or',
      'log, 66 no such file, 77 not permitted.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document with every subject' },
      skipBad: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Leave bad rows out and count them instead of stopping at the first',
      },
      failOn: { kind: 'enum', values: ['leak'], optional: true, brief: 'Exit 1 if a subject has this verdict' },
      noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
    },
    positional: {
      kind: 'array',
      parameter: { brief: 'The files, the oldest first, or - for standard input', parse: String, placeholder: 'FILE' },
      minimum: 1,
    },
  },
  func: scan,
});
