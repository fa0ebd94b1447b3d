/** Processes that sleep: on a fake /proc, where they can be made to run and not to, and on living ones. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseTakenPages } from '../kernel/vmstat.ts';
import { absent, isValue } from '../model/reading.ts';
import { Sampler } from './sampler.ts';

const fixture = fileURLToPath(new URL('../kernel/fixtures/debian12', import.meta.url));
const KiB = 1024;

interface FakeSleeper {
  sampler: Sampler;
  scan(): void;
  anonBytes(): unknown;
  /** Its memory is another one now. */
  grow(kibibytes: number): void;
  /** So much is held by all processes together. */
  holdTogether(kibibytes: number): void;
  run(slices: number): void;
  swapOut(pages: number): void;
}

function startFake(t: { after(fn: () => void): void }): FakeSleeper {
  const root = mkdtempSync(join(tmpdir(), 'stanch-sleepers-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const file of ['meminfo', 'stat', 'sys/kernel/random/boot_id']) cpSync(join(fixture, file), join(root, file), { recursive: true });
  const folder = join(root, '1000');
  cpSync(join(fixture, '600'), folder, { recursive: true });
  const change = (file: string, from: RegExp, to: string) =>
    writeFileSync(join(folder, file), readFileSync(join(folder, file), 'latin1').replace(from, to), 'latin1');
  change('stat', / 11 0 2000 /, ' 1 0 2000 ');
  mkdirSync(join(root, 'self'));
  writeFileSync(join(root, 'self/schedstat'), '1 0 1\n');
  const run = (slices: number) => writeFileSync(join(folder, 'schedstat'), `${slices * 1000} 0 ${slices}\n`);
  const swapOut = (pages: number) => writeFileSync(join(root, 'vmstat'), `nr_free_pages 12\npswpin 3\npswpout ${pages}\n`);
  run(1);
  swapOut(0);
  const sampler = new Sampler({ procRoot: root, cgroupRoot: join(root, 'none'), passwdFile: join(root, 'none') });
  t.after(() => sampler.close());
  let seen: unknown;
  return {
    sampler,
    scan: () => {
      seen = sampler.scan(0).processes[0]?.sample.anonBytes;
    },
    anonBytes: () => seen,
    grow: (kibibytes) => {
      change('status', /RssAnon:\s+\d+/, `RssAnon:\t${kibibytes}`);
      const pages = 10_000 + kibibytes / 4;
      writeFileSync(join(folder, 'statm'), `30140 ${pages} 10000 5 0 1340 0\n`);
      change('stat', / 12345678 \d+ /, ` 12345678 ${pages} `);
    },
    holdTogether: (kibibytes) => {
      const text = readFileSync(join(root, 'meminfo'), 'latin1');
      writeFileSync(join(root, 'meminfo'), text.replace(/AnonPages:\s+\d+/, `AnonPages: ${kibibytes}`), 'latin1');
    },
    run,
    swapOut,
  };
}

/** Falls asleep, and has not yet slept for long. */
const scansToSleep = 12;
const scansToSleepDeep = 50;

test('a process that sleeps is read again once it ran, or once the kernel took memory from some process', (t) => {
  const fake = startFake(t);
  for (let scan = 0; scan < scansToSleep; scan += 1) fake.scan();
  fake.grow(80_000);
  fake.scan();
  assert.equal(fake.anonBytes(), 90_000 * KiB, 'it did not run');
  fake.run(2);
  fake.scan();
  assert.equal(fake.anonBytes(), 80_000 * KiB);
  for (let scan = 0; scan < scansToSleepDeep; scan += 1) fake.scan();
  fake.grow(70_000);
  fake.swapOut(2500);
  fake.scan();
  assert.equal(fake.anonBytes(), 70_000 * KiB);
  // What changes by other means is seen at the latest when it is identified anew.
  fake.grow(60_000);
  for (let scan = 0; scan < 360; scan += 1) fake.scan();
  assert.equal(fake.anonBytes(), 60_000 * KiB);
});

test('one that slept for long is seen to run within six scans, and at once when all together hold much more', (t) => {
  const fake = startFake(t);
  fake.holdTogether(1_000_000);
  for (let scan = 0; scan < scansToSleepDeep; scan += 1) fake.scan();
  fake.grow(80_000);
  fake.run(2);
  let scans = 0;
  for (; fake.anonBytes() !== 80_000 * KiB && scans < 6; scans += 1) fake.scan();
  assert.equal(fake.anonBytes(), 80_000 * KiB);
  for (let scan = 0; scan < scansToSleepDeep; scan += 1) fake.scan();
  for (let kibibytes = 81_000; kibibytes < 86_000; kibibytes += 1000) {
    fake.grow(kibibytes);
    fake.run(kibibytes);
    fake.holdTogether(kibibytes * 1000);
    fake.scan();
    assert.equal(fake.anonBytes(), kibibytes * KiB);
  }
});

test('one that runs all the time is awake, and seen at every scan', (t) => {
  const fake = startFake(t);
  for (let scan = 0; scan < scansToSleep; scan += 1) fake.scan();
  for (let slices = 2; slices < 40; slices += 1) {
    fake.run(slices);
    fake.grow(80_000 + slices * 4);
    fake.scan();
    assert.equal(fake.anonBytes(), (80_000 + slices * 4) * KiB, `after ${slices} slices`);
  }
});

test('a living process that slept through fifty scans is seen to grow, to open files and to end, within six scans', async (t) => {
  const child = spawn(
    '/bin/sh',
    ['-c', 'echo; read x; exec 3</dev/null 4</dev/null; a=$(head -c 8000000 /dev/zero | tr "\\\\0" x); echo; read x'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const sampler = new Sampler();
  t.after(() => sampler.close());
  const find = () => sampler.scan(0).processes.find(({ id }) => id.pid === child.pid)?.sample;
  for (let scan = 0; scan < 50; scan += 1) find();
  const { fds, anonBytes } = find() ?? {};
  assert.ok(isValue(fds ?? absent) && isValue(anonBytes ?? absent));
  child.stdin.write('go\n');
  await once(child.stdout, 'data');
  for (let scan = 0; scan < 5; scan += 1) find();
  const grown = find();
  assert.ok(grown !== undefined && isValue(grown.anonBytes) && isValue(grown.fds));
  assert.ok(grown.anonBytes - Number(anonBytes) > 6_000_000);
  assert.equal(grown.fds - Number(fds), 2);
  child.kill('SIGKILL');
  await once(child, 'exit');
  for (let scan = 0; scan < 5; scan += 1) find();
  assert.equal(find(), undefined);
});

test('pages taken are counted by whatever names this kernel has for that, and absent where it has none', () => {
  assert.equal(parseTakenPages('pswpin 7\npswpout 5\nzswpout 20\npgsteal_file 100\npgsteal_anon 1\nthp_collapse_alloc 3\n'), 29);
  assert.equal(parseTakenPages('nr_free_pages 5\n'), absent);
});
