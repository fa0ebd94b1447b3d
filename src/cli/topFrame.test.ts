import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { hostileName, sourceForTests } from '../serve/sourceForTests.ts';
import { statusDocument } from '../serve/status.ts';
import { subjectsDocument } from '../serve/subjects.ts';
import { createPaint } from './paint.ts';
import { displayWidth } from './printable.ts';
import { sparkline, topFrame } from './topFrame.ts';
import { firstTopState } from './topKeys.ts';

const source = sourceForTests();
const data = {
  status: statusDocument(source, 100),
  rows: subjectsDocument(source, { kind: 'workload', sort: 'growth', direction: undefined, filter: '', offset: 0, limit: 500 }).subjects,
};
const terminal = { write: () => undefined, isTTY: true };
const paint = createPaint(terminal, {}, false);

test('never more lines or columns than the terminal has, in colour too', () => {
  for (const columns of [40, 80, 110, 250]) {
    for (const lines of [12, 24, 60]) {
      const frame = topFrame(data, firstTopState, { columns, lines }, paint);
      assert.ok(frame.length <= lines, `${frame.length} lines of ${lines}`);
      for (const line of frame) assert.ok(displayWidth(stripVTControlCharacters(line)) <= columns, `${columns}: ${line}`);
    }
  }
});

test('a plan fits any terminal, and what there is to press stays; names in it cannot act', () => {
  const steps = Array.from({ length: 30 }, (_, index) => `step ${index} ${hostileName} ${'long '.repeat(40)}`);
  const plan = {
    kind: 'restart' as const,
    subjectId: 'w-leak',
    subjectName: hostileName,
    reason: hostileName,
    steps,
    risk: hostileName,
    undoable: false,
    expectedBytes: null,
  };
  const action = { step: 'planned' as const, proposal: { id: 'p-1', time: '', state: 'waits' as const, plan } };
  for (const columns of [40, 80, 250]) {
    for (const lines of [20, 24, 60]) {
      const frame = topFrame(data, { ...firstTopState, action }, { columns, lines }, paint).map(stripVTControlCharacters);
      assert.ok(frame.length <= lines);
      assert.ok(frame.every((line) => displayWidth(line) <= columns));
      assert.ok(
        frame.some((line) => line.startsWith('y does it.')),
        `${columns} × ${lines}`,
      );
      assert.ok(!frame.join('').includes(hostileName));
    }
  }
});

test('the leak is on top with growth and end; its name cannot act on the terminal', () => {
  const plain = createPaint(terminal, { NO_COLOR: '1' }, false);
  const text = topFrame(data, firstTopState, { columns: 200, lines: 30 }, plain).join('\n');
  assert.match(text, /▶ leak .*80 MiB.*\+100 MiB\/h.* 1 h {2,}2 h/);
  assert.ok(!text.includes(hostileName));
  assert.ok(!/[\p{Cf}]|[^\P{Cc}\n]/u.test(text));
});

test('the marked row is always on the screen', () => {
  const model = data.rows[0];
  assert.ok(model !== undefined);
  const rows = Array.from({ length: 100 }, (_, index) => ({ ...model, name: `row ${index} end` }));
  for (const selected of [0, 50, 99, 1000]) {
    const frame = topFrame({ ...data, rows }, { ...firstTopState, selected }, { columns: 150, lines: 20 }, paint);
    assert.equal(frame.filter((line) => line.startsWith('▶') && line.includes(`row ${Math.min(selected, 99)} end`)).length, 1);
  }
});

test('a sparkline shows growth, gaps, and nothing where nothing happens', () => {
  assert.equal(sparkline([0, 10, 20, 30, 40, 50, 60, 70]), '▁▂▃▄▅▆▇█');
  assert.equal(sparkline([1e9, 1e9 + 1, 1e9]), '▁▁▁');
  assert.equal(sparkline([0, null, 10]), '▁ █');
  assert.equal(sparkline([]), '');
  assert.equal(sparkline([null]), ' ');
});
