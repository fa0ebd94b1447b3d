import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { mountBpffs } from '../lab/bpffs.ts';
import { type BpfPlaces, bpfPlaces, pinTaskIterator } from './bpfIterator.ts';
import { BpfPass, BpfTaskCursor, emptyBpfTask, readBpfTasks } from './bpfTasks.ts';

const never = new AbortController().signal;
const bpffs = mountBpffs();
after(() => typeof bpffs === 'string' || bpffs.remove());
const real = { skip: typeof bpffs === 'string' ? bpffs : false };
const places = typeof bpffs === 'string' ? bpfPlaces : bpffs.places;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bpf-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** In place of bpftool. */
function standIn(t: TestContext, script: string): string {
  const path = join(folderOf(t), 'bpftool');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

test('what is missing is named, with what to do', async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'self'));
  const status = join(folder, 'self', 'status');
  const missing = async (change: Partial<BpfPlaces>, pattern: RegExp) => {
    await assert.rejects(pinTaskIterator(never, { ...bpfPlaces, btf: status, procRoot: folder, ...change }), (error) => {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'STANCH_E_BPF');
      assert.match(error.message, pattern);
      return true;
    });
  };
  writeFileSync(status, 'CapEff:\t0000000000000000\n');
  await missing({ btf: join(folder, 'none') }, /expected a kernel with BTF/);
  await missing({}, /expected root, or CAP_BPF and CAP_PERFMON; .* Run stanch as root/);
  writeFileSync(status, 'CapEff:\t000000c000000000\n');
  await missing({ bpffs: folder }, /expected bpffs at .*; found none\. Mount it: mount -t bpf bpf /);
  await missing({ bpffs: join(folder, 'none') }, /expected bpffs at /);
});

test('bpftool is looked for in its places', real, async (t) => {
  await assert.rejects(pinTaskIterator(never, { ...places, bpftools: [join(folderOf(t), 'none')] }), /apt-get install bpftool/);
});

test('the kernel takes the program; its file is for root alone, shows this process, and is gone afterwards', real, async () => {
  const iterator = await pinTaskIterator(never, places);
  const { mode, uid } = statSync(iterator.path);
  assert.deepEqual([mode & 0o777, uid], [0o600, 0]);
  const pass = new BpfPass();
  const cursor = new BpfTaskCursor(4096);
  // A second pass sees the same again: each opening of the file is one.
  for (let round = 0; round < 2; round += 1) {
    readBpfTasks(iterator.path, pass);
    cursor.reset(pass);
    const task = emptyBpfTask();
    assert.ok(cursor.seek(process.pid) && cursor.next(task));
    assert.ok(task.memoryIsKnown && task.anonBytes > 0 && task.fds > 0 && task.threads > 1);
    assert.equal(task.parentPid, process.ppid);
  }
  iterator.remove();
  assert.ok(!existsSync(iterator.path));
  iterator.remove();
});

test('what a daemon that was killed left behind is taken away; what a living one or anybody else has is not', real, async () => {
  const first = await pinTaskIterator(never, places);
  const stale = [`stanch-${process.pid}-1`, 'stanch-4194304-77'].map((name) => join(places.bpffs, name));
  const others = ['stanch-x', 'other-1-1'].map((name) => join(places.bpffs, name));
  for (const path of [...stale, ...others]) linkSync(first.path, path);
  mkdirSync(join(places.bpffs, 'stanch-4194303-77'));
  const fakeTool = { ...places, bpftools: ['/bin/false'] };
  await assert.rejects(pinTaskIterator(never, fakeTool), /STANCH_E_BPF/);
  assert.deepEqual(
    stale.filter((path) => existsSync(path)),
    [],
  );
  assert.deepEqual(
    others.filter((path) => !existsSync(path)),
    [],
  );
  assert.ok(existsSync(join(places.bpffs, 'stanch-4194303-77')));
});

test('of what bpftool says when it fails the first line is told, and nothing is left', real, async (t) => {
  const said = standIn(t, 'echo "libbpf: load failed: Permission denied" >&2; echo "0: R1=ctx() R10=fp0" >&2; exit 255');
  await assert.rejects(
    pinTaskIterator(never, { ...places, bpftools: [said] }),
    /expected the kernel to take the BPF program; found libbpf: load failed: Permission denied\. Try: /,
  );
  const chatty = standIn(t, 'head -c 3000000 /dev/zero | tr "\\0" x >&2');
  await assert.rejects(pinTaskIterator(never, { ...places, bpftools: [chatty] }), (error) => {
    assert.ok(error instanceof Error && error.message.length < 1000);
    return true;
  });
  const idle = standIn(t, 'exit 0');
  await assert.rejects(pinTaskIterator(never, { ...places, bpftools: [idle] }), /is not a file of this account/);
  assert.deepEqual(
    readdirSync(places.bpffs).filter((name) => name.startsWith(`stanch-${process.pid}-`)),
    [],
  );
});

test('whoever waits for a bpftool that hangs can end the wait, and bpftool with it', real, async (t) => {
  const pidFile = join(folderOf(t), 'pid');
  const hangs = standIn(t, `echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 600`);
  const ending = new AbortController();
  const pinning = pinTaskIterator(ending.signal, { ...places, bpftools: [hangs] });
  while (!existsSync(pidFile)) await new Promise((resolve) => setTimeout(resolve, 10));
  ending.abort();
  await assert.rejects(pinning, /STANCH_E_BPF/);
  const pid = readFileSync(pidFile, 'latin1').trim();
  while (existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 10));
});
