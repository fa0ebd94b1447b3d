/** Memory, network, disk, CPU and the service itself told apart: each named, with numbers, and the usual suspect cleared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Cause, Vitals } from '../model/cascade.ts';
import type { LoopbackState } from '../model/probe.ts';
import { absent } from '../model/reading.ts';
import { conclude, type Symptoms } from './conclusion.ts';
import { probeForTests, slowProbe, vitalsForTests } from './conditionForTests.ts';
import { newStageTrack, nextStage } from './stage.ts';
import { recordedVitals } from './tracesForTests.ts';

const quietLoopback: LoopbackState = { atMs: 0, sent: 20, lost: 0, roundTripMs: 0.1 };
const quietNetwork = vitalsForTests().network;

function symptoms(change: Partial<Omit<Symptoms, 'vitals'>> = {}, vitals: Partial<Vitals> = {}): Symptoms {
  return {
    stage: 'healthy',
    probes: [slowProbe(4000)],
    loopback: quietLoopback,
    throttled: null,
    ...change,
    vitals: vitalsForTests(vitals),
  };
}

const short = { memoryFull: 0.31, memorySome: 0.6, memAvailableRatio: 0.02, memAvailableBytes: 15 * 1024 ** 2, directReclaims: 50 };
const lossy = { network: { ...quietNetwork, retransmittedSegments: 4, retransmitRatio: 0.08, timeouts: 2 } };
const busy = { cpuSome: 0.9, cpuBusyRatio: 0.99, runningTasks: 12 };
const slowDisk = {
  disk: { name: 'sda', latencyMs: 340, queue: 24, busyRatio: 1, requests: 90 },
  ioSome: 0.7,
  ioFull: 0.6,
  ioWaitRatio: 0.5,
};

test('memory, and not the network: in one sentence with the numbers of both', () => {
  const { cause, sentence } = conclude(symptoms({ stage: 'starving' }, short));
  assert.equal(cause, 'memory');
  assert.equal(
    sentence,
    'ssh answers in 4 s because memory is short (PSI memory full 31 %, 15 MiB of RAM available (2 %), tasks freed memory themselves 50 times a second), not because of the network (loopback loss 0 of 20, 0 % sent again, no drops).',
  );
});

test('the network, and not memory', () => {
  const { cause, sentence } = conclude(symptoms({ loopback: { ...quietLoopback, lost: 4 } }, lossy));
  assert.equal(cause, 'network');
  assert.match(
    sentence ?? '',
    /^ssh answers in 4 s because the network loses or delays packets \(8 % of TCP segments sent again, loopback loss 4 of 20\)/,
  );
  assert.match(sentence ?? '', /not because of memory \(PSI memory full 0 %, 2 GiB of RAM available \(50 %\)\)\.$/);
});

test('a slow service whose pages come back from swap is slow for want of memory, however little the others wait', () => {
  assert.equal(conclude(symptoms({ stage: 'swapping' }, { swapInBytes: 900_000, memoryFull: 0.01 })).cause, 'memory');
  assert.equal(conclude(symptoms({}, { swapInBytes: 20_000 })).cause, 'service', 'a page now and then is no reason');
});

test('busy CPUs and disks are no trouble while services answer as usual, and told where no service is asked', () => {
  for (const [cause, vitals] of [
    ['cpu', busy],
    ['disk', slowDisk],
  ] as const) {
    assert.equal(conclude(symptoms({ probes: [probeForTests()] }, vitals)).sentence, null);
    assert.equal(conclude(symptoms({ probes: [] }, vitals)).cause, cause);
  }
});

test('waiting for disks that are fast: a limit holds it back', () => {
  assert.equal(conclude(symptoms({}, { ioSome: 0.5 })).cause, 'disk');
});

test('a stage that is held for a while after it is over is no reason any more', () => {
  assert.equal(conclude(symptoms({ stage: 'starving', probes: [] })).sentence, null);
  assert.equal(conclude(symptoms({ stage: 'starving' })).cause, 'service');
});

test('a kill alone does not make memory short: it was given back', () => {
  assert.equal(conclude(symptoms({ stage: 'killing', probes: [] })).sentence, null);
  assert.equal(conclude(symptoms({ stage: 'killing' }, short)).cause, 'memory');
});

test('packets that are lost because the kernel gets no memory: memory, and not the network', () => {
  const { cause, sentence } = conclude(symptoms({}, { failedAllocations: 3, network: { ...quietNetwork, drops: 50 } }));
  assert.equal(cause, 'memory');
  assert.match(sentence ?? '', /memory is short \(the kernel itself got no memory 3 times, /);
});

test('a program that does not take its connections is told so', () => {
  const { cause, because, sentence } = conclude(symptoms({}, { network: { ...quietNetwork, listenOverflows: 2 } }));
  assert.deepEqual([cause, because[0]?.name], ['service', 'listen-overflows']);
  assert.match(sentence ?? '', /Look at the service itself: programs did not take 2\.0 connections a second in time\.$/);
});

test('packets that take their time are the network only where nothing else keeps the machine busy', () => {
  const slowLoopback = { ...quietLoopback, roundTripMs: 100 };
  const { cause, sentence } = conclude(symptoms({ loopback: slowLoopback }));
  assert.equal(cause, 'network');
  assert.match(sentence ?? '', /\(loopback takes 100 ms\)/);
  const others: Partial<Vitals>[] = [busy, { cpuBusyRatio: absent }, { memorySome: 0.3 }, { runningTasks: 9 }];
  for (const other of others) {
    assert.notEqual(conclude(symptoms({ loopback: slowLoopback }, other)).cause, 'network', JSON.stringify(other));
  }
});

test('the CPUs; the disk; the service itself', () => {
  const byCpu = conclude(symptoms({}, busy));
  assert.equal(byCpu.cause, 'cpu');
  assert.match(
    byCpu.sentence ?? '',
    /because the CPUs are busy \(99 % busy, PSI cpu some 90 %, 12 tasks want 2 CPUs\), not because of memory/,
  );
  const nearlyFull = conclude(symptoms({}, { ...busy, memAvailableRatio: 0.07, memAvailableBytes: 51 * 1024 ** 2 }));
  assert.equal(nearlyFull.cause, 'cpu');
  assert.doesNotMatch(nearlyFull.sentence ?? '', /not because of memory/, 'there is hardly any left');
  const byDisk = conclude(symptoms({}, slowDisk));
  assert.equal(byDisk.cause, 'disk');
  assert.match(
    byDisk.sentence ?? '',
    /because the disk is slow \(sda takes 340 ms a request, 24\.0 in its queue, PSI io some 70 %, full 60 %, iowait 50 %\)/,
  );
  const byService = conclude(symptoms());
  assert.equal(byService.cause, 'service');
  assert.match(
    byService.sentence ?? '',
    /^ssh answers in 4 s, and the host is not why: .*2 GiB of RAM available.*loopback loss 0 of 20.*Look at the service itself\.$/,
  );
});

test('a cgroup at its own limit: memory, by its name, while the host has some', () => {
  const throttled = { path: '/system.slice/php8.2-fpm.service', pressureSome: 0.97, usageBytes: 230686720, limitBytes: 272629760 };
  const { cause, sentence } = conclude(symptoms({ throttled }, { memorySome: 0.97, memoryFull: 0.17, memAvailableRatio: 0.22 }));
  assert.equal(cause, 'memory');
  assert.match(
    sentence ?? '',
    /memory is short \(that of \/system\.slice\/php8\.2-fpm\.service, at its own limit: PSI memory some 97 % there, 220 MiB of its limit of 260 MiB\)/,
  );
});

test('nothing slow and nothing short: nothing is said', () => {
  assert.deepEqual(conclude(symptoms({ probes: [probeForTests()] })), { cause: null, also: [], because: [], sentence: null });
  assert.equal(conclude(symptoms({ probes: [] })).sentence, null);
});

test('what is short is said without a probe that is slow, too', () => {
  const { cause, sentence } = conclude(symptoms({ probes: [] }, lossy));
  assert.equal(cause, 'network');
  assert.match(
    sentence ?? '',
    /^The network loses or delays packets \(8 % of TCP segments sent again\), not because of memory|^The network loses/,
  );
});

test('a question that waits is told before it ends, and a service that is gone as what it is', () => {
  const waiting = probeForTests({ waitingMs: 8000 });
  assert.match(conclude(symptoms({ probes: [waiting] }, short)).sentence ?? '', /^ssh has not answered for 8 s because memory is short/);
  const worst = { atMs: 0, latencyMs: null, failure: 'refused' };
  const gone = probeForTests({ state: 'failing', latest: worst, worst });
  assert.match(
    conclude(symptoms({ probes: [slowProbe(900), gone] })).sentence ?? '',
    /^ssh does not answer \(refused\), and the host is not why/,
  );
});

test('recorded: a server that starves is never told to have a bad network, a busy CPU or a slow disk', () => {
  let track = newStageTrack(0);
  const told = new Set<Cause | null>();
  for (const vitals of recordedVitals('storm-then-restart.csv', 524_284)) {
    track = nextStage(track, vitals);
    // Its CPUs and its disk are as busy as they are in a storm, and its clients sent again.
    const storm = { ...vitals, ...busy, disk: slowDisk.disk, network: { ...quietNetwork, listenOverflows: 3, timeouts: 2 } };
    if (track.stage !== 'healthy' && track.stage !== 'filling')
      told.add(conclude({ ...symptoms({ stage: track.stage }), vitals: storm }).cause);
  }
  assert.ok(told.has('memory'));
  assert.ok(!told.has('network'), [...told].join(' '));
});

test('whatever the size of a single trouble, it is named; memory and network are never taken for each other', () => {
  const memory = fc.record({
    memoryFull: fc.double({ min: 0.11, max: 1, noNaN: true }),
    memAvailableRatio: fc.double({ min: 0, max: 0.08, noNaN: true }),
    swapInBytes: fc.double({ min: 0, max: 1e9, noNaN: true }),
    cpuSome: fc.double({ min: 0, max: 1, noNaN: true }),
    cpuBusyRatio: fc.double({ min: 0, max: 1, noNaN: true }),
    ioSome: fc.double({ min: 0, max: 1, noNaN: true }),
    runningTasks: fc.nat(100),
  });
  const network = fc.record({
    retransmitRatio: fc.double({ min: 0.07, max: 0.9, noNaN: true }),
    retransmittedSegments: fc.double({ min: 0.2, max: 1e4, noNaN: true }),
  });
  fc.assert(
    fc.property(memory, network, fc.boolean(), (short, loss, probesSlow) => {
      const probes = probesSlow ? [slowProbe(4000)] : [probeForTests()];
      assert.equal(conclude(symptoms({ probes }, short)).cause, 'memory');
      assert.equal(conclude(symptoms({ probes }, { network: { ...quietNetwork, ...loss } })).cause, 'network');
    }),
  );
});

test('what can not be read is never a reason', () => {
  const nothing = Object.fromEntries(Object.keys(vitalsForTests()).map((name) => [name, absent]));
  const network = Object.fromEntries(Object.keys(quietNetwork).map((name) => [name, absent]));
  const { cause, sentence } = conclude(
    symptoms({ loopback: null }, { ...nothing, timeMs: 0, cpuCount: 2, network: { ...quietNetwork, ...network } }),
  );
  assert.equal(cause, 'service');
  assert.equal(sentence, 'ssh answers in 4 s, and what the host does cannot be seen. Look at the service itself.');
});
