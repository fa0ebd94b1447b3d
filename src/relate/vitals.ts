/** The host between two scans: counters of the kernel become rates. Some ten small files a scan. */
import { readPageBytes } from '../kernel/auxv.ts';
import { type DiskStats, readDiskStats } from '../kernel/diskstats.ts';
import { type NetDevice, readNetDevices } from '../kernel/netDev.ts';
import { type NetNetstat, readNetNetstat } from '../kernel/netNetstat.ts';
import { type NetSnmp, readNetSnmp } from '../kernel/netSnmp.ts';
import { readBacklogDrops } from '../kernel/netSoftnetStat.ts';
import { type Pressure, readPressure } from '../kernel/pressure.ts';
import { readTcpMemLimitPages } from '../kernel/tcpMem.ts';
import { readVmEvents, type VmEvents } from '../kernel/vmstat.ts';
import type { DiskVitals, NetworkVitals, Vitals } from '../model/cascade.ts';
import { absent, isValue, type Reading } from '../model/reading.ts';
import { PressureMeter } from '../sample/pressureMeter.ts';
import type { HostReading } from '../sample/scan.ts';

/** Everything that only counts up, at one moment of a clock that never jumps. */
export interface HostCounters {
  monotonicMs: number;
  vm: Reading<VmEvents>;
  disks: Reading<DiskStats[]>;
  cpu: HostReading['cpu'];
  snmp: Reading<NetSnmp>;
  netstat: Reading<NetNetstat>;
  backlogDrops: Reading<number>;
  devices: Reading<NetDevice[]>;
  io: Reading<Pressure>;
  cpuPressure: Reading<Pressure>;
  tcpPages: Reading<number>;
}

/** What does not change while the machine runs. */
interface Constants {
  pageBytes: Reading<number>;
  tcpLimitPages: Reading<number>;
}

/** All but what the kernel's log tells. */
type VitalsRead = Omit<Vitals, 'failedAllocations'>;

const halfMinuteMs = 30_000;

export class VitalsReader {
  readonly #procRoot: string;
  readonly #constants: Constants;
  readonly #headroom = new HeadroomTrend();
  readonly #pressures = { io: new PressureMeter(), cpu: new PressureMeter() };
  #before: HostCounters | null = null;
  /** One or two of the last minute: what the network does shows only over more packets than one interval has. */
  #minute: HostCounters[] = [];

  constructor(procRoot = '/proc') {
    this.#procRoot = procRoot;
    this.#constants = { pageBytes: readPageBytes(procRoot), tcpLimitPages: readTcpMemLimitPages(procRoot) };
  }

