/** On what the atop and the sysstat of this machine write here and now; skipped where they are not installed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { layoutOf } from './atop/layout.ts';
import { readRows } from './logRowsForTests.ts';

const folder = mkdtempSync(join(tmpdir(), 'stanch-logs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const atop = '/usr/bin/atop';
const collector = ['/usr/lib/sysstat/sadc', '/usr/libexec/sysstat/sadc', '/usr/lib64/sa/sadc'].find((path) => existsSync(path));
const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

function output(program: string, args: readonly string[]): Buffer {
  return execFileSync(program, args, { env: environment, maxBuffer: 256 * 1024 * 1024, timeout: 60_000 });
}

test('the atop installed here prints of its own log what is read from it', { skip: !existsSync(atop) }, (t) => {
  const file = join(folder, 'atop.raw');
  execFileSync(atop, ['-w', file, '1', '2'], { env: environment, stdio: 'ignore', timeout: 60_000 });
  const log = readFileSync(file);
  const version = `${(log[5] ?? 0) & 0x7f}.${log[4]}`;
  if (layoutOf(version) === undefined) {
    t.skip(`atop ${version} writes a log that is not read`);
    return;
  }
  const raw = readRows(log);
  const printed = readRows(output(atop, ['-r', file, '-P', 'PRG,PRM,PRC,MEM,SWP']));
  assert.deepEqual([raw.bad, printed.bad], [[], []]);
  assert.equal(raw.source?.records, 2);
  const totals = ({ rows }: typeof raw) => {
    const byTime = new Map<number, number[]>();
    for (const { subject, timeMs, anonBytes = 0, swapBytes = 0, threads = 0, processes = 0 } of rows) {
      // Newer versions print the cgroup of a process and keep it elsewhere in the log: its workload may have another name.
      if (subject === 'host') continue;
      const before = byTime.get(timeMs) ?? [0, 0, 0, 0];
      byTime.set(
        timeMs,
        [anonBytes, swapBytes, threads, processes].map((value, index) => value + (before[index] ?? 0)),
      );
    }
    return [...byTime];
  };
  assert.ok((totals(raw)[0]?.[1][0] ?? 0) > 0);
  assert.deepEqual(totals(raw), totals(printed));
});

test('what the sadf installed here prints of what its sadc collected is read', { skip: collector === undefined }, () => {
  const file = join(folder, 'sa');
  // The first record is where counting starts, and is not printed.
  execFileSync(collector ?? '', ['1', '3', file], { env: environment, stdio: 'ignore', timeout: 60_000 });
  const { rows, bad, source } = readRows(output('sadf', ['-j', file, '--', '-r', 'ALL', '-S', '-v']));
  assert.deepEqual([rows.length, bad.length, source?.format], [2, 0, 'sysstat']);
  assert.ok(rows.every(({ anonBytes = 0, headroomBytes = 0, fds = 0 }) => anonBytes > 0 && headroomBytes > 0 && fds > 0));
});
