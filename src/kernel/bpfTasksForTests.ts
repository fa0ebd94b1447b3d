/** Records as the BPF iterator writes them, from what they are to say. */
import { type BpfTask, emptyBpfTask } from './bpfTasks.ts';

export interface WrittenTask extends Partial<BpfTask> {
  pid: number;
  comm?: string;
  /** CPU time of each thread beside the first; what is left of `cpuSeconds` is that of the first. */
  threadsCpuSeconds?: readonly number[];
}

export const pageBytesForTests = 4096;
const nsPerSecond = 1_000_000_000n;
const states: Record<string, number> = { R: 0, S: 1, D: 2, T: 4, Z: 0xa0 };

/** Bytes of one process with its threads, or of one thread of the kernel. */
export function writtenTask({ comm = '', threadsCpuSeconds = [], ...given }: WrittenTask): Buffer {
  const task = { ...emptyBpfTask(), state: 0x53, ...given };
  const ns = (seconds: number) => BigInt(Math.round(seconds * 100)) * (nsPerSecond / 100n);
  if (task.kernelThread) return shortRecord(task.pid, 3, BigInt(task.startTimeTicks));
  const bytes = Buffer.alloc(96);
  const threadsNs = threadsCpuSeconds.map(ns);
  const words = [task.pid, 1, ...long(task.startTimeTicks), 0, 0, states[String.fromCharCode(task.state)] ?? 0];
  const known = (task.memoryIsKnown ? 1 : 0) | (task.fds >= 0 ? 2 : 0);
  words.push(task.parentPid, task.effectiveUid, task.threads, known, Math.max(0, task.fds));
  for (const size of [task.fileBytes, task.anonBytes, task.swapBytes, task.shmemBytes]) words.push(...long(size / pageBytesForTests));
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
  bytes.writeBigUInt64LE(
    threadsNs.reduce((left, part) => left - part, ns(task.cpuSeconds)),
    16,
  );
  bytes.write(comm.slice(0, 15), 80, 'latin1');
  return Buffer.concat([bytes, ...threadsNs.map((part) => shortRecord(task.pid, 2, part))]);
}

function shortRecord(pid: number, kind: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(pid, 0);
  bytes.writeUInt32LE(kind, 4);
  bytes.writeBigUInt64LE(value, 8);
  return bytes;
}

function long(value: number): [low: number, high: number] {
  return [value % 0x1_0000_0000, Math.floor(value / 0x1_0000_0000)];
}
