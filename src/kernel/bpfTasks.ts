/**
 * What the BPF iterator of bpf/tasks.bpf.c writes: records of 32-bit words in the byte order of the machine. Of each process
 *
 *   tgid 1 startTicks(2) cpuNs(2) state parent euid threads known fds filePages(2) anonPages(2) swapPages(2) shmemPages(2) comm(4)
 *
 * of each further thread `tgid 2 cpuNs(2)`, of each thread of the kernel `tgid 3 startTicks(2)`. They come in the order of the ids of
 * threads: those of a process may stand before it when the ids went round.
 * https://docs.kernel.org/bpf/bpf_iterators.html
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { countRead } from './read.ts';
import { ticksPerSecond } from './stat.ts';

export interface BpfTask {
  pid: number;
  /** Of a thread of the kernel nothing is told but when it started. */
  kernelThread: boolean;
  /** Clock ticks since boot. */
  startTimeTicks: number;
  /** Character code of R, S, D, Z, … */
  state: number;
  parentPid: number;
  effectiveUid: number;
  threads: number;
  /** Of all its threads, also those that ended. */
  cpuSeconds: number;
  /** False where the process has no memory, or gave it up while it was looked at: then there is nothing in the four below. */
  memoryIsKnown: boolean;
  fileBytes: number;
  anonBytes: number;
  swapBytes: number;
  shmemBytes: number;
  /** -1 where the process has no files, or more than the iterator counts. */
  fds: number;
  /** Where comm stands in the bytes of the pass. */
  commStart: number;
  commEnd: number;
}

export function emptyBpfTask(): BpfTask {
  return {
    pid: 0,
    kernelThread: false,
    startTimeTicks: 0,
    state: 0,
    parentPid: 0,
    effectiveUid: 0,
    threads: 0,
    cpuSeconds: 0,
    memoryIsKnown: false,
    fileBytes: 0,
    anonBytes: 0,
    swapBytes: 0,
    shmemBytes: 0,
    fds: -1,
    commStart: 0,
    commEnd: 0,
  };
}

const firstBytes = 1 << 18;
/** Enough for 600,000 processes. */
const mostBytes = 1 << 26;

/** What one pass over all tasks left; the next one is written over it. */
export class BpfPass {
  words = new Uint32Array(firstBytes / 4);
  /** The same memory. */
  bytes = new Uint8Array(this.words.buffer);
  length = 0;

  /** Twice the room, with what is there. Throws when it has become too much. */
  grow(): void {
    if (this.bytes.length >= mostBytes) throw new RangeError(`expected at most ${mostBytes} bytes from the BPF iterator; found more`);
    const words = new Uint32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
    this.bytes = new Uint8Array(words.buffer);
  }
}

/** Opened anew for each pass: the file can't be read from its start again. Whatever goes wrong is thrown: then there was no pass. */
export function readBpfTasks(path: string, pass: BpfPass): void {
  pass.length = 0;
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      if (pass.length === pass.bytes.length) pass.grow();
      countRead();
      const count = readSync(fd, pass.bytes, pass.length, pass.bytes.length - pass.length, null);
      if (count === 0) return;
      pass.length += count;
    }
  } finally {
    closeSync(fd);
  }
}

const processKind = 1;
const threadKind = 2;
const kernelThreadKind = 3;
const processWords = 24;
const shortWords = 4;
const commWord = 20;
const commBytes = 16;
const memoryKnown = 1;
const filesKnown = 2;
const nsPerTick = 1e9 / ticksPerSecond;

/** Walks over a pass, from process to process. Ends, whatever the words are. */
export class BpfTaskCursor {
  readonly #pageBytes: number;
  #words = new Uint32Array(0);
  #bytes = new Uint8Array(0);
  #end = 0;
  #at = 0;
  /** CPU time of the threads beside the first, by process. */
  readonly #threadsNs = new Map<number, number>();

  constructor(pageBytes: number) {
    this.#pageBytes = pageBytes;
  }

