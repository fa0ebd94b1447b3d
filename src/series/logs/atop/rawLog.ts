/**
 * The raw log of atop: a header, then one record for each interval, of which the statistics of the host and of all tasks are
 * packed by zlib. Pure: bytes in, figures out.
 * https://github.com/Atoptool/atop/blob/master/rawlog.h
 */
import { inflateSync } from 'node:zlib';
import { StanchError } from '../../../model/errors.ts';
import { type AtopLayout, knownVersions, layoutOf } from './layout.ts';
import type { HostFigures, TaskFigures } from './workloads.ts';

export const headerBytes = 480;
export const recordHeadBytes = 96;
/** No machine has as many processes and threads; a record that states more is broken. */
const maxTasks = 262_144;
/** Packed, the host's statistics take some kilobytes, and a task some fifty bytes. */
const maxPackedBytes = 64 * 1024 * 1024;

/** A record is unpacked into one chunk rather than into many that are then copied together; zlib wants it this large at least. */
const leastChunkBytes = 64;

const magic = 0xfeedbeef;
const bootFlag = 0x0001;

export interface AtopHeader {
  version: string;
  host: string;
  pageBytes: number;
  ticksPerSecond: number;
  layout: AtopLayout;
}

export interface RecordHead {
  timeMs: number;
  /** Its counters count from the boot on, not from the record before. */
  sinceBoot: boolean;
  packedSystemBytes: number;
  packedTasksBytes: number;
  taskCount: number;
  processCount: number;
  /** Of all parts that follow the head. */
  bodyBytes: number;
}

export function isRawLog(bytes: Uint8Array): boolean {
  const first = bytes.length < 4 ? 0 : view(bytes).getUint32(0, true);
  return first === magic || first === 0xefbeedfe;
}

/** @throws StanchError for a version whose layout is not known, and for a log that states other lengths than those of its version. */
export function parseHeader(bytes: Uint8Array): AtopHeader {
  const data = view(bytes);
  if (data.getUint32(0, true) !== magic) throw unreadable('one that a big-endian machine wrote');
  const written = data.getUint16(4, true);
  const version = `${(written >> 8) & 0x7f}.${written & 0xff}`;
  const layout = layoutOf(version);
  if (layout === undefined) throw unreadable(`one of version ${version}`);
  const stated = [data.getUint16(10, true), data.getUint16(12, true), data.getUint32(28, true), data.getUint32(32, true)];
  const expected = [headerBytes, recordHeadBytes, layout.systemBytes, layout.taskBytes];
  if (stated.some((length, index) => length !== expected[index])) {
    throw unreadable(`one of version ${version} with structs of ${stated.join(', ')} bytes instead of ${expected.join(', ')}`);
  }
  const pageBytes = data.getUint32(436, true);
  const ticksPerSecond = data.getUint16(14, true);
  if (pageBytes === 0 || ticksPerSecond === 0) throw unreadable(`one of version ${version} without a page size or clock`);
  return { version, host: textAt(bytes, 101, 65), pageBytes, ticksPerSecond, layout };
}

/** Null when no atop wrote that: what follows can't be found. */
export function parseRecordHead(bytes: Uint8Array, layout: AtopLayout): RecordHead | null {
  const data = view(bytes);
  const timeMs = int64At(data, 0) * 1000;
  const head: RecordHead = {
    timeMs,
    sinceBoot: (data.getUint16(8, true) & bootFlag) !== 0,
    packedSystemBytes: data.getUint32(16, true),
    packedTasksBytes: data.getUint32(20, true),
    taskCount: data.getUint32(28, true),
    processCount: data.getUint32(40, true),
    bodyBytes: 0,
  };
  const cgroupBytes = layout.hasCgroupLists ? data.getUint32(72, true) + data.getUint32(84, true) : 0;
  head.bodyBytes = head.packedSystemBytes + head.packedTasksBytes + cgroupBytes;
  const isTime = timeMs > 0 && timeMs < 253_402_300_800_000;
  return isTime && head.taskCount <= maxTasks && head.bodyBytes <= maxPackedBytes ? head : null;
}

