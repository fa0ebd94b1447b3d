/** What is told of a process before anything is done to it: by which means it can be explained, and what they would do. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { EvidenceSubject } from '../model/evidence.ts';
import { meansAllowed, planFor } from './explainPlan.ts';
import { startTimeOf } from './identity.ts';

async function withNode(args: string[], use: (subject: EvidenceSubject) => void): Promise<void> {
  const script = "console.log('READY'); process.stdin.on('end', () => process.exit(0)).resume();";
  const child = spawn(process.execPath, [...args, '-e', script], { stdio: ['pipe', 'pipe', 'ignore'], timeout: 600_000 });
  try {
    await once(child.stdout, 'data');
    const { pid = 0 } = child;
    use({ pid, startTimeTicks: startTimeOf(pid) ?? 0, subjectId: null, name: 'idle' });
    assert.equal(child.exitCode ?? child.signalCode, null, 'it goes on');
  } finally {
    child.kill('SIGKILL');
  }
}

test('a Node process may be read or asked, and each means says what it does to it', () =>
  withNode([], (subject) => {
    const read = planFor(subject, 1_000, 'memory');
    assert.deepEqual([meansAllowed(subject), read.does], [['memory', 'inspector', 'snapshot'], null]);
    assert.match(planFor(subject, 1_000, 'inspector').does ?? '', /^SIGUSR1 is sent to it/);
    const snapshot = planFor(subject, 1_000, 'snapshot');
    assert.match(snapshot.does ?? '', /STANDS STILL/);
    assert.ok(snapshot.estimate.rssBytes > read.estimate.rssBytes);
    assert.throws(() => planFor(subject, 1_000, 'samples'), { code: 'STANCH_E_NOT_POSSIBLE' });
  }));

test('one that a signal would end is only read', () =>
  withNode(['--disable-sigusr1'], (subject) => {
    assert.deepEqual(meansAllowed(subject), ['memory']);
    assert.throws(() => planFor(subject, 1_000, 'inspector'), { code: 'STANCH_E_NOT_POSSIBLE' });
  }));