  /** The first call has nothing to compare with: its rates are absent. */
  read(host: HostReading, timeMs: number): VitalsRead {
    const after = readCounters(this.#procRoot, host, this.#pressures);
    const headroomEndsMs = this.#headroom.add(timeMs, host.sample.headroomBytes);
    const vitals = vitalsBetween({ scan: this.#before, minute: this.#minute[0] ?? null }, after, host, this.#constants);
    this.#before = after;
    const newest = this.#minute.at(-1);
    if (newest === undefined || after.monotonicMs - newest.monotonicMs >= halfMinuteMs) this.#minute = [...this.#minute.slice(-1), after];
    return { ...vitals, timeMs, headroomEndsMs };
  }
}

function readCounters(procRoot: string, host: HostReading, pressures: Record<'io' | 'cpu', PressureMeter>): HostCounters {
  const monotonicMs = performance.now();
  return {
    monotonicMs,
    vm: readVmEvents(procRoot),
    disks: readDiskStats(procRoot),
    // The scan's own object is used again for the next one.
    cpu: { ...host.cpu },
    snmp: readNetSnmp(procRoot),
    netstat: readNetNetstat(procRoot),
    backlogDrops: readBacklogDrops(procRoot),
    devices: readNetDevices(procRoot),
    io: pressures.io.add(readPressure(procRoot, 'io'), monotonicMs),
    cpuPressure: pressures.cpu.add(readPressure(procRoot, 'cpu'), monotonicMs),
    tcpPages: host.sockets.tcpPages,
  };
}

/** Pure. Before: at the last scan, and up to a minute ago for the network; null where there is none. */
export function vitalsBetween(
  { scan: before, minute }: { scan: HostCounters | null; minute: HostCounters | null },
  after: HostCounters,
  host: HostReading,
  { pageBytes, tcpLimitPages }: Constants,
): Omit<VitalsRead, 'timeMs' | 'headroomEndsMs'> {
  const seconds = secondsBetween(before, after);
  const vm = (pick: (events: VmEvents) => Reading<number>) => grown(before?.vm, after.vm, pick);
  const rate = (growth: Reading<number>) => perSecond(growth, seconds);
  const bytes = (growth: Reading<number>) => (isValue(growth) && isValue(pageBytes) ? rate(growth * pageBytes) : absent);
  const pressure = (of: Reading<Pressure>, kind: keyof Pressure) => (isValue(of) ? of[kind] : of);
  return {
    memAvailableBytes: host.memAvailableBytes,
    memAvailableRatio: ratio(host.memAvailableBytes, host.memTotalBytes),
    swapTotalBytes: host.swapTotalBytes,
    swapFreeRatio: ratio(host.swapFreeBytes, host.swapTotalBytes),
    memorySome: host.memoryPressure.some10,
    memoryFull: host.memoryPressure.full10,
    ioSome: pressure(after.io, 'some10'),
    ioFull: pressure(after.io, 'full10'),
    cpuSome: pressure(after.cpuPressure, 'some10'),
    swapInBytes: bytes(vm((events) => events.swapInPages)),
    swapOutBytes: bytes(vm((events) => events.swapOutPages)),
    refaultBytes: bytes(vm((events) => events.refaultPages)),
    majorFaults: rate(vm((events) => events.majorFaults)),
    directReclaims: rate(vm((events) => events.directReclaims)),
    reclaimedBytes: bytes(vm((events) => events.reclaimedPages)),
    oomKills: vm((events) => events.oomKills),
    disk: slowestDisk(before?.disks, after.disks, seconds),
    cpuCount: host.cpuCount,
    runningTasks: after.cpu.runningTasks,
    blockedTasks: after.cpu.blockedTasks,
    ...cpuShares(before?.cpu, after.cpu),
    network: networkVitals(minute, after, ratio(after.tcpPages, tcpLimitPages)),
  };
}

function secondsBetween(before: HostCounters | null, after: HostCounters): number {
  return before === null ? Number.NaN : (after.monotonicMs - before.monotonicMs) / 1000;
}

function perSecond(growth: Reading<number>, seconds: number): Reading<number> {
  return isValue(growth) && seconds > 0 ? growth / seconds : absent;
}

/** Absent at first, and when a counter went back. */
function grown<T>(before: Reading<T> | undefined, after: Reading<T>, pick: (counters: T) => Reading<number>): Reading<number> {
  if (!isValue(after)) return after;
  const now = pick(after);
  if (!isValue(now)) return now;
  if (before === undefined || !isValue(before)) return absent;
  const then = pick(before);
  return isValue(then) && now >= then ? now - then : absent;
}

function ratio(part: Reading<number>, whole: Reading<number>): Reading<number> {
  if (!isValue(part)) return part;
  if (!isValue(whole)) return whole;
  return whole > 0 ? Math.min(1, part / whole) : absent;
}

type CpuShares = Pick<Vitals, 'cpuBusyRatio' | 'ioWaitRatio' | 'stealRatio'>;

function cpuShares(before: HostReading['cpu'] | undefined, after: HostReading['cpu']): CpuShares {
  const of = (kind: 'busySeconds' | 'ioWaitSeconds' | 'stealSeconds' | 'idleSeconds'): Reading<number> =>
    grown(before, after, (cpu) => cpu[kind]);
  const parts: Record<'busy' | 'ioWait' | 'steal' | 'idle', Reading<number>> = {
    busy: of('busySeconds'),
    ioWait: of('ioWaitSeconds'),
    steal: of('stealSeconds'),
    idle: of('idleSeconds'),
  };
  const all = Object.values(parts).reduce<number>((total, part) => total + (isValue(part) ? part : 0), 0);
  const share = (part: Reading<number>): Reading<number> => (isValue(part) ? (all > 0 ? part / all : absent) : part);
  return { cpuBusyRatio: share(parts.busy), ioWaitRatio: share(parts.ioWait), stealRatio: share(parts.steal) };
}

function slowestDisk(before: Reading<DiskStats[]> | undefined, after: Reading<DiskStats[]>, seconds: number): Reading<DiskVitals> {
  if (!isValue(after)) return after;
  if (before === undefined || !isValue(before) || !(seconds > 0)) return absent;
  const then = new Map(before.map((disk) => [disk.name, disk]));
  let slowest: DiskVitals | null = null;
  for (const disk of after) {
    const vitals = diskVitals(then.get(disk.name), disk, seconds);
    // A partition is no slower than its disk, which comes first.
    if (vitals !== null && (slowest === null || vitals.queue > slowest.queue)) slowest = vitals;
  }
  return slowest ?? absent;
}

function diskVitals(before: DiskStats | undefined, after: DiskStats, seconds: number): DiskVitals | null {
  if (before === undefined || after.requests < before.requests) return null;
  const requests = after.requests - before.requests;
  // The counters of times are of 32 bits and may wrap around.
  const since = (pick: (disk: DiskStats) => number) => Math.max(0, pick(after) - pick(before));
  const queue = since((disk) => disk.weightedMs) / 1000 / seconds;
  return {
    name: after.name,
    // Of a disk that ended none, those that wait are as old as the time itself at least.
    latencyMs: requests > 0 ? since((disk) => disk.requestMs) / requests : after.inFlight > 0 ? seconds * 1000 : 0,
    queue,
    busyRatio: Math.min(1, since((disk) => disk.busyMs) / 1000 / seconds),
    requests,
  };
}

function networkVitals(before: HostCounters | null, after: HostCounters, tcpMemoryRatio: Reading<number>): NetworkVitals {
  const seconds = secondsBetween(before, after);
  const rate = (growth: Reading<number>) => perSecond(growth, seconds);
  const snmp = (pick: (counters: NetSnmp) => Reading<number>) => grown(before?.snmp, after.snmp, pick);
  const tcp = (pick: (counters: NetNetstat) => Reading<number>) => grown(before?.netstat, after.netstat, pick);
  const devices = (pick: (device: NetDevice) => number) =>
    grown(before?.devices, after.devices, (all) => all.reduce((sum, device) => sum + pick(device), 0));
  const retransmitted = ofStandingConnections(
    snmp((counters) => counters.retransmittedSegments),
    tcp((counters) => counters.synRetransmits),
  );
  const sent = snmp((counters) => counters.sentSegments);
  const backlog = grown(before?.backlogDrops, after.backlogDrops, (drops) => drops);
  return {
    sentSegments: rate(sent),
    retransmittedSegments: rate(retransmitted),
    // Segments that are sent again are not among those sent.
    retransmitRatio: isValue(sent) && isValue(retransmitted) && sent + retransmitted > 0 ? retransmitted / (sent + retransmitted) : absent,
    timeouts: rate(tcp((counters) => counters.timeouts)),
    listenOverflows: rate(tcp((counters) => counters.listenOverflows)),
    receiveDrops: rate(
      sum(
        tcp((counters) => counters.receiveDrops),
        snmp((counters) => counters.udpBufferErrors),
      ),
    ),
    tcpMemoryRatio,
    memoryFailures: rate(
      sum(
        tcp((counters) => counters.memoryAborts),
        tcp((counters) => counters.memoryPressures),
      ),
    ),
    drops: rate(
      sum(
        devices((device) => device.drops),
        backlog,
        snmp((counters) => counters.discardedPackets),
      ),
    ),
    errors: rate(devices((device) => device.errors)),
  };
}

/** An opening that nobody answers is sent again as well, and says nothing of the network: the other side may not be there. */
function ofStandingConnections(retransmitted: Reading<number>, openings: Reading<number>): Reading<number> {
  return isValue(retransmitted) && isValue(openings) ? Math.max(0, retransmitted - openings) : retransmitted;
}

/** Of those that are known. */
function sum(...readings: Reading<number>[]): Reading<number> {
  const known = readings.filter(isValue);
  return known.length === 0 ? absent : known.reduce((total, value) => total + value);
}

const trendMs = 600_000;
const leastTrendMs = 120_000;
const trendPoints = 120;

/** Whether the headroom falls, by its best moments: what is freed again is no fall. */
class HeadroomTrend {
  readonly #points: { timeMs: number; bytes: number }[] = [];

  /** When it ends; absent where it does not fall, or too little is known. */
  add(timeMs: number, headroomBytes: Reading<number>): Reading<number> {
    if (!isValue(headroomBytes)) return absent;
    const points = this.#points;
    const last = points.at(-1);
    if (last !== undefined && timeMs - last.timeMs < trendMs / trendPoints) last.bytes = headroomBytes;
    else points.push({ timeMs, bytes: headroomBytes });
    while (points.length > trendPoints || timeMs - (points[0]?.timeMs ?? timeMs) > trendMs) points.shift();
    const spanMs = timeMs - (points[0]?.timeMs ?? timeMs);
    if (spanMs < leastTrendMs) return absent;
    const middleMs = timeMs - spanMs / 2;
    const best = (wanted: (at: number) => boolean) => Math.max(...points.filter((point) => wanted(point.timeMs)).map(({ bytes }) => bytes));
    const fallPerMs = (best((at) => at <= middleMs) - best((at) => at > middleMs)) / (spanMs / 2);
    return fallPerMs > 0 ? headroomBytes / fallPerMs : absent;
  }
}
