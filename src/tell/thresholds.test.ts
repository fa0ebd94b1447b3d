import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySample, type Sample } from '../model/gauge.ts';
import type { ThresholdSettings } from '../model/settings.ts';
import { silentHost } from '../sample/hostForTests.ts';
import type { Scan } from '../sample/scan.ts';
import { startMs } from './incidentsForTests.ts';
import { Thresholds } from './thresholds.ts';

const minuteMs = 60_000;
const gib = 1024 ** 3;
const settings: ThresholdSettings = { memoryRatio: 0.95, swapRatio: 0.8, fdsRatio: 0.9, workloadBytes: 8 * gib };

interface Seen {
  atMinute: number;
  /** Of 100 GiB. */
  freeGib?: number;
  freeSwapGib?: number;
  /** null: it has ended. */
  shop?: Partial<Sample> | null;
  /** Processes of the shop. */
  processes?: Partial<Sample>[];
}

function scanOf({ atMinute, freeGib = 50, freeSwapGib = 100, shop = {}, processes = [] }: Seen): Scan {
  const timeMs = startMs + atMinute * minuteMs;
  const host = silentHost(timeMs);
  const subject = { id: 'w-shop', kind: 'workload', name: 'shop.service' } as const;
  return {
    timeMs,
    bootId: 'b',
    host: {
      ...host,
      memTotalBytes: 100 * gib,
      memAvailableBytes: freeGib * gib,
      swapTotalBytes: 100 * gib,
      swapFreeBytes: freeSwapGib * gib,
    },
    workloads: shop === null ? [] : [{ subject, sample: { ...emptySample(timeMs), ...shop }, memberIds: [], zombies: 0 }],
    processes: processes.map((sample, index) => ({
      id: { bootId: 'b', pid: 100 + index, startTimeTicks: 1 },
      subject: { id: `p-${index}`, kind: 'process', name: 'node', workloadId: subject.id },
      command: 'node',
      state: 'S',
      uid: 0,
      sample: { ...emptySample(timeMs), ...sample },
      grown: false,
      zombies: 0,
      diedIn: null,
      openFiles: null,
    })),
    notices: [],
    startedCount: 0,
    endedCount: 0,
  };
}

/** What stands after each scan. */
function look(seen: readonly Seen[], chosen: (atMinute: number) => ThresholdSettings = () => settings): string[][] {
  const thresholds = new Thresholds();
  return seen.map((one) =>
    thresholds.look(scanOf(one), chosen(one.atMinute)).map(({ key, severity, text }) => `${key} ${severity}: ${text}`),
  );
}

test('RAM and swap that are nearly full are told, and are grave when hardly any is left', () => {
  assert.deepEqual(look([{ atMinute: 0, freeGib: 5.5 }])[0], []);
  assert.deepEqual(look([{ atMinute: 0, freeGib: 4, freeSwapGib: 2 }])[0], [
    'threshold-memory warning: memory is 96 % full',
    'threshold-swap critical: swap is 98 % full',
  ]);
});

test('of the processes of a workload the one that is nearest to its limit of open files is told', () => {
  const processes = [{ fds: 980 }, { fds: 999 }, { fds: 930 }, { fds: 10 }].map((one) => ({ ...one, fdLimit: 1000 }));
  assert.deepEqual(look([{ atMinute: 0, processes }])[0], ['threshold-fds critical: a process has 999 of at most 1000 files open']);
});

test('what goes up and down around a threshold stands until it has been below for five minutes', () => {
  const bytes = (atMinute: number, anonBytes: number) => ({ atMinute, shop: { anonBytes } });
  const seen = look([bytes(0, 9 * gib), bytes(1, 4 * gib), bytes(5, 9 * gib), bytes(9, 4 * gib), bytes(10, 4 * gib), bytes(11, 9 * gib)]);
  assert.deepEqual(
    seen.map(({ length }) => length),
    [1, 1, 1, 1, 0, 1],
  );
  assert.deepEqual(seen[0], ['threshold-workload warning: it holds 9 GiB']);
});

test('it is over at once when the workload is gone, and when nobody asks for it any more', () => {
  const above = { atMinute: 0, shop: { anonBytes: 9 * gib }, freeGib: 1 };
  assert.deepEqual(look([above, { atMinute: 1, shop: null, freeGib: 50 }])[1], ['threshold-memory critical: memory is 99 % full']);
  const never = { memoryRatio: null, swapRatio: null, fdsRatio: null, workloadBytes: null };
  assert.deepEqual(look([above, above, { atMinute: 1 }], (atMinute) => (atMinute === 0 ? settings : never))[2], []);
});