/** @throws Error of zlib, or RangeError, when the bytes are not what atop packed. */
export function unpack(packed: Uint8Array, length: number): Uint8Array {
  const bytes =
    length === 0 ? new Uint8Array(0) : inflateSync(packed, { maxOutputLength: length, chunkSize: Math.max(leastChunkBytes, length + 1) });
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes instead of ${length}`);
  return bytes;
}

/** Of the unpacked `struct sstat`; `processes` is of the record's head. */
export function hostFigures(system: Uint8Array, header: AtopHeader, processes: number): HostFigures {
  const { layout, pageBytes } = header;
  const data = view(system);
  const bytesAt = (offset: number): number => Math.max(0, int64At(data, layout.memory + offset)) * pageBytes;
  return {
    totalBytes: bytesAt(0),
    freeBytes: bytesAt(8),
    bufferBytes: bytesAt(16),
    slabBytes: bytesAt(24),
    cacheBytes: bytesAt(32),
    swapTotalBytes: bytesAt(48),
    swapFreeBytes: bytesAt(56),
    shmemBytes: bytesAt(layout.shmem),
    slabReclaimableBytes: bytesAt(layout.slabReclaimable),
    pageTableBytes: layout.pageTables === null ? 0 : bytesAt(layout.pageTables),
    availableBytes: layout.available === null ? 0 : bytesAt(layout.available),
    processes,
  };
}

/** Reads task after task of the unpacked list into one object. */
export function* taskFigures(tasks: Uint8Array, header: AtopHeader, figures: TaskFigures): Generator<TaskFigures> {
  const { layout, ticksPerSecond } = header;
  const data = view(tasks);
  for (let at = 0; at + layout.taskBytes <= tasks.length; at += layout.taskBytes) {
    const state = tasks[at + 65] ?? 0;
    // Threads are counted in their process; what has ended holds nothing.
    if (tasks[at + 64] !== 1 || state === 0x45) continue;
    const memory = at + layout.taskMemory;
    const kibAt = (offset: number): number => Math.max(0, int64At(data, memory + offset)) * 1024;
    figures.pid = data.getInt32(at + 4, true);
    figures.parentPid = data.getInt32(at + 8, true);
    figures.uid = data.getUint32(at + 16, true);
    figures.threads = Math.max(0, data.getInt32(at + 44, true));
    figures.name = textAt(tasks, at + 48, 16);
    figures.startTimeMs = int64At(data, at + 72) * 1000;
    figures.commandLine = textAt(tasks, at + 88, 256);
    figures.container = textAt(tasks, at + layout.container, 16);
    figures.cgroupPath = layout.cgroupPath === null ? '' : textAt(tasks, at + layout.cgroupPath, 64);
    figures.cpuSeconds = Math.max(0, int64At(data, at + layout.cpu) + int64At(data, at + layout.cpu + 8)) / ticksPerSecond;
    figures.virtualBytes = kibAt(24);
    figures.residentBytes = kibAt(32);
    figures.proportionalBytes = kibAt(40);
    figures.dataBytes = kibAt(64) + kibAt(72);
    figures.swapBytes = kibAt(88);
    figures.limitBytes = layout.cgroupLimit === null ? 0 : kibAt(layout.cgroupLimit);
    yield figures;
  }
}

function unreadable(found: string): StanchError {
  return new StanchError('STANCH_E_LOG_VERSION', {
    expected: `a raw log of atop ${knownVersions} from a 64-bit little-endian machine`,
    found,
    next: 'Let the atop that wrote it print it: atop -r FILE -P PRG,PRM,PRC,MEM,SWP | stanch scan -',
  });
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Exact up to 2^53, which no figure of a machine exceeds. */
function int64At(data: DataView, at: number): number {
  return data.getInt32(at + 4, true) * 4_294_967_296 + data.getUint32(at, true);
}

/** A C string, a byte a character. */
function textAt(bytes: Uint8Array, at: number, length: number): string {
  const end = bytes.indexOf(0, at);
  const to = end < 0 || end > at + length ? at + length : end;
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, to - at).toString('latin1');
}
