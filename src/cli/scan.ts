/** `stanch scan FILE`: the verdict on every subject of a recorded series file. */
import { buildCommand } from '@stricli/core';
import { createSubjectWatch, type SubjectWatch } from '../detect/subjectWatch.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import { type BadRow, badRowError } from '../series/seriesFile/badRow.ts';
import { formatOfName, type ReadProgress, readSeriesFile } from '../series/seriesFile/input.ts';
import { SeriesFileParser } from '../series/seriesFile/parser.ts';
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
}

interface ScanOptions {
  skipBad: boolean;
  /** Called after each piece of the file. */
  onProgress?: (progress: ReadProgress, rowCount: number) => void;
}

type Watch = Pick<SubjectWatch, 'push' | 'verdict'>;

const shownSkippedRows = 5;
const progressIntervalMs = 500;

/** Streams the file through one watch for each subject. Throws `StanchError` for what can't be read or, without `skipBad`, used. */
export async function scanSeriesFile(path: string, options: ScanOptions, createWatch: (subjectName: string) => Watch): Promise<ScanResult> {
  const watches: Watch[] = [];
  const skipped: SkippedRows | null = options.skipBad ? { count: 0, first: [] } : null;
  const parser = new SeriesFileParser(
    {
      row(subject, sample) {
        let watch = watches[subject];
        if (watch === undefined) {
          watch = createWatch(parser.subjectNames[subject] ?? '');
          watches[subject] = watch;
        }
        watch.push(sample);
      },
      badRow(row) {
        if (skipped === null) throw badRowError(row);
        skipped.count += 1;
        if (skipped.first.length < shownSkippedRows) skipped.first.push(row);
      },
    },
    formatOfName(path),
  );
  await readSeriesFile(path, (chunk, progress) => {
    parser.push(chunk);
    options.onProgress?.(progress, parser.rowCount);
  });
  parser.end();
  return { verdicts: verdictsOf(watches), rowCount: parser.rowCount, skipped };
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

async function scan(this: CliContext, flags: ScanFlags, file: string): Promise<void> {
  const { stdout, stderr, env } = this.process;
  const progressLine = stderr.isTTY === true ? new ProgressLine((text) => stderr.write(text)) : null;
  let result: ScanResult;
  try {
    const onProgress = (progress: ReadProgress, rowCount: number) => progressLine?.update(progress, rowCount);
    result = await scanSeriesFile(file, { skipBad: flags.skipBad, onProgress }, createSubjectWatch);
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
    stdout.write(scanReport({ verdicts, rowCount: result.rowCount, file }, look));
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
  write(`\n]${skipped}}\n`);
  return hasLeak;
}

function skippedText(skipped: SkippedRows): string {
  const lines = skipped.first.map((row) =>
    printable(`  line ${row.line}, column ${row.column}: expected ${row.expected}; found ${row.found}`),
  );
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

export const scanCommand = buildCommand<ScanFlags, [string], CliContext>({
  docs: {
    brief: 'Verdicts on a recorded series file: CSV or JSON Lines, gzip or not',
    fullDescription: [
      'Reads time series of memory, file descriptors, sockets, threads and processes, and says of each subject whether it leaks.',
      'The first line of a CSV file names its columns: time,subject and any of anon_bytes, swap_bytes, shmem_bytes, file_bytes,',
      'fds, sockets, threads, processes, cpu_seconds, start_time, limit_bytes. JSON Lines use the same names as keys. The file is',
      'streamed and may be larger than memory. Exit codes: 0, 1 with --fail-on leak when something leaks, 65 a bad row or header,',
      '66 no such file, 77 not permitted.',
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
    positional: { kind: 'tuple', parameters: [{ brief: 'The file, or - for standard input', parse: String, placeholder: 'FILE' }] },
  },
  func: scan,
});
