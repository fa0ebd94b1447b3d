/** A calm host, a slow probe and a kill, to be changed by each test as it needs. */
import type { Vitals } from '../model/cascade.ts';
import type { PostMortem } from '../model/kill.ts';
import type { ProbeState } from '../model/probe.ts';
import { absent } from '../model/reading.ts';
import type { HostCondition } from './hostWatch.ts';

const startMs = Date.parse('2026-01-02T03:04:05Z');
const gib = 1024 ** 3;

export function vitalsForTests(change: Partial<Vitals> = {}): Vitals {
  return {
    timeMs: startMs,
    memAvailableRatio: 0.5,
    memAvailableBytes: 2 * gib,
    swapTotalBytes: gib,
    swapFreeRatio: 1,
    headroomEndsMs: absent,
    memorySome: 0,
    memoryFull: 0,
    ioSome: 0,
    ioFull: 0,
    cpuSome: 0.05,
    swapInBytes: 0,
    swapOutBytes: 0,
    refaultBytes: 0,
    majorFaults: 1,
    directReclaims: 0,
    reclaimedBytes: 0,
    oomKills: 0,
    failedAllocations: 0,
    disk: { name: 'vda', latencyMs: 1, queue: 0.01, busyRatio: 0.01, requests: 12 },
    cpuCount: 2,
    runningTasks: 1,
    blockedTasks: 0,
    cpuBusyRatio: 0.1,
    ioWaitRatio: 0,
    stealRatio: 0,
    network: {
      sentSegments: 50,
      retransmittedSegments: 0,
      retransmitRatio: 0,
      timeouts: 0,
      listenOverflows: 0,
      receiveDrops: 0,
      tcpMemoryRatio: 0.01,
      memoryFailures: 0,
      drops: 0,
      errors: 0,
    },
    ...change,
  };
}

export function probeForTests(change: Partial<ProbeState> = {}): ProbeState {
  const latest = { atMs: startMs, latencyMs: 12, failure: null };
  return {
    name: 'ssh',
    target: { kind: 'ssh', host: '127.0.0.1', port: 22, path: '', isConfigured: false },
    state: 'healthy',
    sinceMs: startMs,
    latest,
    worst: null,
    waitingMs: null,
    range: { lowMs: 9, medianMs: 12, highMs: 20 },
    slowAboveMs: 212,
    ...change,
  };
}

/** One that takes so long now. */
export function slowProbe(latencyMs: number): ProbeState {
  const worst = { atMs: startMs, latencyMs, failure: null };
  return probeForTests({ state: 'slow', latest: worst, worst });
}

export function conditionForTests(change: Partial<HostCondition> = {}): HostCondition {
  return {
    stage: 'healthy',
    sinceMs: startMs,
    because: [],
    vitals: vitalsForTests(),
    cause: null,
    also: [],
    causeBecause: [],
    sentence: null,
    probes: [probeForTests()],
    loopback: { atMs: startMs, sent: 20, lost: 0, roundTripMs: 0.1 },
    seesKernelLog: true,
    ...change,
  };
}

export function killForTests(): PostMortem {
  return {
    id: 'kill-b336104-172',
    kill: {
      by: 'kernel',
      atMs: startMs - 60_000,
      sinceBootMs: 336_104,
      scope: 'host',
      limitCgroup: null,
      limitBytes: null,
      swapTotalBytes: 0,
      swapFreeBytes: 0,
      askedBy: 'kswapd0',
      victim: {
        pid: 172,
        name: 'mariadbd\u001b[2J',
        cgroup: '/system.slice/mariadb.service',
        uid: 100,
        anonBytes: 121 * 1024 ** 2,
        fileBytes: 0,
        shmemBytes: 0,
        swapBytes: 0,
        oomScoreAdj: 0,
      },
      tasks: [{ pid: 172, name: 'mariadbd\u001b[2J', uid: 100, residentBytes: 121 * 1024 ** 2, swapBytes: 0, oomScoreAdj: 0 }],
      taskCount: 60,
      aftermath: [],
    },
    victim: { name: 'mariadb.service', subjectId: 'w-db', bytes: 121 * 1024 ** 2 },
    culprit: {
      name: 'php-fpm: pool www',
      subjectId: 'w-leak',
      bytes: 490 * 1024 ** 2,
      processes: 16,
      grewBytes: 360 * 1024 ** 2,
      overMs: 5_400_000,
      isVictim: false,
      from: 'history',
    },
    lost: ['process 172 (mariadbd) of mariadb.service ended at once'],
    prevention: [{ text: 'Protected, mariadb.service would not have been chosen', command: 'stanch do protect mariadb.service' }],
    sentence:
      'The kernel killed mariadb.service (121 MiB), but the culprit is php-fpm: pool www: it grew by 360 MiB in 1 h 30 min to 490 MiB.',
  };
}
