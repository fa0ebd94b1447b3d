/** Whatever bytes a kernel, a container runtime or a hostile process puts into a file: every parser ends and none throws. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parseArcstats } from './arcstats.ts';
import { parsePageBytes } from './auxv.ts';
import { BpfPass, BpfTaskCursor, emptyBpfTask } from './bpfTasks.ts';
import { parseCgroupLimit, parseCgroupMemoryStat } from './cgroupMemory.ts';
import { parseCgroupMemoryEvents } from './cgroupMemoryEvents.ts';
import { parseCgroupStat } from './cgroupStat.ts';
import { parseDiskStats } from './diskstats.ts';
import { parseDeletedMappings } from './heldFiles.ts';
import { parseHugePageBytes, parseHugePageCount } from './hugepages.ts';
import { parseKmsgRecord } from './kmsg.ts';
import { parseLoadavg } from './loadavg.ts';
import { parseMeminfo } from './meminfo.ts';
import { parseMountinfo } from './mountinfo.ts';
import { parseNetDevices } from './netDev.ts';
import { emptyInetSocket, inetAddress, parseInetLine } from './netInet.ts';
import { parseNetNetstat } from './netNetstat.ts';
import { parseNetSnmp } from './netSnmp.ts';
import { parseBacklogDrops } from './netSoftnetStat.ts';
import { emptyUnixSocket, parseUnixLine } from './netUnix.ts';
import { parsePidCgroup } from './pidCgroup.ts';
import { parsePidCmdline } from './pidCmdline.ts';
import { parseFdLink } from './pidFd.ts';
import { parseOpenFilesLimit } from './pidLimits.ts';
import { parsePidSchedstat } from './pidSchedstat.ts';
import { parsePidSmapsRollup } from './pidSmapsRollup.ts';
import { emptyPidStat, parsePidStat } from './pidStat.ts';
import { parsePidStatm } from './pidStatm.ts';
import { emptyPidStatus, parsePidStatus } from './pidStatus.ts';
import { parsePressure } from './pressure.ts';
import { parseMemoryCgroupCount } from './procCgroups.ts';
import { parseSlabinfo } from './slabinfo.ts';
import { parseSlabReclaimable } from './slabReclaimAccount.ts';
import { parseSockstat } from './sockstat.ts';
import { parseStat } from './stat.ts';
import { parseSysvShm } from './sysvipcShm.ts';
import { parseTcpMemLimitPages } from './tcpMem.ts';
import { parseVmallocCallers } from './vmallocinfo.ts';
import { parseTakenPages, parseVmEvents, parseVmstat } from './vmstat.ts';
import { parseCpuFreePages } from './zoneinfo.ts';
import { parseZramMmStat } from './zram.ts';

const text = (bytes: Uint8Array, length: number) => Buffer.from(bytes.subarray(0, length)).toString('latin1');

/** Each answers with every number that it found. */
const parsers: Record<string, (bytes: Uint8Array, length: number) => unknown> = {
  stat: (bytes, length) => {
    const into = emptyPidStat();
    return parsePidStat(bytes, length, into) ? into : null;
  },
  statm: (bytes, length) => {
    const into = { sizePages: 0, residentPages: 0, sharedPages: 0 };
    return parsePidStatm(bytes, length, into) ? into : null;
  },
  schedstat: (bytes, length) => {
    const into = { runNs: 0, slices: 0 };
    return parsePidSchedstat(bytes, length, into) ? into : null;
  },
  status: (bytes, length) => {
    const into = emptyPidStatus();
    parsePidStatus(bytes, length, into);
    return into;
  },
  limits: parseOpenFilesLimit,
  cmdline: (bytes, length) => parsePidCmdline(bytes, length).length,
  cgroup: (bytes, length) => parsePidCgroup(text(bytes, length)),
  smapsRollup: (bytes, length) => parsePidSmapsRollup(text(bytes, length)),
  meminfo: (bytes, length) => parseMeminfo(text(bytes, length)),
  vmstat: (bytes, length) => parseVmstat(text(bytes, length)),
  takenPages: (bytes, length) => parseTakenPages(text(bytes, length)),
  pressure: (bytes, length) => parsePressure(text(bytes, length)),
  hostStat: (bytes, length) => parseStat(text(bytes, length)),
  loadavg: (bytes, length) => parseLoadavg(text(bytes, length)),
  mountinfo: (bytes, length) => parseMountinfo(text(bytes, length)),
  zoneinfo: (bytes, length) => parseCpuFreePages(text(bytes, length)),
  sysvShm: (bytes, length) => parseSysvShm(text(bytes, length)),
  slabinfo: (bytes, length) => parseSlabinfo(`slabinfo - version: 2.1\n${text(bytes, length)}`),
  slabReclaimable: (bytes, length) => parseSlabReclaimable(text(bytes, length)),
  sockstat: (bytes, length) => parseSockstat(text(bytes, length)),
  hugepages: (bytes, length) => [parseHugePageBytes(text(bytes, length)), parseHugePageCount(text(bytes, length))],
  arcstats: (bytes, length) => parseArcstats(text(bytes, length)),
  zram: (bytes, length) => parseZramMmStat(text(bytes, length)),
  vmallocinfo: (bytes, length) => parseVmallocCallers(text(bytes, length)),
  maps: (bytes, length) => parseDeletedMappings(text(bytes, length), '/proc/1/map_files'),
  procCgroups: (bytes, length) => parseMemoryCgroupCount(text(bytes, length)),
  cgroupEvents: (bytes, length) => parseCgroupMemoryEvents(text(bytes, length)),
  cgroupDying: (bytes, length) => parseCgroupStat(text(bytes, length)),
  netInet: (bytes, length) => {
    const into = emptyInetSocket();
    return parseInetLine(bytes, length, 0, into) ? [into, inetAddress(bytes, into.peerAt, into.addressDigits)] : null;
  },
  netUnix: (bytes, length) => {
    const into = emptyUnixSocket();
    return parseUnixLine(bytes, length, 0, into) ? into : null;
  },
  bpfTasks: (bytes, length) => {
    const pass = new BpfPass();
    pass.bytes.set(bytes);
    pass.length = Math.max(0, Math.min(length, bytes.length));
    const cursor = new BpfTaskCursor(4096);
    cursor.reset(pass);
    const found = [];
    for (let task = emptyBpfTask(); cursor.next(task); task = emptyBpfTask()) found.push(task, cursor.seek(-1), cursor.pidAfter(task.pid));
    return found;
  },
  vmEvents: (bytes, length) => parseVmEvents(text(bytes, length)),
  diskstats: (bytes, length) => parseDiskStats(text(bytes, length)),
  netSnmp: (bytes, length) => parseNetSnmp(text(bytes, length)),
  netNetstat: (bytes, length) => parseNetNetstat(text(bytes, length)),
  netDev: (bytes, length) => parseNetDevices(text(bytes, length)),
  netSoftnetStat: (bytes, length) => parseBacklogDrops(text(bytes, length)),
  tcpMem: (bytes, length) => parseTcpMemLimitPages(text(bytes, length)),
  kmsg: (bytes, length) => parseKmsgRecord(text(bytes, length)),
  auxv: parsePageBytes,
  fdLink: (bytes, length) => parseFdLink(text(bytes, length)),
  cgroupLimit: (bytes, length) => parseCgroupLimit(text(bytes, length)),
  cgroupStat: (bytes, length) => parseCgroupMemoryStat(text(bytes, length), 'v1'),
};

function holdsNaN(value: unknown): boolean {
  if (typeof value === 'number') return Number.isNaN(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsNaN);
}

const fixtures = fileURLToPath(new URL('./fixtures', import.meta.url));
const recorded = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .map((path) => `${fixtures}/${path}`)
  .filter((path) => statSync(path).isFile())
  .map((path) => readFileSync(path))
  .filter((bytes) => bytes.length > 0);

for (const [name, parse] of Object.entries(parsers)) {
  test(`${name}: random bytes give a reading or none, never NaN, never an error`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: -5, max: 500 }), (bytes, length) => {
        assert.equal(holdsNaN(parse(bytes, length)), false);
      }),
      { numRuns: 200 },
    );
  });

  test(`${name}: recorded files, cut and overwritten at random places`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...recorded),
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
        (file, cut, writes) => {
          const bytes = Buffer.from(file);
          for (const [at, byte] of writes) bytes[at % bytes.length] = byte;
          assert.equal(holdsNaN(parse(bytes, cut % (bytes.length + 1))), false);
        },
      ),
      { numRuns: 200 },
    );
  });
}
