import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostHistoryDocument, IncidentRow } from '../../serve/schema.ts';
import { cascadeOf, heightOf, momentInWords, nearestIndex } from './cascade.ts';
import { incidentBars } from './incidentBars.ts';
import { timeTicks } from './timeTicks.ts';

const startMs = Date.parse('2026-05-28T04:00:00Z');
const minute = 60_000;
const timeMs = [0, 1, 2, 3].map((index) => startMs + index * minute);

function history(change: Partial<HostHistoryDocument> = {}): HostHistoryDocument {
  return {
    schema: 'stanch.host-history/1',
    time: new Date(startMs).toISOString(),
    bucketMs: minute,
    timeMs,
    memTotalBytes: 1000,
    swapTotalBytes: 500,
    memoryBytes: [100, 200, 300, 400],
    swapBytes: [0, 0, 10, 20],
    stallRatio: [0, 0, 0.3, 0.9],
    diskLatencyMs: [0.5, 1, 40, 800],
    cpuRatio: [null, 0.1, 0.2, 0.9],
    stage: ['healthy', 'filling', 'filling', 'stalling'],
    probes: [{ name: 'ssh', url: 'ssh://127.0.0.1:22', slowAboveMs: 200, latencyMs: [1, 1, null, 4100] }],
    subjectBytes: [50, 60, 70, 80],
    ...change,
  };
}

const wanted = { fromMs: startMs, toMs: startMs + 4 * minute, culprit: 'web', timeline: [] };

test('one picture for each thing that was recorded, and words for what is not there', () => {
  const titles = (document: HostHistoryDocument) => cascadeOf(document, wanted).panels.map(({ title }) => title);
  assert.deepEqual(titles(history()), ['Memory', 'Swap', 'Waiting for memory', 'Disk', 'CPU', 'Services answer in']);
  const nothing = [null, null, null, null];
  const bare = history({ swapTotalBytes: 0, probes: [], diskLatencyMs: nothing });
  assert.deepEqual(titles(bare), ['Memory', 'Waiting for memory', 'CPU']);
  assert.deepEqual(cascadeOf(bare, wanted).without, ['There is no swap.', 'No service was asked how fast it answers in this time.']);
});

test('memory is held against all of RAM, and a wait of ten times is one step higher', () => {
  const { panels } = cascadeOf(history(), wanted);
  const [memory] = panels;
  const services = panels.find(({ title }) => title === 'Services answer in');
  assert.ok(memory !== undefined && services !== undefined);
  assert.deepEqual(
    memory.lines.map(({ label }) => label),
    ['Taken', 'web'],
  );
  assert.ok(heightOf(memory, 1000) < 1 && heightOf(memory, 1000) > 0.8);
  const step = (from: number) => heightOf(services, from * 10) - heightOf(services, from);
  assert.ok(Math.abs(step(1) - step(100)) < 1e-9);
  assert.deepEqual([heightOf(services, 0), heightOf(services, 1e9)], [0, 1], 'never out of the picture');
});

test('stages that follow each other are one span, and the last ends where the picture does', () => {
  assert.deepEqual(
    cascadeOf(history(), wanted).stages.map(({ stage, fromMs, toMs }) => [stage, (fromMs - startMs) / minute, (toMs - startMs) / minute]),
    [
      ['healthy', 0, 1],
      ['filling', 1, 3],
      ['stalling', 3, 4],
    ],
  );
  assert.equal(cascadeOf(history({ stage: [null, null, null, null] }), wanted).stages.length, 0);
});

test('what happened outside of the time shown is not in the picture; a name in it can do nothing', () => {
  const event = (atMs: number) =>
    ({ time: new Date(atMs).toISOString(), kind: 'kill', subjectId: null, severity: 'critical', text: 'x\u202ey' }) as const;
  const { marks } = cascadeOf(history(), { ...wanted, timeline: [event(startMs - 1), event(startMs + minute)] });
  assert.deepEqual(
    marks.map(({ timeMs: atMs, text }) => [atMs, text]),
    [[startMs + minute, 'x\\u{202e}y']],
  );
});

test('a moment in words has every value, and says what is not known', () => {
  const words = momentInWords(cascadeOf(history(), wanted), 2);
  assert.match(words, /^stage filling; Memory, Taken: 300 B; Memory, web: 70 B; Swap, Used: 10 B; .*Services answer in, ssh: not known$/);
  assert.deepEqual([nearestIndex(timeMs, startMs + 100_000), nearestIndex([], 5)], [2, -1]);
});

test('ticks are at round moments and few', () => {
  const { stepMs, timeMs: ticks } = timeTicks(startMs + 1, startMs + 3_600_000, 6);
  assert.equal(stepMs, 10 * minute);
  assert.deepEqual(
    ticks.map((moment) => (moment - startMs) / minute),
    [10, 20, 30, 40, 50, 60],
  );
});

test('incidents of one culprit are one row, the latest trouble first; what is long over is left out', () => {
  const row = (id: string, subjectId: string, fromMin: number, toMin: number | null): IncidentRow => ({
    id,
    title: id,
    subjectId,
    subjectName: subjectId,
    state: toMin === null ? 'open' : 'resolved',
    stateSince: new Date(startMs + (toMin ?? 0) * minute).toISOString(),
    severity: 'warning',
    opened: new Date(startMs + fromMin * minute).toISOString(),
    lastSeen: new Date(startMs).toISOString(),
    silencedUntil: null,
    owner: null,
    recurrences: 0,
    resource: null,
    exhaustion: null,
    concerns: [],
  });
  const bars = incidentBars(
    [row('a', 'web', 1, 2), row('b', 'db', 5, null), row('c', 'web', 3, 4), row('d', 'old', -9, -8)],
    startMs,
    startMs + 9 * minute,
  );
  assert.deepEqual(
    bars.rows.map(({ name, bars: each }) => [name, each.map(({ id, toMs }) => [id, (toMs - startMs) / minute])]),
    [
      ['db', [['b', 9]]],
      [
        'web',
        [
          ['a', 2],
          ['c', 4],
        ],
      ],
    ],
  );
  assert.equal(bars.more, 0);
});