  reset({ words, bytes, length }: BpfPass): void {
    this.#words = words;
    this.#bytes = bytes;
    this.#end = Math.floor(length / 4);
    this.#sumThreads();
    this.rewind();
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  rewind(): void {
    this.#at = 0;
  }

  /** Fills `into` with the next process or thread of the kernel; false at the end. */
  next(into: BpfTask): boolean {
    const at = this.#skipThreads(this.#at);
    const kind = this.#kindAt(at);
    if (kind === 0) return false;
    this.#at = at + sizeOf(kind);
    into.pid = this.#word(at);
    into.startTimeTicks = this.#long(at + 2);
    into.kernelThread = kind === kernelThreadKind;
    if (kind === processKind) this.#takeProcess(at, into);
    return true;
  }

  /** Moves to a process or thread of the kernel, so that it is the next; false when it is not there. */
  seek(pid: number): boolean {
    let at = 0;
    for (let kind = this.#kindAt(at); kind !== 0; kind = this.#kindAt(at)) {
      if (kind !== threadKind && this.#word(at) === pid) {
        this.#at = at;
        return true;
      }
      at += sizeOf(kind);
    }
    return false;
  }

  /** The process whose pid comes next after this one, round and round; 0 when there is none. */
  pidAfter(pid: number): number {
    let first = 0;
    let next = 0;
    let at = 0;
    for (let kind = this.#kindAt(at); kind !== 0; kind = this.#kindAt(at)) {
      const own = this.#word(at);
      if (kind === processKind && first === 0) first = own;
      if (kind === processKind && next === 0 && own > pid) next = own;
      at += sizeOf(kind);
    }
    return next === 0 ? first : next;
  }

  #takeProcess(at: number, into: BpfTask): void {
    const known = this.#word(at + 10);
    into.cpuSeconds = Math.floor((this.#long(at + 4) + (this.#threadsNs.get(into.pid) ?? 0)) / nsPerTick) / ticksPerSecond;
    into.state = stateLetter(this.#word(at + 6));
    into.parentPid = this.#word(at + 7);
    into.effectiveUid = this.#word(at + 8);
    into.threads = this.#word(at + 9);
    into.memoryIsKnown = (known & memoryKnown) !== 0;
    into.fds = (known & filesKnown) === 0 ? -1 : this.#word(at + 11);
    into.fileBytes = this.#long(at + 12) * this.#pageBytes;
    into.anonBytes = this.#long(at + 14) * this.#pageBytes;
    into.swapBytes = this.#long(at + 16) * this.#pageBytes;
    into.shmemBytes = this.#long(at + 18) * this.#pageBytes;
    into.commStart = (at + commWord) * 4;
    into.commEnd = into.commStart;
    while (into.commEnd < into.commStart + commBytes && this.#bytes[into.commEnd] !== 0) into.commEnd += 1;
  }

  #sumThreads(): void {
    this.#threadsNs.clear();
    let at = 0;
    for (let kind = this.#kindAt(at); kind !== 0; kind = this.#kindAt(at)) {
      if (kind !== threadKind) {
        at += sizeOf(kind);
        continue;
      }
      const pid = this.#word(at);
      let ns = this.#threadsNs.get(pid) ?? 0;
      // Those of one process mostly stand together.
      for (; this.#kindAt(at) === threadKind && this.#word(at) === pid; at += shortWords) ns += this.#long(at + 2);
      this.#threadsNs.set(pid, ns);
    }
  }

  #skipThreads(from: number): number {
    let at = from;
    while (this.#kindAt(at) === threadKind) at += shortWords;
    return at;
  }

  /** 0 where no whole record begins: there the pass ends. */
  #kindAt(at: number): number {
    const left = this.#end - at;
    if (left < shortWords) return 0;
    const kind = this.#word(at + 1);
    if (kind === processKind) return left < processWords ? 0 : kind;
    return kind === threadKind || kind === kernelThreadKind ? kind : 0;
  }

  #word(at: number): number {
    return this.#words[at] ?? 0;
  }

  #long(at: number): number {
    return (this.#words[at] ?? 0) + (this.#words[at + 1] ?? 0) * 0x1_0000_0000;
  }
}

function sizeOf(kind: number): number {
  return kind === processKind ? processWords : shortWords;
}

/** TASK_REPORT of include/linux/sched.h: the highest of these bits is the state. */
const letters = Buffer.from('RSDTtXZPI');
const reported = 0x7f;
/** TASK_IDLE, and what is shown as D: TASK_RTLOCK_WAIT, TASK_FROZEN. */
const idle = 0x402;
const shownAsD = 0x1000 | 0x8000;

function stateLetter(state: number): number {
  if ((state & idle) === idle) return letters[8] ?? 0;
  if ((state & shownAsD) !== 0) return letters[2] ?? 0;
  return letters[32 - Math.clz32(state & reported)] ?? 0;
}
