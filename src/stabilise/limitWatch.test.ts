import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Action } from '../model/action.ts';
import { Sampler } from '../sample/sampler.ts';
import type { Scan } from '../sample/scan.ts';
import { judgeLimit, LimitWatch } from './limitWatch.ts';

function throttled(subjectId: string, path: string): Action {
  return {
    id: 'a-1',
    atMs: 0,
    by: 'cli',
    plan: {
      kind: 'throttle',
      subjectId,
      subjectName: 'shop.service',
      reason: '',
      steps: [{ step: { do: 'write-file', path, before: null, after: 'x' }, text: '' }],
      risk: null,
      undoable: true,
      expectedBytes: null,
    },
    state: 'done',
    stepsDone: 1,
    error: null,
    endedMs: 1,
    proof: null,
  };
}

test('a kill at the limit is said once, and the count of a service that began anew is not taken for none', () => {
  const action = throttled('w-1', '/x');
  const first = judgeLimit(action, null, { oomKills: 3, waits: 0 });
  assert.equal(first.news, null, 'what was before is not its doing');
  const second = judgeLimit(action, first.next, { oomKills: 4, waits: 0 });
  assert.equal(second.news?.severity, 'critical');
  assert.match(second.news?.text ?? '', /met its hard limit.*stanch undo a-1/);
  assert.equal(judgeLimit(action, second.next, { oomKills: 4, waits: 0 }).news, null);
  assert.equal(judgeLimit(action, second.next, { oomKills: 1, waits: 0 }).news?.severity, 'critical');
});

test('standing at the soft limit is said when it begins, and again only after it was well', () => {
  const action = throttled('w-1', '/x');
  let before: Parameters<typeof judgeLimit>[1] = null;
  const said = [0.05, 0.6, 0.7, 0.2, 0.5, 0.05, 0.45, null].map((waits) => {
    const { news, next } = judgeLimit(action, before, { oomKills: 0, waits });
    before = next;
    return news !== null;
  });
  assert.deepEqual(said, [false, true, false, false, false, false, true, false]);
});

test('the cgroup of the limited service is read, as long as its drop-in is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-limits-'));
  const sampler = new Sampler({ keptFds: 0 });
  try {
    const real = sampler.scan(0);
    const own = real.processes.find(({ id }) => id.pid === process.pid);
    assert.ok(own?.subject.workloadId !== undefined);
    const scan: Scan = { ...real, processes: [own] };
    const procRoot = join(folder, 'proc');
    const cgroupRoot = join(folder, 'cgroup');
    const cgroup = join(cgroupRoot, 'system.slice', 'shop.service');
    const dropIn = join(folder, 'shop.service.d', '90-stanch-throttle.conf');
    mkdirSync(join(procRoot, String(process.pid)), { recursive: true });
    mkdirSync(cgroup, { recursive: true });
    mkdirSync(join(folder, 'shop.service.d'));
    writeFileSync(dropIn, 'x');
    writeFileSync(join(procRoot, String(process.pid), 'cgroup'), '0::/system.slice/shop.service/worker\n');
    writeFileSync(join(cgroup, 'memory.events'), 'low 0\nhigh 9\nmax 0\noom 0\noom_kill 0\n');
    writeFileSync(
      join(cgroup, 'memory.pressure'),
      'some avg10=90.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=80.00 avg60=0.00 avg300=0.00 total=1\n',
    );
    const watch = new LimitWatch({ procRoot, cgroupRoot });
    const action = throttled(own.subject.workloadId, dropIn);
    assert.match(watch.look(scan, [action])[0]?.text ?? '', /waits for memory 80 % of the time/);
    assert.deepEqual(watch.look(scan, [action]), []);
    assert.deepEqual(new LimitWatch({ procRoot, cgroupRoot }).look(scan, [{ ...action, state: 'undone' }]), []);
    rmSync(dropIn);
    assert.deepEqual(new LimitWatch({ procRoot, cgroupRoot }).look(scan, [action]), []);
  } finally {
    sampler.close();
    rmSync(folder, { recursive: true });
  }
});
