/**
 * Probes of this process in tracefs: in a group and an instance of their own, named after who placed them, so that whoever finds them later knows
 * whether anybody still wants them. Nothing that others trace is touched.
 * https://docs.kernel.org/trace/uprobetracer.html
 */
import { closeSync, constants, mkdirSync, openSync, readdirSync, readSync, rmdirSync, truncateSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { missingFor } from '../../kernel/read.ts';
import { findTracefs, type ProbeRecord, parseProbeRecord, readProbeGroups, readProbeHits } from '../../kernel/tracefs.ts';
import { StanchError } from '../../model/errors.ts';
import { isValue } from '../../model/reading.ts';
import { startTimeOf } from '../identity.ts';

const ownGroup = /^stanch_(\d{1,10})_(\d{1,20})$/;
/** Of all processors together. */
const bufferKib = 16_384;
const [leastKib, mostKib] = [64, 4096];
const pipeBytes = 1 << 20;
const mostPartBytes = 16_384;
/** The kernel refuses some places for reasons of its own; more say that something else is wrong. */
const mostRefused = 64;

export interface Place {
  /** Path of the file, without blanks, and where in it. */
  mapped: string;
  offset: number;
}

export class Uprobes {
  readonly #root: string;
  readonly #group: string;
  readonly #instance: string;
  #pipe = -1;
  readonly #bytes = Buffer.alloc(pipeBytes);
  readonly #onExit = () => this.remove();
  #rest = '';
  #isThere = true;

  /** Errors: STANCH_E_NOT_POSSIBLE where the kernel has none of it or the account may not. */
  constructor(pid: number) {
    const root = requireTracefs();
    sweepProbes();
    this.#root = root;
    this.#group = `stanch_${process.pid}_${startTimeOf(process.pid) ?? 0}`;
    this.#instance = `${root}/instances/${this.#group}`;
    process.once('exit', this.#onExit);
    try {
      mkdirSync(this.#instance);
      const kib = Math.max(leastKib, Math.min(mostKib, Math.floor(bufferKib / availableParallelism())));
      write(`${this.#instance}/buffer_size_kb`, `${kib}`);
      write(`${this.#instance}/options/overwrite`, '0');
      // Threads that come meanwhile are recorded too.
      write(`${this.#instance}/options/event-fork`, '1');
      write(`${this.#instance}/set_event_pid`, readdirSync(`/proc/${pid}/task`).join(' '));
      this.#pipe = openSync(`${this.#instance}/trace_pipe`, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Puts one event at all these places, and begins. How many of them the kernel took. Errors: STANCH_E_NOT_POSSIBLE when it takes none. */
  begin(event: string, places: readonly Place[], fetched: string): number {
    const refusals: unknown[] = [];
    let taken = 0;
    const fd = openSync(`${this.#root}/uprobe_events`, constants.O_WRONLY | constants.O_APPEND);
    try {
      for (const { mapped, offset } of places) {
        if (refusals.length > mostRefused) break;
        try {
          writeSync(fd, `p:${this.#group}/${event} ${mapped}:0x${offset.toString(16)} ${fetched}\n`);
          taken += 1;
        } catch (error) {
          refusals.push(error);
        }
      }
    } finally {
      closeSync(fd);
    }
    const [refused] = refusals;
    if (taken === 0) throw notPossible('the kernel to take a probe', refused instanceof Error ? refused.message : 'no place for one');
    // What an event before has left would be in the way.
    truncateSync(`${this.#instance}/trace`);
    this.#rest = '';
    write(`${this.#instance}/events/${this.#group}/${event}/enable`, '1');
    return taken;
  }

  /** The pages of all processes are as they were before. */
  end(event: string): void {
    write(`${this.#instance}/events/${this.#group}/${event}/enable`, '0');
  }

  hits(event: string): number {
    const hits = readProbeHits(this.#root, event);
    return isValue(hits) ? hits : 0;
  }

  /** What came since, at most a megabyte of it. */
  records(event: string): ProbeRecord[] {
    let length = 0;
    try {
      while (length < pipeBytes) {
        const got = readSync(this.#pipe, this.#bytes, length, Math.min(mostPartBytes, pipeBytes - length), null);
        if (got === 0) break;
        length += got;
      }
    } catch (error) {
      // Nothing more for now.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
    const lines = `${this.#rest}${this.#bytes.toString('latin1', 0, length)}`.split('\n');
    this.#rest = lines.pop()?.slice(-mostPartBytes) ?? '';
    return lines.flatMap((line) => parseProbeRecord(line, event) ?? []);
  }

  remove(): void {
    if (!this.#isThere) return;
    this.#isThere = false;
    process.off('exit', this.#onExit);
    if (this.#pipe >= 0) closeSync(this.#pipe);
    removeGroup(this.#root, this.#group);
  }
}

/** Takes away what a stanch that ended by force has left, of whom nobody is there any more. How many groups that were. */
export function sweepProbes(): number {
  const root = findTracefs();
  const groups = root === null ? null : readProbeGroups(root);
  if (root === null || groups === null || !isValue(groups)) return 0;
  const left = new Set([...groups.keys(), ...instancesIn(root)].filter((name) => isAbandoned(name)));
  for (const group of left) removeGroup(root, group);
  return left.size;
}

function isAbandoned(name: string): boolean {
  const [, pid, start] = ownGroup.exec(name) ?? [];
  return pid !== undefined && startTimeOf(Number(pid)) !== Number(start);
}

function instancesIn(root: string): string[] {
  try {
    return readdirSync(`${root}/instances`);
  } catch (error) {
    missingFor(error);
    return [];
  }
}

function removeGroup(root: string, group: string): void {
  const instance = `${root}/instances/${group}`;
  const events = readProbeGroups(root);
  const names = isValue(events) ? [...(events.get(group) ?? [])] : [];
  unlessMissing(() => write(`${instance}/events/${group}/enable`, '0'));
  unlessMissing(() => rmdirSync(instance));
  for (const event of names) unlessMissing(() => write(`${root}/uprobe_events`, `-:${group}/${event}\n`));
}

/** Another stanch may have been faster. */
function unlessMissing(act: () => void): void {
  try {
    act();
  } catch (error) {
    missingFor(error);
  }
}

/** Never truncates: that would take away the probes of everybody. */
function write(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND);
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Errors: STANCH_E_NOT_POSSIBLE. */
export function requireTracefs(): string {
  if (process.arch !== 'x64') throw notPossible('a processor of the kind x86-64', process.arch);
  // Looking into it is what makes systemd mount it.
  instancesIn('/sys/kernel/tracing');
  const root = findTracefs();
  if (root === null) throw notPossible('tracefs to be mounted', 'that it is not. mount -t tracefs nodev /sys/kernel/tracing');
  if (!isValue(readProbeGroups(root))) throw notPossible('a kernel with uprobes, and to be root', `no ${root}/uprobe_events to be read`);
  return root;
}

export function notPossible(expected: string, found: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', { expected, found, next: 'Without --means uprobes its memory is only read.' });
}
