/** What an ordinary account can't see is said, and never counted as nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absent, notPermitted } from '../model/reading.ts';
import { ProcessEntry } from './processEntry.ts';
import { hidepidOf, type Visibility, VisibilityNotices } from './visibility.ts';
import { WorkloadEntry } from './workloadEntry.ts';

const everything: Visibility = {
  unreadableProcesses: 0,
  uncountedFds: 0,
  unreadableMemory: 0,
  firstProcessSeen: true,
  kernelThreadsSeen: 60,
  visibleThreads: 300,
  machineThreads: 300,
  hidepid: null,
  permissions: { unseenOfProcesses: [], unseenOfKernel: [] },
};

function texts(seen: Partial<Visibility>): string[] {
  return new VisibilityNotices().notices({ ...everything, ...seen }, 0).map((notice) => notice.text);
}

test('hidepid is said when it hides something, with the option that a person can change', () => {
  assert.match(texts({ hidepid: 'invisible', firstProcessSeen: false, kernelThreadsSeen: 0 })[0] ?? '', /hidepid=invisible/);
  assert.match(texts({ hidepid: '1', unreadableProcesses: 40 })[0] ?? '', /hidepid=1/);
  // Root, and members of the group of the mount, see everything in spite of it.
  assert.deepEqual(texts({ hidepid: '2' }), []);
});

test('fewer threads than the kernel counts, and none of its own: only a part of the machine is seen', () => {
  assert.match(texts({ kernelThreadsSeen: 0, visibleThreads: 20 })[0] ?? '', /container/);
  assert.deepEqual(texts({ kernelThreadsSeen: 0, visibleThreads: 290 }), []);
});

test('a notice keeps the moment since when it holds, and starts anew when it comes back', () => {
  const notices = new VisibilityNotices();
  const since = (uncountedFds: number, nowMs: number) => notices.notices({ ...everything, uncountedFds }, nowMs)[0]?.sinceMs;
  assert.equal(since(3, 1000), 1000);
  assert.equal(since(5, 2000), 1000);
  assert.equal(since(0, 3000), undefined);
  assert.equal(since(1, 4000), 4000);
});

test('hidepid is read from the last mount at /proc; 0 and off hide nothing', () => {
  const mount = (option: string) => ({ mountPoint: '/proc', fileSystem: 'proc', options: ['rw', option], device: '0:21' });
  assert.equal(hidepidOf([mount('hidepid=invisible'), mount('hidepid=2')], '/proc'), '2');
  assert.equal(hidepidOf([mount('hidepid=off')], '/proc'), null);
  assert.equal(hidepidOf([mount('hidepid=2')], '/other'), null);
  assert.equal(hidepidOf(absent, '/proc'), null);
});

test('a sum is of what is seen; where nothing is seen it is not permitted, where nothing is there it is absent', () => {
  const workload = new WorkloadEntry({ id: 'w-1', kind: 'workload', name: 'one' });
  const member = (fds: number | typeof notPermitted | typeof absent) => {
    const entry = new ProcessEntry('/proc', 1, 1, false, 1);
    entry.sample.fds = fds;
    return entry;
  };
  const sum = (...members: ProcessEntry[]) => {
    workload.begin();
    for (const entry of members) workload.add(entry);
    workload.end();
    return workload.sample.fds;
  };
  assert.equal(sum(member(3), member(notPermitted), member(4)), 7);
  assert.equal(sum(member(notPermitted), member(absent)), notPermitted);
  assert.equal(sum(member(absent), member(notPermitted)), notPermitted);
  assert.equal(sum(member(absent)), absent);
});
