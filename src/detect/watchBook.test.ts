import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { emptySample, type Sample } from '../model/gauge.ts';
import { Growth } from '../sample/growth.ts';
import { silentHost } from '../sample/hostForTests.ts';
import type { ProcessSample, Scan, WorkloadSample } from '../sample/scan.ts';
import { WatchBook } from './watchBook.ts';

const mib = 1024 * 1024;

function sampleAt(timeMs: number, anonBytes: number): Sample {
  return { ...emptySample(timeMs), anonBytes };
}

const growths = new Map<string, Growth>();
beforeEach(() => growths.clear());

function hasGrown(pid: string, sample: Sample): boolean {
  const growth = growths.get(pid) ?? new Growth();
  growths.set(pid, growth);
  growth.observe(sample);
  return growth.ofMemory || growth.ofFds;
}

/** Processes by workload: `{ web: { 10: bytes } }`. */
function scanAt(timeMs: number, running: Record<string, Record<number, number>>): Scan {
  const processes: ProcessSample[] = Object.entries(running).flatMap(([name, pids]) =>
    Object.entries(pids).map(([pid, bytes]) => ({
      id: { bootId: 'b', pid: Number(pid), startTimeTicks: 1 },
      subject: { id: `p-${pid}`, kind: 'process' as const, name: `${name} ${pid}`, workloadId: `w-${name}` },
      command: name,
      state: 'S',
      uid: 0,
      sample: sampleAt(timeMs, bytes),
      grown: hasGrown(pid, sampleAt(timeMs, bytes)),
      zombies: 0,
      diedIn: null,
      openFiles: null,
    })),
  );
  const workloads: WorkloadSample[] = Object.entries(running).map(([name, pids]) => ({
    subject: { id: `w-${name}`, kind: 'workload', name },
    sample: sampleAt(
      timeMs,
      Object.values(pids).reduce((sum, bytes) => sum + bytes, 0),
    ),
    memberIds: Object.keys(pids).map((pid) => `p-${pid}`),
    zombies: 0,
  }));
  const host = { ...silentHost(timeMs), sample: sampleAt(timeMs, 1e9) };
  return { timeMs, bootId: 'b', processes, workloads, host, notices: [], startedCount: 0, endedCount: 0 };
}

const watched = (book: WatchBook) => [...book.all()].map(({ subject }) => subject.id).sort();

test('watches the host and every workload, and only those siblings that have grown', () => {
  const book = new WatchBook(1000);
  book.observe(scanAt(1000, { web: { 10: 50 * mib, 11: 50 * mib }, db: { 20: 100 * mib } }));
  assert.deepEqual(watched(book), ['host', 'w-db', 'w-web']);
  book.observe(scanAt(2000, { web: { 10: 60 * mib, 11: 51 * mib }, db: { 20: 300 * mib } }));
  assert.deepEqual(watched(book), ['host', 'p-10', 'w-db', 'w-web']);
});

test('a process is forgotten with its end, a workload that lived is not', () => {
  const book = new WatchBook(1000);
  const hour = 3_600_000;
  book.observe(scanAt(0, { web: { 10: mib, 11: mib } }));
  book.observe(scanAt(hour, { web: { 10: 50 * mib, 11: mib }, once: { 30: mib } }));
  book.observe(scanAt(hour + 1000, {}));
  assert.deepEqual(watched(book), ['host', 'w-once', 'w-web']);
  assert.equal(book.get('w-web')?.present, false);
  book.observe(scanAt(2 * hour, {}));
  assert.deepEqual(watched(book), ['host', 'w-web'], 'what was seen once is forgotten first');
  book.observe(scanAt(12 * hour, {}));
  assert.deepEqual(watched(book), ['host']);
});

test('where memory is short, what has ended is forgotten earlier', () => {
  const book = new WatchBook(1000);
  const hour = 3_600_000;
  book.observe(scanAt(0, { web: { 10: mib } }));
  book.observe(scanAt(hour, { web: { 10: mib } }));
  book.isFrugal = true;
  book.observe(scanAt(1.9 * hour, {}));
  assert.deepEqual(watched(book), ['host', 'w-web'], 'what lived long is still known again after a restart');
  book.observe(scanAt(2.1 * hour, {}));
  assert.deepEqual(watched(book), ['host']);
});

test('however many there are, the book is bounded', () => {
  const book = new WatchBook(1000);
  const many = (from: number, bytes: number) => Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [from + index, bytes]));
  book.observe(scanAt(1000, { web: many(1, mib) }));
  book.observe(scanAt(2000, { web: many(1, 50 * mib) }));
  assert.equal(watched(book).filter((id) => id.startsWith('p-')).length, 200);
  for (let tick = 3; tick < 8; tick += 1) {
    const names = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`job-${tick}-${index}`, { [index]: mib }]));
    book.observe(scanAt(tick * 1000, names));
  }
  assert.ok(watched(book).length <= 3000 + 200 + 1);
  assert.ok(book.get('w-job-7-999')?.present, 'what runs now is kept');
});

test('shows the floor of private memory', () => {
  const book = new WatchBook(1000);
  for (let tick = 1; tick <= 3; tick += 1) book.observe(scanAt(tick * 1000, { web: { 10: tick * mib } }));
  assert.deepEqual(book.get('w-web')?.spark.points(), [mib, 2 * mib, 3 * mib]);
});
