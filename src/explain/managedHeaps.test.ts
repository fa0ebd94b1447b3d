import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { GrowingThing } from './growingThing.ts';
import { openHeap } from './openHeap.ts';
import { TargetMemory } from './targetMemory.ts';
import { unreadLanguageOf } from './unreadLanguage.ts';

const python = '/usr/bin/python3';
const noPython = existsSync(python) ? false : 'there is no /usr/bin/python3 here (apt-get install python3)';

const perl = '/usr/bin/perl';
const noPerl = existsSync(perl) ? false : 'there is no /usr/bin/perl here (apt-get install perl)';

const pythonProgram = (rest: string) => `
import sys
class Session:
    def __init__(self, i): self.id = i; self.text = "x" * 200 + str(i)
kept = {}
i = 0
print("READY", flush=True)
for _ in sys.stdin:
    for _ in range(5000):
        i += 1
        kept[i] = Session(i)
        ${rest}
    print("DONE", flush=True)
`;
const nodeProgram = (rest: string) => `
class Session { constructor(i) { this.id = i; this.text = 'x' + i; } }
const kept = new Map();
let i = 0;
console.log('READY');
process.stdin.on('data', () => {
  for (let n = 0; n < 40000; n += 1) { i += 1; kept.set(i, new Session(i)); ${rest} }
  console.log('DONE');
});
`;

/** As an extension written in C does: nothing of Python's own grows. */
const extensionProgram = `
import ctypes, sys
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
print("READY", flush=True)
for _ in sys.stdin:
    for _ in range(5000):
        block = c.malloc(1000)
        ctypes.memset(ctypes.c_void_p(block), 65, 1000)
    print("DONE", flush=True)
`;

const perlProgram = `
$| = 1;
print "READY\\n";
while (<STDIN>) {
  for (1..20000) { $i++; $kept{$i} = "session of customer number $i, who is still here"; }
  print "DONE\\n";
}
`;

async function lookThreeTimes(command: string, args: string[]): Promise<{ things: GrowingThing[]; runtime: string; notes: string }> {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], timeout: 60_000, killSignal: 'SIGKILL' });
  const { stdin, stdout, pid } = child;
  assert.ok(stdin !== null && stdout !== null && pid !== undefined);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  try {
    assert.equal((await lines.next()).value, 'READY');
    const memory = new TargetMemory(pid);
    try {
      const heap = openHeap(memory);
      assert.ok(heap !== null && 'look' in heap);
      for (let look = 0; look < 3; look += 1) {
        stdin.write('more\n');
        assert.equal((await lines.next()).value, 'DONE');
        heap.look();
      }
      return { things: heap.growing(), runtime: heap.runtime, notes: heap.notes?.().join(' ') ?? '' };
    } finally {
      memory.close();
    }
  } finally {
    child.kill('SIGKILL');
  }
}

async function nameGrowth(command: string, args: string[]): Promise<GrowingThing[]> {
  return (await lookThreeTimes(command, args)).things;
}

test('the class of Python that grows is named', { skip: noPython }, async () => {
  assert.equal((await nameGrowth(python, ['-c', pythonProgram('pass')]))[0]?.type, 'Session');
});

test('a class of Python is known wherever malloc put it', { skip: noPython }, async () => {
  const things = await nameGrowth('/usr/bin/env', ['MALLOC_MMAP_THRESHOLD_=600', python, '-c', pythonProgram('pass')]);
  assert.equal(things[0]?.type, 'Session');
});

test('a bounded dict of Python is no growth', { skip: noPython }, async () => {
  assert.deepEqual(await nameGrowth(python, ['-c', pythonProgram('kept.pop(i - 500, None)')]), []);
});

test('the class of Node that grows is named', async () => {
  assert.match((await nameGrowth(process.execPath, ['-e', nodeProgram('')]))[0]?.type ?? '', /^Session \{id, text\}/);
});

test('a bounded Map of Node is no growth', async () => {
  assert.deepEqual(await nameGrowth(process.execPath, ['-e', nodeProgram('kept.delete(i - 500);')]), []);
});

test('what an extension of Python leaks of malloc is named where nothing of Python grows', { skip: noPython }, async () => {
  const { things, runtime } = await lookThreeTimes(python, ['-c', extensionProgram]);
  assert.match(runtime, /^native memory of /);
  assert.match(things[0]?.type ?? '', /\b(?:99\d|1000|1008)\b/);
  assert.equal(things[0]?.pattern, 'no-pointer-left');
});

test('beneath a language whose objects are not read, blocks are named, with what they are and who tells more', {
  skip: noPerl,
}, async () => {
  const { things, runtime, notes } = await lookThreeTimes(perl, ['-e', perlProgram]);
  assert.equal(runtime, 'native memory of Perl');
  assert.ok(things.some(({ contents }) => contents?.some((text) => text.startsWith('session of customer number'))));
  assert.ok(things.every(({ pattern }) => pattern === null));
  assert.match(notes, /does not read the objects of Perl.*Devel::MAT/);
});

test('a language is told by what is mapped, and by nothing that is only named alike', () => {
  const named = (...paths: string[]) => unreadLanguageOf(paths)?.name ?? null;
  assert.equal(named('/usr/bin/perl'), 'Perl');
  assert.equal(named('/usr/sbin/nginx', '/usr/lib/x86_64-linux-gnu/libluajit-5.1.so.2.1.0'), 'Lua');
  assert.equal(named('/usr/bin/pypy3', '/usr/lib/x86_64-linux-gnu/libpypy3.9-c.so'), 'PyPy');
  assert.equal(named('/usr/lib/erlang/erts-13.1.5/bin/beam.smp (deleted)'), 'Erlang');
  assert.equal(named('/usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/libcoreclr.so'), '.NET');
  assert.equal(named('/srv/perl/shop', '/opt/bundle', '/usr/bin/moonlua-server', ''), null);
});
