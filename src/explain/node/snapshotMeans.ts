/**
 * The dearest means, for Node and only on explicit request: a heap snapshot by the inspector. The process stands still meanwhile and needs several
 * times its heap, so that room for it is looked at again right before. The file is readable by its owner alone and removed once it is read: it is all
 * that the process has in memory.
 * https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/#method-takeHeapSnapshot
 */
import { closeSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readMeminfo } from '../../kernel/meminfo.ts';
import { StanchError } from '../../model/errors.ts';
import { isValue } from '../../model/reading.ts';
import { formatBytes, formatDuration, formatPercent } from '../../model/units.ts';
import { readHeadroom } from '../cost.ts';
import { openHeapSnapshot } from './heapSnapshot.ts';
import { withInspector } from './inspectorMeans.ts';
import { valueAt } from './samplingProfile.ts';
import { answerOfSnapshot, type SnapshotAnswer } from './snapshotAnswer.ts';
import { type SnapshotCost, snapshotRssBytes, whyNoRoom } from './snapshotCost.ts';

const mostPatienceMs = 600_000;
const mostPathShown = 8;

/** Errors: STANCH_E_BUDGET where it is not proven that there is room. */
export function requireRoom(pid: number, cost: SnapshotCost, folder: string): void {
  const meminfo = readMeminfo('/proc');
  const why = whyNoRoom(cost, snapshotRssBytes(cost.diskBytes), {
    targetBytes: readHeadroom(cost.targetBytes, pid)?.bytes ?? null,
    serverBytes: isValue(meminfo) && isValue(meminfo.MemAvailable) ? meminfo.MemAvailable : null,
    diskBytes: freeBytes(folder),
  });
  if (why === null) return;
  throw new StanchError('STANCH_E_BUDGET', {
    expected: `room for a heap snapshot, which can end a process that has none: ${why.split(', but ')[0]}`,
    found: why.split(', but ')[1] ?? 'less',
    next: 'Its memory is read without any of that: stanch why PID',
  });
}

function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

/** `path`: must not be there, and is not there afterwards. Errors: STANCH_E_BUDGET, STANCH_E_NOT_POSSIBLE, STANCH_E_SNAPSHOT. */
export async function answerBySnapshot(pid: number, cost: SnapshotCost, path: string, showTexts: boolean): Promise<SnapshotAnswer> {
  requireRoom(pid, cost, dirname(path));
  try {
    await takeSnapshot(pid, cost.diskBytes, path);
    const snapshot = openHeapSnapshot(path);
    try {
      return answerOfSnapshot(snapshot, showTexts);
    } finally {
      snapshot.close();
    }
  } finally {
    rmSync(path, { force: true });
  }
}

/** Written as it comes, so that little of it is in memory. */
async function takeSnapshot(pid: number, mostBytes: number, path: string): Promise<void> {
  const fd = openSync(path, 'wx', 0o600);
  try {
    await withInspector(pid, async (session) => {
      let bytes = 0;
      let trouble: unknown = null;
      session.on('HeapProfiler.addHeapSnapshotChunk', (params) => {
        const chunk = valueAt(params, 'chunk');
        if (typeof chunk !== 'string' || bytes > mostBytes || trouble !== null) return;
        bytes += Buffer.byteLength(chunk);
        try {
          if (bytes <= mostBytes) writeFileSync(fd, chunk);
        } catch (error) {
          trouble = error;
        }
      });
      await session.ask('HeapProfiler.takeHeapSnapshot', { reportProgress: false }, mostPatienceMs);
      if (trouble !== null) throw unwritable(path, trouble);
      if (bytes > mostBytes) throw tooLarge(mostBytes);
    });
  } finally {
    closeSync(fd);
  }
}

function unwritable(path: string, cause: unknown): StanchError {
  return new StanchError('STANCH_E_OUTPUT', {
    expected: `to write the heap snapshot to ${path}`,
    found: cause instanceof Error ? cause.message : String(cause),
    next: 'Make room, or name another folder: --data DIR',
    cause,
  });
}

function tooLarge(mostBytes: number): StanchError {
  return new StanchError('STANCH_E_BUDGET', {
    expected: `a heap snapshot of at most ${formatBytes(mostBytes)}`,
    found: 'more',
    next: 'Its memory is read without one: stanch why PID',
  });
}

/** What keeps the most, for the paragraph; says nothing of growth. */
export function snapshotSentence({ bytes, nodes, classes }: SnapshotAnswer): string {
  const [first, second] = classes;
  if (first === undefined) return `Its heap snapshot has ${formatBytes(bytes)} in ${nodes} objects, none of a class with a name.`;
  const also = second === undefined ? '' : ` Then ${second.type}: ${formatBytes(second.retainedBytes)}.`;
  return `In its heap snapshot of ${formatBytes(bytes)} most is kept alive by ${first.type}: ${first.count} of them keep ${formatBytes(first.retainedBytes)} (${formatPercent(first.retainedBytes / Math.max(1, bytes))}), come to by ${shown(first.path)}.${also}`;
}

/** The way from the root to what grows, where the snapshot has that class. */
export function pathInSnapshot({ classes }: SnapshotAnswer, type: string): string[] | null {
  const name = /^[\w$.]+/.exec(type)?.[0];
  return classes.find((each) => each.type === name)?.path ?? null;
}

export function snapshotNotes({ classes }: SnapshotAnswer): string[] {
  return classes.map(
    ({ type, count, retainedBytes, path }) => `Kept alive by ${type} (${count}): ${formatBytes(retainedBytes)}, by ${shown(path)}`,
  );
}

function shown(path: readonly string[]): string {
  return (path.length <= mostPathShown ? path : ['…', ...path.slice(-mostPathShown)]).join(' › ');
}

export function snapshotCostText({ pauseMs, targetBytes, diskBytes }: SnapshotCost): string {
  return `Then a heap snapshot by its inspector, which SIGUSR1 opens and which is closed again: THE PROCESS STANDS STILL for about ${formatDuration(pauseMs)} of CPU time, needs up to ${formatBytes(targetBytes)} of memory more, which it mostly keeps until it restarts, and up to ${formatBytes(diskBytes)} of disk here until it is read. The file is removed then.`;
}
