import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { afterEach, type TestContext } from 'node:test';
import { type DiskCalls, systemDisk } from './diskCalls.ts';
import { openStore, openStoreOn } from './embeddedStore.ts';
import type { SeriesStore } from './store.ts';
import { appendTicks, findingOf, folderFor, hour, keepAll, minute, sampleAt, settle, startMs, workload } from './storeForTests.ts';

const second = 1000;

class NoRoom extends Error {
  readonly code = 'ENOSPC';
}

/** A disk that takes so many bytes more. */
function smallDisk(): DiskCalls & { roomBytes: number } {
  const disk = {
    ...systemDisk,
    roomBytes: Number.POSITIVE_INFINITY,
    write: (fd: number, bytes: Uint8Array, at: number, length: number) => {
      if (disk.roomBytes <= 0) throw new NoRoom('no space left on device');
      // Half a record is what a full disk leaves behind.
      const written = systemDisk.write(fd, bytes, at, Math.min(length, disk.roomBytes));
      disk.roomBytes -= written;
      return written;
    },
    probe: (dir: string, bytes: number) => {
      if (disk.roomBytes < bytes) throw new NoRoom('no space left on device');
      systemDisk.probe(dir, bytes);
    },
  };
  return disk;
}

function ticksOf(store: SeriesStore): unknown[] {
  return [...store.replay(0)].map(({ sample }) => sample.fds);
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

function appendTen(store: SeriesStore, from: number): void {
  const fromMs = startMs + from * 10 * second;
  appendTicks(store, workload('w-1'), { fromMs, count: 10, intervalMs: 10 * second }, (index) => ({ fds: from + index }));
}

test('a disk that fills in the middle of a record costs nothing, is said, and is used again when there is room', (t) => {
  const dir = folderFor(t);
  const disk = smallDisk();
  const store = openStoreOn({ dir, retention: keepAll }, disk);
  appendTen(store, 0);
  assert.deepEqual([store.health().mode, store.health().reason], ['disk', null]);
  disk.roomBytes = 5;
  appendTen(store, 10);
  assert.equal(store.health().mode, 'memory');
  assert.match(store.health().reason ?? '', /^STANCH_E_STORE_DISK_FULL: .*no space left.*Free space.*by itself/);
  store.putFinding(findingOf('f-1', startMs));
  assert.deepEqual(ticksOf(store), numbers(20), 'sampling goes on');
  disk.roomBytes = Number.POSITIVE_INFINITY;
  appendTen(store, 20);
  appendTen(store, 30);
  assert.deepEqual([store.health().mode, store.health().reason], ['disk', null]);
  assert.deepEqual(ticksOf(store), numbers(40));
  settle(store, startMs);
  store.close();
  const again = openStore({ dir, retention: keepAll });
  t.after(() => again.close());
  assert.deepEqual(ticksOf(again), numbers(40), 'what was in memory only went to disk');
  assert.deepEqual(again.health().setAside, []);
  assert.deepEqual(
    again.findings({}).map(({ id }) => id),
    ['f-1'],
  );
});

test('killed while the disk is full: everything up to then is there', (t) => {
  const dir = folderFor(t);
  const disk = smallDisk();
  const store = openStoreOn({ dir, retention: keepAll }, disk);
  appendTen(store, 0);
  disk.roomBytes = 5;
  appendTen(store, 10);
  store.close();
  const again = openStore({ dir, retention: keepAll });
  t.after(() => again.close());
  assert.deepEqual(ticksOf(again), numbers(10));
  assert.deepEqual(again.health().setAside, []);
});

test('the last bytes of the disk are left to others', (t) => {
  const disk = { ...systemDisk, space: () => ({ freeBytes: 20e6, totalBytes: 50e9 }) };
  const store = openStoreOn({ dir: folderFor(t), retention: keepAll }, disk);
  t.after(() => store.close());
  appendTen(store, 0);
  assert.equal(store.health().mode, 'memory');
  assert.match(store.health().reason ?? '', /STANCH_E_STORE_DISK_FULL.*32 MiB free.*19.1 MiB/);
  assert.deepEqual(ticksOf(store), numbers(10));
});

test('without a disk the history in memory is bounded, and the newest is kept', (t) => {
  const disk = smallDisk();
  const store = openStoreOn({ dir: folderFor(t), retention: { maxAgeMs: keepAll.maxAgeMs, maxBytes: 1024 * 1024 } }, disk);
  t.after(() => store.close());
  disk.roomBytes = 0;
  const subjects = numbers(100).map((index) => workload(`w-${index}`));
  for (const subject of subjects) store.putSubject(subject, startMs);
  for (let tick = 0; tick < 3000; tick += 1) {
    const timeMs = startMs + tick * 10 * second;
    const rows = subjects.map(({ id }, index) => ({
      subjectId: id,
      sample: sampleAt(timeMs, { fds: tick, anonBytes: (tick * index * 7919) % 1e9 }),
    }));
    store.append(timeMs, rows);
    store.maintain(timeMs);
  }
  const kept = store.read('w-5', 'fds', 0, Number.POSITIVE_INFINITY, 10_000);
  assert.equal(kept.last.at(-1), 2999);
  // 64 KiB an epoch, three epochs, some 5 bytes a row.
  assert.ok(kept.timeMs.length < 1000 && kept.timeMs.length > 100, `${kept.timeMs.length} ticks kept`);
});

const mounts: string[] = [];
// Before the folders are removed, which a mount in them would stop.
afterEach(() => {
  for (const dir of mounts.splice(0)) spawnSync('umount', ['-l', dir], { timeout: 30_000 });
});

/** A file system of its own, so small that it fills; only root can make one. */
function mountSmall(t: TestContext, kibibytes: number): string | null {
  if (process.getuid?.() !== 0) return null;
  const dir = join(folderFor(t), 'small');
  mkdirSync(dir);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', dir], { timeout: 30_000 });
  if (mounted.status !== 0) return null;
  mounts.push(dir);
  return dir;
}

function fill(dir: string): string {
  const path = join(dir, 'ballast');
  const { bavail, bsize } = statfsSync(dir);
  writeFileSync(path, new Uint8Array(bavail * bsize));
  assert.equal(statfsSync(dir).bavail, 0);
  return path;
}

test('a real full disk: journal, flush and start', (t) => {
  const dir = mountSmall(t, 4096);
  if (dir === null) return t.skip('mounting a small file system takes root');
  const store = openStore({ dir, retention: keepAll });
  appendTen(store, 0);
  const ballast = fill(dir);
  appendTen(store, 10);
  assert.equal(store.health().mode, 'memory');
  assert.match(store.health().reason ?? '', /STANCH_E_STORE_DISK_FULL/);
  assert.deepEqual(ticksOf(store), numbers(20));
  store.close();

  const started = openStore({ dir, retention: keepAll });
  appendTen(started, 20);
  assert.equal(started.health().mode, 'memory', 'it starts on a full disk, too');
  assert.deepEqual(ticksOf(started), [...numbers(10), ...numbers(10).map((index) => index + 20)]);
  rmSync(ballast);
  appendTen(started, 30);
  appendTen(started, 40);
  assert.equal(started.health().mode, 'disk');
  settle(started, startMs);
  started.close();
  const again = openStore({ dir, retention: keepAll });
  assert.deepEqual(ticksOf(again), [...numbers(10), ...numbers(30).map((index) => index + 20)]);
  assert.deepEqual(again.health().setAside, []);
  again.close();
});

test('a real disk that is full before the first start', (t) => {
  const dir = mountSmall(t, 1024);
  if (dir === null) return t.skip('mounting a small file system takes root');
  const ballast = fill(dir);
  const store = openStore({ dir, retention: keepAll });
  appendTen(store, 0);
  store.putFinding(findingOf('f-1', startMs));
  assert.equal(store.health().mode, 'memory');
  assert.equal(store.findings({}).length, 1);
  assert.equal(store.subjects().length, 1);
  assert.deepEqual([...store.states()], []);
  assert.match(store.health().reason ?? '', /^STANCH_E_STORE_DISK_FULL: [^;]*; found [^;]*; until then [^;]*$/);
  rmSync(ballast);
  appendTen(store, 10);
  settle(store, startMs);
  assert.equal(store.health().mode, 'disk');
  store.close();
  const again = openStore({ dir, retention: keepAll });
  assert.deepEqual(ticksOf(again), numbers(20));
  assert.equal(again.findings({}).length, 1);
  again.close();
});

test('a real disk that fills in the middle of a flush, wherever that is', { timeout: 300_000 }, (t) => {
  const dir = mountSmall(t, 6 * 1024);
  if (dir === null) return t.skip('mounting a small file system takes root');
  const subjects = numbers(60).map((index) => workload(`w-${index}`));
  for (let round = 0; round < 12; round += 1) {
    const store = openStore({ dir, retention: keepAll });
    for (let tick = 0; tick < 400; tick += 1) {
      const timeMs = startMs + round * 2 * hour + tick * 10 * second;
      for (const subject of subjects) if (tick === 0) store.putSubject(subject, timeMs);
      store.append(
        timeMs,
        subjects.map(({ id }, index) => ({
          subjectId: id,
          sample: sampleAt(timeMs, { fds: round * 400 + tick, anonBytes: index * tick }),
        })),
      );
      // The hour ends at tick 360: leaves a different room for its flush each round.
      if (tick === 358) {
        const { bavail, bsize } = statfsSync(dir);
        writeFileSync(join(dir, 'ballast'), new Uint8Array(Math.max(0, bavail * bsize - 70_000 - round * 9000)));
      }
      store.maintain(timeMs);
    }
    assert.equal(ticksOf(store).at(-1), round * 400 + 399);
    rmSync(join(dir, 'ballast'));
    for (let tick = 400; tick < 420; tick += 1) {
      const timeMs = startMs + round * 2 * hour + tick * 10 * second;
      store.append(timeMs, []);
      store.maintain(timeMs);
    }
    settle(store, startMs);
    assert.equal(store.health().mode, 'disk');
    assert.deepEqual(store.health().setAside, []);
    const points = store.read('w-7', 'fds', startMs + round * 2 * hour, startMs + round * 2 * hour + 70 * minute, 1000);
    assert.deepEqual(
      [...points.last],
      numbers(400).map((tick) => round * 400 + tick),
      `round ${round}`,
    );
    store.close();
    for (const name of ['catalog.sqlite', 'states.sqlite']) assert.ok(statSync(join(dir, name)).size > 0);
    for (const name of ['fine-00000001.sqlite']) rmSync(join(dir, name), { force: true });
  }
});
