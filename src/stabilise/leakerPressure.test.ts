import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readLeakerPressure } from './leakerPressure.ts';

/** A process 7 in /shop.slice/shop.service, whose tasks all wait 61 % of the time; `files` by path in the hierarchy. */
function treeWith(t: TestContext, files: Record<string, string>, cgroup = '0::/shop.slice/shop.service\n'): number | null {
  const root = mkdtempSync(join(tmpdir(), 'stanch-pressure-'));
  t.after(() => rmSync(root, { recursive: true }));
  const pressure = 'some avg10=80.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=61.00 avg60=0.00 avg300=0.00 total=0\n';
  const all = { 'proc/7/cgroup': cgroup, 'cgroup/shop.slice/shop.service/memory.pressure': pressure, ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return readLeakerPressure(7, join(root, 'proc'), join(root, 'cgroup'));
}

const usage = (folder: string, current: string, max: string) => ({
  [`cgroup/${folder}/memory.current`]: current,
  [`cgroup/${folder}/memory.max`]: max,
  [`cgroup/${folder}/memory.high`]: 'max\n',
});

test('what all of its cgroup waits is told, as long as it has room below its own limits', (t) => {
  assert.equal(treeWith(t, {}), 0.61);
  assert.equal(treeWith(t, usage('shop.slice/shop.service', '500\n', '1000\n')), 0.61);
  assert.equal(treeWith(t, usage('shop.slice/shop.service', '500\n', 'max\n')), 0.61);
});

test('what waits at a limit of its own, or of the slice around it, is no reason to act for the server', (t) => {
  assert.equal(treeWith(t, usage('shop.slice/shop.service', '990\n', '1000\n')), null);
  assert.equal(treeWith(t, usage('shop.slice', '990\n', '1000\n')), null);
});

test('without cgroup v2, in the first cgroup of all, and for a process that has ended, nothing is told', (t) => {
  assert.equal(treeWith(t, {}, '4:memory:/shop.slice/shop.service\n'), null);
  assert.equal(treeWith(t, {}, '0::/\n'), null);
  assert.equal(treeWith(t, {}, ''), null);
});
