/** The flight recorder of real JVMs: asked, off again, and left alone where it may not be or need not be. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { type HeapProgram, startHeapProgram, whyNoHeapProgram } from '../../lab/naming/heapPrograms.ts';
import { explainNow } from '../explainForTests.ts';
import type { ExplainOptions } from '../runExplain.ts';
import { askJvm, attachableJvm } from './hotspotAttach.ts';
import { whyNoRecorderRoom } from './sampleMeans.ts';

const skip = whyNoHeapProgram('java') ?? false;
const recordingName = `${process.pid.toString(16)}abc`;

async function withJava(name: string, use: (program: HeapProgram) => Promise<void>, options = ''): Promise<void> {
  process.env.JAVA_TOOL_OPTIONS = options;
  const program = await startHeapProgram('java', name, '10');
  try {
    await use(program);
    await program.more(100);
  } finally {
    await program.stop();
  }
}

function explain({ pid }: { pid: number }, options: Partial<ExplainOptions> = {}) {
  return explainNow(pid, { intervalMs: 4_000, means: 'samples', recordingName }, options);
}

async function nothingIsLeft(pid: number): Promise<void> {
  assert.match(await askJvm(attachableJvm(pid), 'JFR.check'), /No available recordings/);
  assert.deepEqual(
    readdirSync('/tmp').filter((name) => name.includes(recordingName) || name === `.attach_pid${pid}`),
    [],
  );
}

test('what grows is named, with the line where it was sampled, and no recording is left', { skip }, () =>
  withJava('MapWithoutEviction', async (program) => {
    const { grows, notes } = await explain(program);
    assert.equal(grows[0]?.type, 'MapWithoutEviction$UserSession');
    // Which objects are sampled is chance.
    if (grows[0]?.place !== null) assert.match(grows[0]?.place ?? '', /^MapWithoutEviction\$SessionService\.(?:lambda\$open\$0|open):19$/);
    assert.match(notes[0] ?? '', /is over, and its file is removed/);
    await nothingIsLeft(program.pid);
  }),
);

test('cancelled while it is on, the recording is over and its file is gone', { skip }, () =>
  withJava('MapWithoutEviction', async (program) => {
    const cancel = new AbortController();
    const onProgress = (_done: number, says: string | null) => {
      if (says !== null) cancel.abort();
    };
    await assert.rejects(explain(program, { signal: cancel.signal, onProgress }), { code: 'STANCH_E_GONE' });
    await nothingIsLeft(program.pid);
  }),
);

test('a JVM that would be ended by the signal gets none', { skip }, () =>
  withJava(
    'MapWithoutEviction',
    async (program) => {
      await assert.rejects(explain(program), { code: 'STANCH_E_NOT_POSSIBLE' });
    },
    '-Xrs',
  ),
);

test('room that is not known is no room, nor is one that is too small', () => {
  const wall = 'limit of its cgroup';
  assert.equal(whyNoRecorderRoom({ bytes: 200 << 20, wall, isEnough: true }), null);
  assert.match(whyNoRecorderRoom({ bytes: 50 << 20, wall, isEnough: false }) ?? '', /^50 MiB \(limit of its cgroup\)$/);
  assert.match(whyNoRecorderRoom(null) ?? '', /no word of the system/);
});
