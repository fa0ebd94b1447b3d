import { StanchError } from '../../../model/errors.ts';
import type { RowSink } from '../../seriesFile/rows.ts';
import { ByteQueue } from '../byteQueue.ts';
import { countRecord, emptySource, type LogSource } from '../logSource.ts';
import {
  type AtopHeader,
  headerBytes,
  hostFigures,
  parseHeader,
  parseRecordHead,
  type RecordHead,
  recordHeadBytes,
  taskFigures,
  unpack,
} from './rawLog.ts';
import { type Accounts, AtopWorkloads, emptyTask, memoryNote } from './workloads.ts';

/**
 * Parser of atop's raw logs: bytes in, in pieces of any size, samples out. It holds one record.
 * A last record that is cut off is left out and told of in `source.notes`. A broken one is a bad row, whose `line` is the number
 * of the record. Throws `StanchError` for a version that can't be read and too many subjects, and whatever the sink throws.
 */
export class AtopRawParser {
  readonly source: LogSource = { ...emptySource('atop'), notes: [memoryNote] };
  readonly #sink: RowSink;
  readonly #workloads: AtopWorkloads;
  readonly #queue = new ByteQueue();
  readonly #task = emptyTask();
  #header: AtopHeader | null = null;
  #head: RecordHead | null = null;
  #recordCount = 0;
  /** Where the next record begins can't be told. */
  #isLost = false;

  constructor(sink: RowSink, accounts: Accounts) {
    this.#sink = sink;
    this.#workloads = new AtopWorkloads((subject, sample) => sink.row(subject, sample), accounts);
  }

  get subjectNames(): readonly string[] {
    return this.#workloads.subjectNames;
  }

  get rowCount(): number {
    return this.#workloads.rowCount;
  }

  push(chunk: Uint8Array): void {
    if (this.#isLost) return;
    this.#queue.push(chunk);
    while (this.#step());
  }

  end(): void {
    if (this.#isLost) return;
    if (this.#header === null) {
      throw new StanchError('STANCH_E_BAD_LOG', {
        expected: `a header of ${headerBytes} bytes at the begin of a raw log of atop`,
        found: `${this.#queue.length} bytes`,
        next: 'Copy the log again.',
      });
    }
    if (this.#head !== null || this.#queue.length > 0) {
      this.source.notes.push(`record ${this.#recordCount + 1} is cut off and was left out: atop was writing it, or its disk was full`);
    }
  }

  /** Takes one header, head of a record or record; false when more bytes are needed. */
  #step(): boolean {
    const header = this.#header;
    if (header === null) return this.#takeHeader();
    const head = this.#head;
    if (head === null) return this.#takeHead(header);
    if (this.#queue.length < head.bodyBytes) return false;
    this.#recordCount += 1;
    this.#takeRecord(this.#queue.first(head.bodyBytes), header, head);
    this.#queue.drop(head.bodyBytes);
    this.#head = null;
    return true;
  }

  #takeHeader(): boolean {
    if (this.#queue.length < headerBytes) return false;
    this.#header = parseHeader(this.#queue.first(headerBytes));
    this.source.version = this.#header.version;
    this.source.host = this.#header.host;
    this.#queue.drop(headerBytes);
    return true;
  }

  #takeHead(header: AtopHeader): boolean {
    if (this.#queue.length < recordHeadBytes) return false;
    this.#head = parseRecordHead(this.#queue.first(recordHeadBytes), header.layout);
    this.#queue.drop(recordHeadBytes);
    if (this.#head !== null) return true;
    this.#isLost = true;
    this.#recordCount += 1;
    this.#bad('other bytes, so that the rest of the log can not be read');
    return false;
  }

  #takeRecord(body: Uint8Array, header: AtopHeader, head: RecordHead): void {
    const tasksFrom = head.packedSystemBytes;
    let system: Uint8Array;
    let tasks: Uint8Array;
    try {
      system = unpack(body.subarray(0, tasksFrom), header.layout.systemBytes);
      tasks = unpack(body.subarray(tasksFrom, tasksFrom + head.packedTasksBytes), head.taskCount * header.layout.taskBytes);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#bad(`damaged data (${error.message})`);
      return;
    }
    if (head.timeMs < this.source.toMs) {
      this.#bad(`the time ${new Date(head.timeMs).toISOString()}, before the record ahead of it`);
      return;
    }
    countRecord(this.source, head.timeMs);
    this.#workloads.begin(head.timeMs, header.host, head.sinceBoot);
    this.#workloads.addHost(hostFigures(system, header, head.processCount));
    for (const task of taskFigures(tasks, header, this.#task)) this.#workloads.addTask(task);
    this.#workloads.end();
  }

  #bad(found: string): void {
    this.#sink.badRow({ line: this.#recordCount, column: 'record', expected: 'a whole record of atop', found });
  }
}
