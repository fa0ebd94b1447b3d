/**
 * All processes in one pass of a BPF iterator, in place of several files of /proc for each. Used where it is asked for, the kernel takes
 * it, and what it says agrees with /proc: that is seen to on many processes before it is used, and on one in each scan from then on.
 * In every other case, and in a scan in which the pass fails, there are no tasks, and whoever asked reads /proc.
 */
import { readdirSync } from 'node:fs';
import { readPageBytes } from '../kernel/auxv.ts';
import { type BpfIterator, bpfError, pinTaskIterator } from '../kernel/bpfIterator.ts';
import { BpfPass, BpfTaskCursor, emptyBpfTask, readBpfTasks } from '../kernel/bpfTasks.ts';
import { fdCountIsDirectorySize } from '../kernel/pidFdCount.ts';
import { readStat } from '../kernel/stat.ts';
import { StanchError } from '../model/errors.ts';
import { isValue } from '../model/reading.ts';
import { disagreement, memorySlackBytes, type NamedTask, type ProcTask, readProcTask } from './bpfAgreement.ts';

/** Which of both is read, and why, in words. */
export interface ProcessSource {
  by: 'bpf' | 'proc';
  reason: string;
}

export interface BpfTierOptions {
  /** Called whenever the other of both is read from now on. */
  onChange: (source: ProcessSource) => void;
  procRoot?: string;
  pin?: (signal: AbortSignal) => Promise<BpfIterator>;
}

/** Processes change while they are looked at: of so many compared before it is used, so many may differ. */
const comparedAtStart = 200;
const differAtStart = 4;
/** The same of the latest comparisons while it is used. */
const comparedLately = 16;
const differLately = 3;
/** Passes that failed one after the other. */
const mostFailures = 3;

export class BpfTier {
  readonly #onChange: (source: ProcessSource) => void;
  readonly #procRoot: string;
  readonly #pin: (signal: AbortSignal) => Promise<BpfIterator>;
  readonly #stopping = new AbortController();
  readonly #pass = new BpfPass();
  readonly #cursor: BpfTaskCursor;
  readonly #countsFds: boolean;
  readonly #memorySlack: number;
  #iterator: BpfIterator | null = null;
  #source: ProcessSource = { by: 'proc', reason: 'BPF is off in the configuration' };
  #loading: Promise<void> | null = null;
  #comparedPid = 0;
  /** What differed in the latest comparisons, the newest last. */
  #lately: (string | null)[] = [];
  #failures = 0;

  constructor({ onChange, procRoot = '/proc', pin = pinTaskIterator }: BpfTierOptions) {
    this.#onChange = onChange;
    this.#procRoot = procRoot;
    this.#pin = pin;
    const stat = readStat(procRoot);
    const pageBytes = readPageBytes(procRoot);
    // A wrong size would not agree with /proc.
    const page = isValue(pageBytes) ? pageBytes : 4096;
    this.#cursor = new BpfTaskCursor(page);
    this.#memorySlack = memorySlackBytes(isValue(stat) ? stat.cpuCount : 1, page);
    this.#countsFds = fdCountIsDirectorySize(`${procRoot}/self/fd`);
  }

  get source(): ProcessSource {
    return this.#source;
  }

  /** Loads it and tries it out. What goes wrong is told, and not thrown. */
  start(): Promise<void> {
    this.#source = { by: 'proc', reason: 'BPF is being loaded' };
    this.#loading = this.#load();
    return this.#loading;
  }

  /** Takes it out of the kernel. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loading;
    this.#remove();
  }

  /** All tasks of now; null when /proc is to be read. */
  read(): BpfTaskCursor | null {
    if (this.#iterator === null || this.#source.by === 'proc') return null;
    const pid = this.#pidToCompare();
    const before = this.#readProc(pid);
    try {
      this.#readTasks(this.#iterator);
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      if (this.#failures >= mostFailures) this.#refuse(error);
      return null;
    }
    const differs = this.#differs(pid, before, this.#readProc(pid));
    this.#lately = [...this.#lately, differs].slice(-comparedLately);
    if (!this.#agrees(this.#lately, differLately)) return null;
    this.#cursor.rewind();
    return this.#cursor;
  }

  async #load(): Promise<void> {
    try {
      this.#iterator = await this.#pin(this.#stopping.signal);
      if (!this.#tryOut(this.#iterator)) return;
      this.#source = { by: 'bpf', reason: 'as configured, and it agrees with /proc' };
      this.#onChange(this.#source);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#refuse(error);
    }
  }

  #tryOut(iterator: BpfIterator): boolean {
    const pids = readdirSync(this.#procRoot).map(Number).filter(Number.isInteger);
    const step = Math.ceil(pids.length / comparedAtStart);
    const chosen = pids.filter((pid, index) => index % step === 0 && pid !== process.pid);
    const before = chosen.map((pid) => this.#readProc(pid));
    this.#readTasks(iterator);
    const differ = chosen.map((pid, index) => this.#differs(pid, before[index] ?? null, this.#readProc(pid)));
    return this.#agrees(differ, differAtStart);
  }

  #readTasks(iterator: BpfIterator): void {
    readBpfTasks(iterator.path, this.#pass);
    this.#cursor.reset(this.#pass);
  }

  /** Round and round over all; stanch itself opens files while it looks. */
  #pidToCompare(): number {
    const next = this.#cursor.pidAfter(this.#comparedPid);
    this.#comparedPid = next === process.pid ? this.#cursor.pidAfter(next) : next;
    return this.#comparedPid;
  }

  #readProc(pid: number): ProcTask | null {
    const task = readProcTask(this.#procRoot, pid, this.#countsFds);
    return isValue(task) ? task : null;
  }

  /** null as well when the process started or ended meanwhile. */
  #differs(pid: number, before: ProcTask | null, after: ProcTask | null): string | null {
    if (before === null || after === null || before.stat.startTimeTicks !== after.stat.startTimeTicks) return null;
    return disagreement(this.#namedTask(pid), before, after, this.#memorySlack);
  }

  #namedTask(pid: number): NamedTask | null {
    const task = emptyBpfTask();
    if (!this.#cursor.seek(pid) || !this.#cursor.next(task)) return null;
    const comm = Buffer.from(this.#cursor.bytes.subarray(task.commStart, task.commEnd)).toString('latin1');
    return { ...task, comm };
  }

  #agrees(comparisons: readonly (string | null)[], mayDiffer: number): boolean {
    const differ = comparisons.filter((text) => text !== null);
    if (differ.length <= mayDiffer) return true;
    this.#refuse(bpfError('it to agree with /proc', `${differ.length} of ${comparisons.length} that differ: ${differ.at(-1)}`, ''));
    return false;
  }

  #refuse(error: unknown): void {
    this.#remove();
    this.#source = { by: 'proc', reason: reasonOf(error) };
    this.#onChange(this.#source);
  }

  #remove(): void {
    this.#iterator?.remove();
    this.#iterator = null;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof StanchError) return `BPF is asked for, but expected ${error.expected}; found ${error.found}. ${error.next}`.trim();
  return `BPF failed: ${error instanceof Error ? error.message : String(error)}`;
}
