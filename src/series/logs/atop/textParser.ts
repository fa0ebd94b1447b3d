/**
 * What `atop -r FILE -P PRG,PRM,PRC,MEM,SWP` prints: a line for each process and label, `SEP` after each record, `RESET` before one
 * that counts from the boot on. Members were only ever added at the end of a line, so it is read whatever the version.
 * https://man7.org/linux/man-pages/man1/atop.1.html, section "parseable output"
 */
import { StanchError } from '../../../model/errors.ts';
import { showCell } from '../../seriesFile/badRow.ts';
import type { RowSink } from '../../seriesFile/rows.ts';
import { countRecord, emptySource, type LogSource } from '../logSource.ts';
import { type Accounts, AtopWorkloads, emptyHost, emptyTask, type HostFigures, memoryNote, type TaskFigures } from './workloads.ts';

const command = 'atop -r FILE -P PRG,PRM,PRC,MEM,SWP';
const neededLabels = ['PRG', 'PRM', 'MEM'];
/** A command line is cut off at 255 bytes, a cgroup's path at 4096. */
const maxLineLength = 16_384;
/** More than a machine can have. */
const maxTasks = 262_144;

/** Label, host, Unix seconds, date, time, seconds of the interval; then what belongs to the label. */
const lineStart = /^([A-Za-z]{3,4}) (\S{1,256}) (\d{1,12}) \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \d+ (.*)$/s;
/** A name has at most 15 bytes, whatever they are. */
const taskStart = /^(\d{1,10}) \((.{0,15})\) (\S) (?=-?\d)(.*)$/s;
/** Of PRG: threads, start, (command line), parent, effective user, y or n, container, (path of the cgroup). */
const generalPart =
  /^\d+ \d+ \d+ (\d+) -?\d+ (\d+) \((.*)\) (\d+) \d+ \d+ \d+ (\d+) \d+ \d+ \d+ \d+ \d+ -?\d+ ([yn]) -?\d+ -?\d+ (\S+)(?: \S+(?: \((.*?)\))?)?/s;

/** Where a line of a process says whether it is of the process or of one of its threads. */
const isProcessAt = { PRG: 5, PRM: 13, PRC: 10 };

export function isAtopText(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString('latin1');
  return /^(?:RESET|SEP)\r?\n/.test(text) || /^[A-Za-z]{3,4} \S{1,40} \d{1,12} \d{4}\//.test(text);
}

export class AtopTextParser {
  readonly source: LogSource = { ...emptySource('atop'), notes: [memoryNote] };
  readonly #sink: RowSink;
  readonly #workloads: AtopWorkloads;
  #rest = '';
  #isSkippingLine = false;
  #line = 0;
  #sinceBoot = false;
  #timeMs = Number.NaN;
  #host: HostFigures = emptyHost();
  readonly #labels = new Set<string>();
  /** Of the record at hand, by process id. */
  readonly #tasks = new Map<number, TaskFigures>();

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
    const lines = (this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      this.#line += 1;
      if (!this.#isSkippingLine) this.#takeLine(line.endsWith('\r') ? line.slice(0, -1) : line);
      this.#isSkippingLine = false;
    }
    if (this.#rest.length <= maxLineLength) return;
    if (!this.#isSkippingLine) this.#bad(`at most ${maxLineLength} bytes in a line`, 'more', 1);
    this.#isSkippingLine = true;
    this.#rest = '';
  }

  end(): void {
    if (this.#rest !== '') this.push(Buffer.from('\n'));
    if (this.#tasks.size > 0) {
      this.source.notes.push('the last record has no SEP behind it and was left out: atop did not print it to its end');
    }
    if (this.source.records === 0) this.#checkLabels();
  }

  #takeLine(line: string): void {
    if (line === 'SEP') this.#endRecord();
    else if (line === 'RESET') this.#sinceBoot = true;
    else if (line !== '') this.#takeLabel(line);
  }

  #takeLabel(line: string): void {
    const [, label, host, seconds, members] = (line.length > maxLineLength ? null : lineStart.exec(line)) ?? [];
    if (label === undefined || host === undefined || seconds === undefined || members === undefined) {
      this.#bad('a label, a host, a time and figures, as atop -P prints them', showCell(line));
      return;
    }
    this.#timeMs = Number(seconds) * 1000;
    this.source.host = host;
    this.#labels.add(label);
    if (label === 'MEM') this.#takeHostMemory(numbers(members.split(' ', 16)));
    else if (label === 'SWP') this.#takeSwap(numbers(members.split(' ', 16)));
    else if ((label === 'PRG' || label === 'PRM' || label === 'PRC') && !this.#takeTask(label, members)) {
      this.#bad(`a process, as atop -P ${label} prints it`, showCell(line));
    }
  }

  #takeHostMemory([pageBytes = 0, total = 0, free = 0, cache = 0, buffer = 0, slab = 0, , reclaimable = 0, , shmem = 0]: number[]): void {
    const host = this.#host;
    host.totalBytes = total * pageBytes;
    host.freeBytes = free * pageBytes;
    host.cacheBytes = cache * pageBytes;
    host.bufferBytes = buffer * pageBytes;
    host.slabBytes = slab * pageBytes;
    host.slabReclaimableBytes = reclaimable * pageBytes;
    host.shmemBytes = shmem * pageBytes;
  }

