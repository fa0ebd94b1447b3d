import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeriesDocument, StatusDocument } from '../../serve/schema.ts';
import { lineAt, valuesAt } from './chartModel.ts';
import { hostChart } from './hostChart.ts';
import { lifeInNumbers, livesPicture } from './livesPicture.ts';
import { loadChart, loadInWords } from './loadChart.ts';
import { subjectChart } from './subjectChart.ts';

const minute = 60_000;
const startMs = Date.parse('2026-05-28T04:00:00Z');
const timeMs = [0, 1, 2, 3, 4].map((index) => startMs + index * minute);
const nowMs = startMs + 4 * minute;

function series(values: (number | null)[], change: Partial<SeriesDocument> = {}): SeriesDocument {
  return {
    schema: 'stanch.series/1',
    subjectId: 's',
    resource: 'memory',
    unit: 'bytes',
    bucketMs: minute,
    timeMs,
    floor: values,
    mean: values,
    max: values,
    limit: null,
    restartsMs: [],
    trend: null,
    forecast: null,
    ...change,
  };
}

function host(exhaustion: StatusDocument['host']['exhaustion']): StatusDocument['host'] {
  return {
    name: 'h',
    memTotalBytes: 1000,
    memAvailableBytes: 500,
    memFreeBytes: 100,
    swapTotalBytes: 200,
    swapFreeBytes: 200,
    memoryPressureSome10: null,
    memoryPressureFull10: null,
    load1: null,
    sockets: { used: null, tcpAllocated: null, tcpOrphaned: null, tcpTimeWait: null },
    cpuCount: 1,
    exhaustion,
  };
}

const iso = (ms: number) => new Date(ms).toISOString();

test('values between two readings lie on their line; across a gap there are none', () => {
  assert.deepEqual(valuesAt([0, 5, 10, 30], [0, 10, 30], [0, 10, 30], 15), [0, 5, 10, 30]);
  assert.deepEqual(valuesAt([5, 20], [0, 10, 30], [0, 10, 30], 15), [5, null]);
  assert.deepEqual(valuesAt([5, 10], [0, 10], [null, 10], 15), [null, 10]);
  assert.deepEqual(valuesAt([-5, -50, 12, 60], [0, 10], [1, 2], 15), [1, null, 2, null]);
  assert.deepEqual(lineAt([-1, 0, 5, 10, 11], [0, 10], [0, 10]), [null, 0, 5, 10, null]);
});

test('the layers of the host add up to what all processes, shared memory and the kernel hold', () => {
  const leaker = { name: 'web', series: series([10, 20, 30, 40, 50]) };
  const parts = {
    memory: series([100, 110, 120, 130, 140]),
    shmem: series([5, 5, 5, 5, 5]),
    kernel: series([7, 7, 7, 7, 7]),
    leakers: [leaker],
    largest: [{ name: 'db', series: series([30, 30, 30, 30, 30]) }],
  };
  const chart = hostChart(host(null), parts, startMs, nowMs);
  assert.deepEqual(
    chart.layers.map(({ label, told, drawn }) => [label, told.at(-1), drawn.at(-1)]),
    [
      ['Kernel', 7, 7],
      ['Shared memory and tmpfs', 5, 12],
      ['All other processes', 60, 72],
      ['db', 30, 102],
      ['web', 50, 152],
    ],
  );
  assert.deepEqual(
    chart.levels.map(({ value }) => value),
    [1000, 1200],
  );
  assert.equal(chart.toMs, nowMs);
});

test('what was not read is left out and not drawn as nothing', () => {
  const parts = {
    memory: series([100, null, 120, 130, 140]),
    shmem: null,
    kernel: series([null, null, null, null, null]),
    leakers: [],
    largest: [],
  };
  const chart = hostChart(host(null), parts, startMs, nowMs);
  assert.deepEqual(
    chart.layers.map(({ label, drawn }) => [label, drawn]),
    [['Processes', [100, null, 120, 130, 140]]],
  );
});

test('the forecast meets the wall at the earliest, likeliest and latest moment that were told', () => {
  const low = nowMs + 5 * minute;
  const mid = nowMs + 6 * minute;
  const high = nowMs + 8 * minute;
  const parts = { memory: series([100, 110, 120, 130, 140], { limit: 640 }), shmem: null, kernel: null, leakers: [], largest: [] };
  const chart = hostChart(host({ at: iso(mid), low: iso(low), high: iso(high), wall: 'host_memory' }), parts, startMs, nowMs);
  const at = (label: string, moment: number) => chart.layers.find((layer) => layer.label === label)?.drawn[chart.timeMs.indexOf(moment)];
  assert.equal(at('Forecast, at most', low), 640);
  assert.equal(at('Forecast', mid), 640);
  assert.equal(at('Forecast, at least', high), 640);
  assert.ok((at('Forecast', low) ?? 640) < 640);
  assert.equal(at('Forecast', nowMs), 140);
  assert.equal(at('Forecast', startMs), null);
  assert.equal(chart.toMs, high);
});

