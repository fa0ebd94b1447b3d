/** `stanch where --json` on this machine, with memory taken in every way that no process shows: each is named, and all adds up. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import * as v from 'valibot';
import { type Hoard, type HoardKind, startHoard } from '../lab/hoards.ts';
import { findOnPath } from '../lab/programs.ts';
import { assertAddsUp, MiB } from '../relate/memoryForTests.ts';
import { type MemoryNodeDocument, type WhereDocument, whereSchema } from '../serve/schema.ts';
import { runCli } from './spawnForTests.ts';

const hoardMiB = 24;
const isRoot = process.getuid?.() === 0;
const tmpfsMagic = 0x01021994;
const skip =
  findOnPath('cc') === null
    ? 'no C compiler here'
    : existsSync('/dev/shm') && statfsSync('/dev/shm').type === tmpfsMagic
      ? false
      : 'no tmpfs at /dev/shm here';
const kinds: HoardKind[] = ['sysv', 'orphan', 'memfd', 'deleted', 'shared', 'sockets', 'slab'];

function* nodes(root: MemoryNodeDocument): Generator<MemoryNodeDocument> {
  yield root;
  for (const child of root.children ?? []) yield* nodes(child);
}

function named(document: WhereDocument, pattern: RegExp): MemoryNodeDocument {
  const all = [...nodes(document.ram)];
  const found = all.filter(({ name }) => pattern.test(name)).sort((a, b) => b.bytes - a.bytes)[0];
  const seen = [...all.map(({ name, bytes }) => `${name} ${bytes}`), ...document.notices];
  assert.ok(found, `${pattern} in:\n${seen.join('\n')}`);
  return found;
}

function assertHolds(node: MemoryNodeDocument, mebibytes: number): void {
  assert.ok(node.bytes >= mebibytes * MiB * 0.98, `${node.name} holds ${node.bytes} bytes`);
}

describe('memory that no process shows', { skip, timeout: 600_000 }, () => {
  const hoards = new Map<HoardKind, Hoard>();
  const file = `/dev/shm/stanch-test-${process.pid}`;
  let document: WhereDocument;

  before(async () => {
    for (const kind of kinds) hoards.set(kind, await startHoard(kind, hoardMiB, `${file}-deleted`));
    writeFileSync(file, Buffer.alloc(hoardMiB * MiB, 1));
    const ended = await runCli(['where', '--json']);
    assert.equal(ended.code, 0, ended.stderr);
    document = v.parse(whereSchema, JSON.parse(ended.stdout));
  });

  after(async () => {
    rmSync(file, { force: true });
    for (const hoard of hoards.values()) await hoard.stop();
  });

  const holderOf = (kind: HoardKind) => `hoard-${kind} \\(pid ${hoards.get(kind)?.pid}\\)`;

  test('the tree is all of RAM, every part of it the sum of its parts', () => {
    const total = Number(/^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
    assert.ok(Math.abs(document.ram.bytes - total) <= total * 0.01);
    assertAddsUp(document.ram);
    assertAddsUp(document.swap);
    const { freeBytes, reclaimableBytes, swappableBytes, unreclaimableBytes } = document.reclaim;
    assert.equal(freeBytes + reclaimableBytes + swappableBytes + unreclaimableBytes, document.ram.bytes);
  });

  test('files of a tmpfs, by name, and deleted ones by who holds them', () => {
    assertHolds(named(document, new RegExp(`^stanch-test-${process.pid}$`)), hoardMiB);
    assertHolds(named(document, /^tmpfs \/dev\/shm$/), 2 * hoardMiB);
    assertHolds(named(document, new RegExp(`stanch-test-${process.pid}-deleted, deleted, still open in ${holderOf('deleted')}`)), hoardMiB);
    const finding = document.findings.find(({ kind }) => kind === 'deleted-files');
    assert.match(finding?.text ?? '', new RegExp(holderOf('deleted')));
  });

  test('memfd by name and process', () => {
    assertHolds(named(document, new RegExp(`memfd stanch-hoard of ${holderOf('memfd')}`)), hoardMiB);
  });

  test('a shared mapping by process', { skip: isRoot ? false : 'only root may ask for the size of a mapping' }, () => {
    assertHolds(named(document, new RegExp(`^of ${holderOf('shared')}$`)), hoardMiB);
  });

  test('System V segments by who made them, and the one that nobody has attached as an orphan', () => {
    const attached = named(document, new RegExp(`^segment \\d+ of .+, made by ${holderOf('sysv')}`));
    assertHolds(attached, hoardMiB);
    assert.equal(attached.note, undefined);
    const orphan = named(document, new RegExp(`^segment \\d+ of .+, made by ${holderOf('orphan')}`));
    assertHolds(orphan, hoardMiB);
    assert.match(orphan.note ?? '', /orphan: .* ipcrm -m \d+/);
    assert.ok(document.findings.some(({ kind }) => kind === 'orphaned-segments'));
  });

  test('what is in the buffers of sockets', () => {
    // Each CPU of the kernel reports up to 1 MiB late.
    assertHolds(named(document, /^TCP$/), hoardMiB / 2);
    assert.equal(named(document, /^socket buffers$/).reclaim, 'unreclaimable');
  });

  test('slab by cache: inodes of sockets among the largest', { skip: isRoot ? false : 'only root may read /proc/slabinfo' }, () => {
    const sockets = named(document, /^sock_inode_cache$/);
    assert.match(sockets.note ?? '', /sockets/);
    assert.ok(sockets.bytes >= 2 * MiB, `${sockets.bytes}`);
  });
});

/** Each layer covers the ones before. */
function mountTmpfs(t: TestContext, layers: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-tmpfs-'));
  for (let layer = 0; layer < layers; layer += 1) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'none', folder]);
  t.after(() => {
    for (let layer = 0; layer < layers; layer += 1) execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

function whyNoMount(): string | false {
  if (!isRoot) return 'only root may mount';
  const folder = mkdtempSync(join(tmpdir(), 'stanch-tmpfs-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'none', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return false;
  } catch {
    return 'mounting is not allowed here';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a tmpfs that was mounted, with the path of its largest file', { skip: whyNoMount() }, async (t) => {
  const folder = mountTmpfs(t, 1);
  writeFileSync(join(folder, 'log \u202e\n1'), Buffer.alloc(hoardMiB * MiB, 1));
  const ended = await runCli(['where', '--json']);
  assert.equal(ended.code, 0, ended.stderr);
  const document = v.parse(whereSchema, JSON.parse(ended.stdout));
  const tmpfs = [...nodes(document.ram)].find(({ name }) => name === `tmpfs ${folder}`);
  assert.ok(tmpfs);
  assertHolds(tmpfs, hoardMiB);
  assert.equal(tmpfs.children?.[0]?.name, 'log \\u{202e}\\n1');
});

test('a tmpfs that another one covers is not taken for it', { skip: whyNoMount() }, async (t) => {
  const folder = mountTmpfs(t, 2);
  writeFileSync(join(folder, 'file'), Buffer.alloc(hoardMiB * MiB, 1));
  const ended = await runCli(['where', '--json']);
  const document = v.parse(whereSchema, JSON.parse(ended.stdout));
  assert.equal([...nodes(document.ram)].filter(({ name }) => name === `tmpfs ${folder}`).length, 1);
});