  #takeSwap([pageBytes = 0, total = 0, free = 0]: number[]): void {
    this.#host.swapTotalBytes = total * pageBytes;
    this.#host.swapFreeBytes = free * pageBytes;
  }

  /** False when the line is not one of a process or thread. */
  #takeTask(label: 'PRG' | 'PRM' | 'PRC', members: string): boolean {
    const [, pid, name, state, text] = taskStart.exec(members) ?? [];
    if (pid === undefined || name === undefined || state === undefined || text === undefined) return false;
    const figures = label === 'PRG' ? (generalPart.exec(text)?.slice(1) ?? []) : text.split(' ', 20);
    const isProcess = figures[isProcessAt[label]];
    // Threads have lines of their own and are counted in their process; what has ended holds nothing.
    if (isProcess === 'n' || state === 'E') return true;
    if (isProcess !== 'y') return false;
    const known = this.#tasks.get(Number(pid));
    if (known === undefined && this.#tasks.size >= maxTasks) return false;
    const task = known ?? emptyTask();
    if (label === 'PRG') takeGeneral(task, figures);
    else if (label === 'PRM') takeMemory(task, numbers(figures));
    else takeCpu(task, numbers(figures));
    task.pid = Number(pid);
    task.name = name;
    this.#tasks.set(task.pid, task);
    return true;
  }

  #endRecord(): void {
    if (this.#labels.size === 0) return;
    this.#checkLabels();
    if (this.#timeMs < this.source.toMs) {
      this.#bad('a record not before the one ahead of it', new Date(this.#timeMs).toISOString());
    } else {
      countRecord(this.source, this.#timeMs);
      this.#workloads.begin(this.#timeMs, this.source.host, this.#sinceBoot);
      this.#host.processes = this.#tasks.size;
      this.#workloads.addHost(this.#host);
      for (const task of this.#tasks.values()) this.#workloads.addTask(task);
      this.#workloads.end();
    }
    this.#sinceBoot = false;
    this.#host = emptyHost();
    this.#labels.clear();
    this.#tasks.clear();
  }

  #checkLabels(): void {
    const missing = neededLabels.filter((label) => !this.#labels.has(label));
    if (missing.length === 0) return;
    throw new StanchError('STANCH_E_BAD_LOG', {
      expected: 'the labels PRG, PRM and MEM in each record of what atop prints',
      found: `no ${missing.join(', ')} before line ${this.#line}`,
      next: `Print them all: ${command} | stanch scan -`,
    });
  }

  #bad(expected: string, found: string, ahead = 0): void {
    this.#sink.badRow({ line: this.#line + ahead, column: 'row', expected, found });
  }
}

/** None negative: atop writes -1 and less for what it doesn't know. */
function numbers(figures: readonly string[]): number[] {
  return figures.map((text) => Math.max(0, Number(text)) || 0);
}

function takeGeneral(task: TaskFigures, figures: readonly string[]): void {
  const [threads = '', start = '', commandLine = '', parent = '', uid = '', , container = '-', cgroupPath = ''] = figures;
  task.threads = Number(threads);
  task.startTimeMs = Number(start) * 1000;
  task.commandLine = commandLine;
  task.parentPid = Number(parent);
  task.uid = Number(uid);
  task.container = container === '-' ? '' : container;
  task.cgroupPath = cgroupPath === '-' ? '' : cgroupPath;
}

/** Page size, virtual, resident, …, size of data and of stack, swap, thread group, y, proportional, locked, limit of the cgroup, and of those above. */
function takeMemory(task: TaskFigures, figures: readonly number[]): void {
  const kibAt = (index: number): number => (figures[index] ?? 0) * 1024;
  task.virtualBytes = kibAt(1);
  task.residentBytes = kibAt(2);
  task.dataBytes = kibAt(9) + kibAt(10);
  task.swapBytes = kibAt(11);
  task.proportionalBytes = kibAt(14);
  task.limitBytes = kibAt(17);
}

/** Ticks a second, in user mode, in the kernel, … */
function takeCpu(task: TaskFigures, [ticksPerSecond = 0, user = 0, system = 0]: readonly number[]): void {
  if (ticksPerSecond > 0) task.cpuSeconds = (user + system) / ticksPerSecond;
}
