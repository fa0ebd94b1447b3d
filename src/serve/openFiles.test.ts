import assert from 'node:assert/strict';
import { test } from 'node:test';
import { undecidedVerdict } from '../detect/undecided.ts';
import type { ResourceVerdict, SubjectVerdict, VerdictWord } from '../model/verdict.ts';
import type { OpenFiles, SocketGroup } from '../sample/openFiles/openFiles.ts';
import { openFilesOfWorkload, openFilesPart, withHeld } from './openFiles.ts';
import { sourceForTests } from './sourceForTests.ts';

const common = { protocol: 'tcp', direction: null, local: null, peer: null, sendQueue: 0, receiveQueue: 0 } as const;

function held(change: Partial<OpenFiles>): OpenFiles {
  return { timeMs: 1, open: 512, looked: 512, kinds: [], targets: [], sockets: [], ...change };
}

const summary = (change: Partial<OpenFiles>) => openFilesPart(held(change))?.summary;
const ofSocket = (group: Partial<SocketGroup>) =>
  summary({ sockets: [{ ...common, state: 'CLOSE_WAIT', count: 412, ...group }] })?.[0]?.replace('412 of 512 open files are ', '');

test('says which sockets, to whom, and what that means', () => {
  assert.deepEqual(summary({ sockets: [{ ...common, state: 'CLOSE_WAIT', direction: 'out', peer: '10.0.0.5:3306', count: 412 }] }), [
    '412 of 512 open files are sockets in CLOSE_WAIT to 10.0.0.5:3306: connections not closed after the peer hung up',
  ]);
  assert.equal(
    ofSocket({ direction: 'in', local: 'port 8080' }),
    'sockets in CLOSE_WAIT on port 8080 from several clients: connections not closed after the client hung up',
  );
  assert.equal(
    ofSocket({ state: 'ESTABLISHED', direction: 'out', peer: '[2001:db8::1]:443', receiveQueue: 3 * 1024 ** 2 }),
    'sockets in ESTABLISHED to [2001:db8::1]:443: connections opened and kept, 3 MiB unread',
  );
  assert.equal(ofSocket({ protocol: 'unix', state: 'connected', local: '/run/x' }), 'unix sockets, connected, of /run/x');
});

test('says which files, and tells one file from many', () => {
  const target = { kind: 'deleted', name: '/var/log/x.log', count: 300 } as const;
  assert.deepEqual(summary({ targets: [target], kinds: [{ kind: 'deleted', count: 300 }] }), [
    '300 of 512 open files are /var/log/x.log, deleted: its room on disk comes back only when all are closed',
  ]);
  const different = { kind: 'file', name: '/tmp/a', count: 1 } as const;
  assert.deepEqual(
    summary({
      targets: [different],
      kinds: [
        { kind: 'file', count: 200 },
        { kind: 'pipe', count: 90 },
      ],
    }),
    ['200 of 512 open files are files of many names, such as /tmp/a', '90 of 512 open files are pipes'],
  );
});

test('what does not stand out is not said; of many files it says how many were looked at', () => {
  assert.deepEqual(summary({ targets: [{ kind: 'file', name: '/a', count: 7 }], open: 20, looked: 20 }), []);
  assert.deepEqual(summary({ targets: [{ kind: 'file', name: '/a', count: 50 }] }), []);
  assert.deepEqual(summary({ kinds: [{ kind: 'pipe', count: 900 }], open: 90_000, looked: 2048 }), [
    '900 of the 2048 open files (of 90000) that were looked at are pipes',
  ]);
});

function verdictOn(resource: ResourceVerdict['resource'], word: VerdictWord): SubjectVerdict {
  const judged = { ...undecidedVerdict(resource, { rule: 'floor-rises', for: 'leak', text: 'it rises' }), verdict: word };
  return { subject: 'web', ...judged, resources: [judged] };
}

test('a leak of open files is shown with what is held, in front of its reasons; other verdicts stay as they are', () => {
  const openFiles = held({ kinds: [{ kind: 'pipe', count: 400 }] });
  const known = () => ({ openFiles, zombies: 12, processes: 15 });
  const leak = withHeld(verdictOn('fds', 'leak'), known);
  assert.deepEqual(
    leak.reasons.map(({ rule }) => rule),
    ['open-files', 'floor-rises'],
  );
  assert.deepEqual(leak.resources[0]?.reasons, leak.reasons);
  assert.match(withHeld(verdictOn('processes', 'suspect'), known).reasons[0]?.text ?? '', /^12 of its 15 processes are zombies/);
  for (const healthy of [verdictOn('fds', 'no-leak'), verdictOn('memory', 'leak')]) assert.equal(withHeld(healthy, known), healthy);
  const unseen = withHeld(verdictOn('sockets', 'leak'), () => ({ openFiles: null, zombies: 0, processes: null }));
  assert.deepEqual(unseen.reasons, verdictOn('sockets', 'leak').reasons);
});

test('what a workload holds is what its processes hold together; null where none was looked at', () => {
  const source = sourceForTests().scan();
  assert.equal(openFilesOfWorkload(source, 'w-leak'), null);
  const processes = source.processes.map((process, index) => ({
    ...process,
    openFiles: index < 2 ? held({ timeMs: index + 1, open: 10, looked: 10, kinds: [{ kind: 'file' as const, count: 10 }] }) : null,
  }));
  const together = openFilesOfWorkload({ ...source, processes }, 'w-leak');
  assert.deepEqual([together?.open, together?.timeMs, together?.kinds], [20, 1, [{ kind: 'file', count: 20 }]]);
  assert.equal(openFilesOfWorkload({ ...source, processes }, 'w-quiet'), null);
});