test('a wall far away does not press the past to the edge', () => {
  const atMs = nowMs + 10 * 24 * 60 * minute;
  const parts = { memory: series([100, 110, 120, 130, 140], { limit: 640 }), shmem: null, kernel: null, leakers: [], largest: [] };
  const chart = hostChart(host({ at: iso(atMs), low: iso(atMs), high: null, wall: 'host_memory' }), parts, startMs, nowMs);
  assert.equal(chart.toMs, nowMs + (nowMs - startMs));
});

test('a workload shows floor, trend, forecast, limit and restarts, and keeps its gaps', () => {
  const document = series([10, 20, null, 40, 50], {
    limit: 100,
    restartsMs: [startMs - minute, startMs + minute],
    trend: { fromMs: startMs - minute, fromValue: 0, toMs: nowMs, toValue: 50 },
    forecast: { timeMs: [nowMs, nowMs + 2 * minute], low: [50, 60], mid: [50, 70], high: [50, 80] },
  });
  const chart = subjectChart(document, 'Private memory', startMs, nowMs);
  const layer = (label: string) => chart.layers.find((one) => one.label === label)?.drawn;
  assert.deepEqual(layer('Floor'), [10, 20, null, 40, 50, null]);
  assert.deepEqual(layer('Trend'), [10, 20, 30, 40, 50, null]);
  assert.deepEqual(layer('Forecast'), [null, null, null, null, 50, 70]);
  assert.deepEqual(chart.levels, [{ label: 'Limit 100 B', value: 100 }]);
  assert.deepEqual(chart.marks, [{ timeMs: startMs + minute, label: 'restart' }]);
});

test('the load is put on the axis of the memory, and words say whether memory grew with the work', () => {
  const long = Array.from({ length: 12 }, (_, index) => startMs + index * minute);
  const load = (values: (number | null)[]) => ({ ...series(values), timeMs: long, unit: 'cores' as const });
  const steady = load(Array.from({ length: 12 }, () => 0.04));
  const rising = { ...series(Array.from({ length: 12 }, (_, index) => 10 + 10 * index)), timeMs: long };
  const flat = { ...series(Array.from({ length: 12 }, () => 10)), timeMs: long };
  const chart = loadChart(steady, 'CPU time', { fromMs: startMs, toMs: startMs + 20 * minute, nowMs });
  assert.deepEqual([chart.fromMs, chart.toMs, chart.unit], [startMs, startMs + 20 * minute, 'cores']);
  assert.equal(
    loadInWords(steady, 'CPU time', rising, 'memory'),
    'CPU time stayed at about 4 % of a core, while memory rose: it does not hold more because it does more.',
  );
  const busier = load(Array.from({ length: 12 }, (_, index) => 0.1 + 0.05 * index));
  assert.match(
    loadInWords(busier, 'CPU time', rising, 'memory') ?? '',
    /from about 15 % of a core to 60 % of a core, while memory rose: it does more as well/,
  );
  assert.equal(loadInWords(steady, 'CPU time', flat, 'memory'), 'CPU time stayed at about 4 % of a core.');
  assert.equal(loadInWords(load([0.1, null]), 'CPU time', rising, 'memory'), null);
});

test('lives begin at the same edge, break where nothing was read, and come to their numbers', () => {
  const hourMs = 60 * minute;
  const life = (hours: number, ended: boolean) => ({
    started: iso(startMs),
    ended: ended ? iso(startMs + hours * hourMs) : null,
    ageMs: [0, (hours * hourMs) / 2, hours * hourMs],
    floor: [100, null, 100 + 10 * hours],
  });
  const picture = livesPicture([life(4, true), life(2, false)], { left: 10, top: 0, width: 400, height: 200 });
  assert.deepEqual(
    picture.lines.map(({ isNow, endX }) => [isNow, endX]),
    [
      [false, 410],
      [true, 210],
    ],
  );
  assert.match(picture.lines[0]?.path ?? '', /^M10\.0 [\d.]+M410\.0 [\d.]+$/);
  assert.equal(picture.ages.at(-1)?.ageMs, 4 * hourMs);
  assert.deepEqual(lifeInNumbers(life(4, true)), { firstBytes: 100, lastBytes: 140, ranMs: 4 * hourMs, perHour: 10 });
  assert.equal(lifeInNumbers({ ...life(1, true), floor: [null, null, null] }), null);
});
