/** The counters that tell the steps of the cascade apart, on recorded files. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { absent, isValue } from '../model/reading.ts';
import { readDiskStats } from './diskstats.ts';
import { readListeningSockets } from './listeningSockets.ts';
import { readNetDevices } from './netDev.ts';
import { parseNetNetstat, readNetNetstat } from './netNetstat.ts';
import { readNetSnmp } from './netSnmp.ts';
import { readBacklogDrops } from './netSoftnetStat.ts';
import { readFdLink } from './pidFd.ts';
import { readTcpMemLimitPages } from './tcpMem.ts';
import { parseVmEvents, readVmEvents } from './vmstat.ts';

const debian = fileURLToPath(new URL('./fixtures/debian12', import.meta.url));
const older = fileURLToPath(new URL('./fixtures/linux-4.18', import.meta.url));

test('diskstats: disks with the time of their requests; what is memory, and what was never used, is left out', () => {
  const disks = readDiskStats(debian);
  assert.ok(isValue(disks));
  assert.deepEqual(
    disks.map(({ name }) => name),
    ['vda', 'vda1'],
  );
  assert.deepEqual(disks[0], { name: 'vda', requests: 41070, requestMs: 32289, busyMs: 9196, weightedMs: 33085, inFlight: 3 });
  assert.equal(readDiskStats(older), absent);
});

test('TCP: what was sent again, what timed out, which queues ran over', () => {
  assert.deepEqual(readNetSnmp(debian), { sentSegments: 1000, retransmittedSegments: 70, discardedPackets: 5, udpBufferErrors: 9 });
  assert.deepEqual(readNetNetstat(debian), {
    listenOverflows: 3,
    timeouts: 11,
    synRetransmits: 5,
    memoryAborts: 1,
    memoryPressures: 2,
    receiveDrops: 13,
  });
  assert.equal(parseNetNetstat('TcpExt: ListenOverflows\nIpExt: 7\n').listenOverflows, absent, 'names and numbers of two protocols');
  assert.equal(readNetNetstat(older), absent);
});

test('network devices and the backlog: packets, drops, errors', () => {
  const devices = readNetDevices(debian);
  assert.ok(isValue(devices));
  assert.deepEqual(devices[1], { name: 'eth0', packets: 6780, errors: 3, drops: 16 });
  assert.equal(devices[2]?.name, 'eth0:1');
  assert.equal(readBacklogDrops(debian), 10);
  assert.equal(readTcpMemLimitPages(debian), 575802);
});

test('vmstat: events of every zone and kind added up; what a kernel does not count is absent', () => {
  const events = parseVmEvents(
    'pswpin 3\npswpout 5\nworkingset_refault_anon 7\nworkingset_refault_file 11\nworkingset_refault_anonymous 1000\nallocstall_normal 2\nallocstall_movable 4\n' +
      'pgscan_direct 20\npgscan_direct_throttle 9999\npgsteal_kswapd 30\npgsteal_direct 1\npgsteal_khugepaged 5\npgmajfault 8\noom_kill 1\n',
  );
  assert.deepEqual(events, {
    swapInPages: 3,
    swapOutPages: 5,
    refaultPages: 18,
    directReclaims: 6,
    reclaimedPages: 31,
    majorFaults: 8,
    oomKills: 1,
  });
  const recorded = readVmEvents(debian);
  assert.ok(isValue(recorded));
  assert.deepEqual([recorded.swapInPages, recorded.directReclaims], [12, absent]);
});

test('listening sockets of this machine: by address and port, and no others', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const found = readListeningSockets('/proc').filter(({ port }) => port === address.port);
  const inode = found[0]?.inode;
  assert.deepEqual(found, [{ address: '127.0.0.1', port: address.port, inode }]);
  const links = readdirSync('/proc/self/fd').map((name) => readFdLink(`/proc/self/fd/${name}`));
  assert.ok(
    links.some((link) => isValue(link) && link.inode === inode),
    'it is the one that is open here',
  );
  assert.deepEqual(readListeningSockets(older), []);
});
