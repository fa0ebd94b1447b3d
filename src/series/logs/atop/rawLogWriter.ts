/** Writes raw logs of atop 2.8 for tests and benchmarks: what is put in, and zeros in all other places. */
import { deflateSync } from 'node:zlib';
import { layoutOf } from './layout.ts';
import { headerBytes, recordHeadBytes } from './rawLog.ts';

export interface WrittenTask {
  pid?: number;
  parentPid?: number;
  uid?: number;
  name?: string;
  commandLine?: string;
  container?: string;
  cgroupPath?: string;
  isThread?: boolean;
  state?: string;
  threads?: number;
  startSeconds?: number;
  userTicks?: number;
  virtualKib?: number;
  residentKib?: number;
  proportionalKib?: number;
  dataKib?: number;
  swapKib?: number;
  limitKib?: number;
}

export interface WrittenRecord {
  seconds: number;
  sinceBoot?: boolean;
  tasks: readonly WrittenTask[];
}

const version = '2.8';
const versionNumber = 0x8208;
const totalPages = 1_000_000;
const freePages = 400_000;

function writtenLayout() {
  const layout = layoutOf(version);
  if (layout === undefined) throw new Error(`no layout of atop ${version}`);
  return layout;
}

export function rawLogHeader(host = 'db1'): Buffer {
  const layout = writtenLayout();
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(0xfeedbeef, 0);
  header.writeUInt16LE(versionNumber, 4);
  header.writeUInt16LE(headerBytes, 10);
  header.writeUInt16LE(recordHeadBytes, 12);
  header.writeUInt16LE(100, 14);
  header.writeUInt32LE(layout.systemBytes, 28);
  header.writeUInt32LE(layout.taskBytes, 32);
  header.write(host, 101);
  header.writeUInt32LE(4096, 436);
  return header;
}

export function rawLogRecord({ seconds, sinceBoot = false, tasks }: WrittenRecord): Buffer {
  const layout = writtenLayout();
  const system = Buffer.alloc(layout.systemBytes);
  system.writeBigInt64LE(BigInt(totalPages), layout.memory);
  system.writeBigInt64LE(BigInt(freePages), layout.memory + 8);
  const packedSystem = deflateSync(system, { level: 1 });
  const packedTasks = deflateSync(Buffer.concat(tasks.map(taskBytes)), { level: 1 });
  const head = Buffer.alloc(recordHeadBytes);
  head.writeBigInt64LE(BigInt(seconds), 0);
  head.writeUInt16LE(sinceBoot ? 1 : 0, 8);
  head.writeUInt32LE(packedSystem.length, 16);
  head.writeUInt32LE(packedTasks.length, 20);
  head.writeUInt32LE(tasks.length, 28);
  head.writeUInt32LE(tasks.length, 40);
  return Buffer.concat([head, packedSystem, packedTasks]);
}

export function rawLog(records: readonly WrittenRecord[], host?: string): Buffer {
  return Buffer.concat([rawLogHeader(host), ...records.map(rawLogRecord)]);
}

function taskBytes(task: WrittenTask): Buffer {
  const layout = writtenLayout();
  const bytes = Buffer.alloc(layout.taskBytes);
  const long = (value: number | undefined, at: number) => bytes.writeBigInt64LE(BigInt(value ?? 0), at);
  bytes.writeInt32LE(task.pid ?? 100, 4);
  bytes.writeInt32LE(task.parentPid ?? 1, 8);
  bytes.writeInt32LE(task.uid ?? 0, 16);
  bytes.writeInt32LE(task.threads ?? 1, 44);
  bytes.write(task.name ?? 'web', 48, 15);
  bytes[64] = task.isThread === true ? 0 : 1;
  bytes.write(task.state ?? 'S', 65, 1);
  long(task.startSeconds ?? 1000, 72);
  bytes.write(task.commandLine ?? 'web', 88, 255);
  bytes.write(task.container ?? '', layout.container, 15);
  bytes.write(task.cgroupPath ?? '', layout.cgroupPath ?? 0, 63);
  long(task.userTicks, layout.cpu);
  long(task.virtualKib ?? 500_000, layout.taskMemory + 24);
  long(task.residentKib, layout.taskMemory + 32);
  long(task.proportionalKib ?? -1, layout.taskMemory + 40);
  long(task.dataKib ?? 400_000, layout.taskMemory + 64);
  long(task.swapKib, layout.taskMemory + 88);
  long(task.limitKib ?? -1, layout.taskMemory + (layout.cgroupLimit ?? 0));
  return bytes;
}
