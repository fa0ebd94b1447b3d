/** Recorded series of any kind, told apart by their first bytes: a series file, or a log that another tool wrote. */
import { StanchError } from '../model/errors.ts';
import { isRawLog } from './logs/atop/rawLog.ts';
import { AtopRawParser } from './logs/atop/rawParser.ts';
import { AtopTextParser, isAtopText } from './logs/atop/textParser.ts';
import type { Accounts } from './logs/atop/workloads.ts';
import type { LogSource } from './logs/logSource.ts';
import { SampleTurns } from './logs/sampleTurns.ts';
import { isSadfOutput, isSysstatData, SysstatParser } from './logs/sysstat/parser.ts';
import { type SeriesFileFormat, SeriesFileParser } from './seriesFile/parser.ts';
import type { RowSink } from './seriesFile/rows.ts';

interface RecordingParser {
  readonly subjectNames: readonly string[];
  readonly rowCount: number;
  push(chunk: Uint8Array): void;
  end(): void;
  readonly source?: LogSource;
}

/** Enough to tell them apart. */
const headBytes = 64;

/**
 * Parser of a recording: bytes in, in pieces of any size, samples out, as `SeriesFileParser`.
 * Throws `StanchError` for what can't be read, and whatever the sink throws.
 */
export class Recording {
  readonly #sink: RowSink;
  readonly #accounts: Accounts;
  readonly #format: SeriesFileFormat | undefined;
  #head: Uint8Array = new Uint8Array(0);
  #parser: RecordingParser | null = null;
  /** Of a log; the parser of series files has its own. */
  readonly #turns: SampleTurns;

  /** `format` is that of a series file, where its name tells. */
  constructor(sink: RowSink, accounts: Accounts, format?: SeriesFileFormat) {
    this.#sink = sink;
    this.#turns = new SampleTurns(sink);
    this.#accounts = accounts;
    this.#format = format;
  }

  /** Names of the subjects that have a row, by their number. */
  get subjectNames(): readonly string[] {
    return this.#parser?.subjectNames ?? [];
  }

  get rowCount(): number {
    return this.#parser?.rowCount ?? 0;
  }

  /** Null for a series file, which has nothing to tell. */
  get source(): LogSource | null {
    return this.#parser?.source ?? null;
  }

  push(chunk: Uint8Array): void {
    if (this.#parser !== null) {
      this.#parser.push(chunk);
      return;
    }
    this.#head = Buffer.concat([this.#head, chunk]);
    if (this.#head.length >= headBytes || isWholeLine(this.#head)) this.#begin().push(this.#head);
  }

  end(): void {
    if (this.#parser === null) this.#begin().push(this.#head);
    this.#parser?.end();
    this.#turns.giveAll();
  }

  #begin(): RecordingParser {
    this.#parser = this.#parserFor(this.#head);
    return this.#parser;
  }

  #parserFor(head: Uint8Array): RecordingParser {
    if (isRawLog(head)) return new AtopRawParser(this.#turns, this.#accounts);
    if (isAtopText(head)) return new AtopTextParser(this.#turns, this.#accounts);
    if (isSadfOutput(head)) return new SysstatParser(this.#turns);
    if (isSysstatData(head)) throw sysstatData();
    return new SeriesFileParser(this.#sink, this.#format);
  }
}

/** A line that is not blank tells as well, and whoever writes by hand or slowly is answered at once. */
function isWholeLine(head: Uint8Array): boolean {
  return /\S[^\n]*\n/.test(Buffer.from(head).toString('latin1'));
}

function sysstatData(): StanchError {
  return new StanchError('STANCH_E_LOG_VERSION', {
    expected: 'what sadf prints of a data file of sysstat',
    found: 'the data file itself, whose form changes with its version',
    next: 'Let sadf print it: sadf -j FILE -- -r ALL -S -v | stanch scan -',
  });
}
