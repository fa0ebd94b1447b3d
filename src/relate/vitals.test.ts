import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testFolder } from '../cli/spawnForTests.ts';
import { absent, isValue } from '../model/reading.ts';
import { Sampler } from '../sample/sampler.ts';
import { type HostCounters, VitalsReader, vitalsBetween } from './vitals.ts';

const fixture = fileURLToPath(new URL('../kernel/fixtures/debian12', import.meta.url));
const older = fileURLToPath(new URL('../kernel/fixtures/linux-4.18', import.meta.url));

function hostOf(procRoot: string) {
  const sampler = new Sampler({ procRoot, keptFds: 0 });
  try {
    return sampler.scan(1000).host;
  } finally {
    sampler.close();
  }
}

test('recorded files: states at once, rates only from the second scan on', (t) => {
  const procRoot = join(testFolder(t), 'proc');
  cpSync(fixture, procRoot, { recursive: true });
  const reader = new VitalsReader(procRoot);
  const first = reader.read(hostOf(procRoot), 1000);
  assert.deepEqual([first.ioSome, first.cpuSome, first.memoryFull, first.runningTasks], [0.0311, 0.1734, 0.04, 1]);
  assert.deepEqual([first.swapInBytes, first.oomKills, first.disk, first.network.retransmitRatio], [absent, absent, absent, absent]);
  const change = (name: string, from: string | RegExp, to: string) =>
    writeFileSync(join(procRoot, name), readFileSync(join(procRoot, name), 'utf8').replace(from, to));
  change('vmstat', 'oom_kill 0', 'oom_kill 2\nallocstall_normal 5');
  change('diskstats', 'vda 36395 8484 1931762 26707', 'vda 36405 8484 1931762 30707');
  const second = reader.read(hostOf(procRoot), 2000);
  assert.equal(second.oomKills, 2);
  assert.equal(second.directReclaims, absent, 'a counter that was not there before tells no rate');
  assert.ok(isValue(second.disk));
  assert.deepEqual([second.disk.name, second.disk.latencyMs, second.disk.requests], ['vda', 400, 10]);
});

test('an older kernel, without pressure and most counters: absent, and never 0', () => {
  const { memoryFull, ioSome, swapInBytes, disk, network } = new VitalsReader(older).read(hostOf(older), 1000);
  assert.deepEqual([memoryFull, ioSome, swapInBytes, disk, network.drops], [absent, absent, absent, absent, absent]);
});

const cpu = { busySeconds: 10, ioWaitSeconds: 1, stealSeconds: 0, idleSeconds: 89, runningTasks: 3, blockedTasks: 1 };
const counters: HostCounters = {
  monotonicMs: 10_000,
  vm: absent,
  disks: absent,
  cpu,
  snmp: { sentSegments: 1000, retransmittedSegments: 10, discardedPackets: 0, udpBufferErrors: 0 },
  netstat: {
    listenOverflows: 1,
    timeouts: 0,
    synRetransmits: 4,
    memoryAborts: 0,
    memoryPressures: 0,
    receiveDrops: 0,
  },
  backlogDrops: 5,
  devices: [{ name: 'eth0', packets: 10, errors: 0, drops: 7 }],
  io: absent,
  cpuPressure: absent,
  tcpPages: 50,
};

test('CPU time by what it was; segments sent again, without those that only asked whether somebody is there', () => {
  const after: HostCounters = {
    ...counters,
    monotonicMs: 20_000,
    cpu: { ...cpu, busySeconds: 16, ioWaitSeconds: 4, idleSeconds: 90 },
    snmp: { sentSegments: 1090, retransmittedSegments: 26, discardedPackets: 0, udpBufferErrors: 0 },
    netstat: isValue(counters.netstat) ? { ...counters.netstat, synRetransmits: 10, listenOverflows: 21 } : absent,
    devices: [{ name: 'eth0', packets: 10, errors: 0, drops: 27 }],
  };
  const host = hostOf(fixture);
  const constants = { pageBytes: 4096, tcpLimitPages: 200 };
  const vitals = vitalsBetween({ scan: counters, minute: counters }, after, host, constants);
  assert.deepEqual([vitals.cpuBusyRatio, vitals.ioWaitRatio, vitals.stealRatio], [0.6, 0.3, 0]);
  assert.deepEqual(
    [vitals.network.retransmittedSegments, vitals.network.retransmitRatio, vitals.network.listenOverflows, vitals.network.drops],
    [1, 0.1, 2, 2],
  );
  assert.equal(vitals.network.tcpMemoryRatio, 0.25);
  const restarted = { ...after, snmp: { sentSegments: 3, retransmittedSegments: 0, discardedPackets: 0, udpBufferErrors: 0 } };
  assert.equal(vitalsBetween({ scan: counters, minute: counters }, restarted, host, constants).network.retransmitRatio, absent);
});

test('headroom that falls ends at a moment; what is freed again does not fall', () => {
  const host = hostOf(fixture);
  const headroomEnds = (bytesAt: (minute: number) => number) => {
    const reader = new VitalsReader(fixture);
    let ends: unknown;
    for (let minute = 0; minute <= 8; minute += 0.5) {
      const sample = { ...host.sample, headroomBytes: bytesAt(minute) };
      ends = reader.read({ ...host, sample }, minute * 60_000).headroomEndsMs;
    }
    return ends;
  };
  const ends = headroomEnds((minute) => 1e9 - minute * 1e8);
  assert.ok(typeof ends === 'number' && Math.abs(ends - 2 * 60_000) < 30_000, `${String(ends)}: 200 MB left at 100 MB a minute`);
  assert.equal(
    headroomEnds((minute) => 1e9 - (minute % 1) * 8e8),
    absent,
  );
  assert.equal(
    headroomEnds((minute) => 1e9 + minute * 1e8),
    absent,
  );
});
