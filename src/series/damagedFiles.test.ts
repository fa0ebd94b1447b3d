import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { after, before } from 'node:test';
import fc from 'fast-check';
import { openStore } from './embeddedStore.ts';
import { appendTicks, findingOf, folderFor, hour, keepAll, minute, sampleAt, settle, startMs, workload } from './storeForTests.ts';

const subjects = Array.from({ length: 12 }, (_, index) => workload(`w-${index}`));
const ticks = 13 * 60;
const template = mkdtempSync(join(tmpdir(), 'stanch-template-'));
const endMs = startMs + ticks * minute;
let names: string[] = [];

/** Thirteen hours of a dozen subjects, a finding and a state: three fine segments, one of each coarse tier, a journal. */
before(() => {
  const store = openStore({ dir: template, retention: keepAll });
  for (const subject of subjects) store.putSubject(subject, startMs);
  for (let tick = 0; tick < ticks; tick += 1) {
    const timeMs = startMs + tick * minute;
    const rows = subjects.map(({ id }, index) => ({
      subjectId: id,
      sample: sampleAt(timeMs, { fds: tick, anonBytes: (tick * 31 * (index + 1)) % 65_521 }),
    }));
    store.append(timeMs, rows);
    store.maintain(timeMs);
  }
  store.putFinding(findingOf('f-1', endMs));
  store.putState('w-1', endMs, new Uint8Array(2000).fill(7));
  settle(store, endMs);
  store.close();
  names = readdirSync(template).filter((name) => name !== 'lock');
});

after(() => rmSync(template, { recursive: true }));

let usedTimes = 0;

/** Opens a damaged copy, uses all of it, and says what is left. */
function use(dir: string): { setAside: string[]; samples: number; wrong: number; findings: number; states: number; points: number } {
  const store = openStore({ dir, retention: keepAll });
  let samples = 0;
  let wrong = 0;
  settle(store, endMs);
  for (const { subjectId, sample } of store.replay(0)) {
    const tick = (sample.timeMs - startMs) / minute;
    const index = Number(subjectId.slice(2));
    samples += 1;
    if (sample.fds !== tick || sample.anonBytes !== (tick * 31 * (index + 1)) % 65_521) wrong += 1;
  }
  const points = store.read('w-3', 'anonBytes', startMs, endMs, 20).timeMs.length;
  const findings = store.findings({}).length;
  const states = [...store.states()].length;
  const added = `w-after-${usedTimes++}`;
  appendTicks(store, workload(added), { fromMs: endMs, count: 5, intervalMs: minute });
  assert.equal(store.read(added, 'fds', endMs, endMs + hour, 100).timeMs.length, 5, 'it goes on');
  const { setAside, mode } = store.health();
  assert.equal(mode, 'disk');
  store.close();
  return { setAside, samples, wrong, findings, states, points };
}

const whole = ticks * subjects.length;

test('the folder as it was written is read without complaint', (t) => {
  const dir = folderFor(t);
  cpSync(template, dir, { recursive: true });
  const { points, ...rest } = use(dir);
  assert.deepEqual(rest, { setAside: [], samples: whole, wrong: 0, findings: 1, states: 1 });
  assert.ok(points > 10 && points <= 20);
});

const damages: [string, (path: string) => void][] = [
  ['is empty', (path) => truncateSync(path, 0)],
  ['is cut in the middle', (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2))],
  ['is something else', (path) => writeFileSync(path, 'not what it says\n'.repeat(1000))],
  ['is full of zeros', (path) => writeFileSync(path, new Uint8Array(readFileSync(path).length))],
];
for (const [what, damage] of damages) {
  test(`each file that ${what} is set aside and named; the rest stays readable`, (t) => {
    for (const name of names) {
      const dir = folderFor(t);
      cpSync(template, dir, { recursive: true });
      damage(join(dir, name));
      const left = use(dir);
      assert.equal(left.setAside.length, 1, name);
      assert.ok(left.setAside[0]?.startsWith(`${name}.corrupt-`), `${name}: ${left.setAside}`);
      assert.equal(left.wrong, 0);
      assert.ok(left.points > 0);
      const isFine = name.startsWith('fine') || name.startsWith('journal');
      if (!isFine) assert.equal(left.samples, whole, name);
      assert.ok(left.samples >= whole * 0.5, `${name}: ${left.samples} of ${whole} samples`);
      if (!name.startsWith('catalog')) assert.equal(left.findings, 1, name);
      if (!name.startsWith('states')) assert.equal(left.states, 1, name);
      const again = use(dir);
      assert.deepEqual(again.setAside, left.setAside, 'what was saved is whole');
    }
  });
}

test('bytes flipped anywhere never end the daemon, and never give a wrong sample', (t) => {
  const dir = folderFor(t);
  fc.assert(
    fc.property(
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 20 }),
      (which, flips) => {
        rmSync(dir, { recursive: true });
        cpSync(template, dir, { recursive: true });
        const name = names[which % names.length] ?? '';
        const bytes = readFileSync(join(dir, name));
        for (const [at, mask] of flips) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask;
        writeFileSync(join(dir, name), bytes);
        const left = use(dir);
        assert.equal(left.wrong, 0, name);
        assert.ok(left.samples >= whole * 0.5, `${name}: ${left.samples} of ${whole} samples`);
      },
    ),
    { numRuns: 60 },
  );
});

test('one flipped byte in a chunk costs that chunk and no other', (t) => {
  const dir = folderFor(t);
  cpSync(template, dir, { recursive: true });
  const path = join(dir, 'fine-00000001.sqlite');
  const database = new DatabaseSync(path);
  const chunk = database.prepare('SELECT bytes FROM chunk LIMIT 1 OFFSET 5').get()?.bytes;
  database.close();
  assert.ok(chunk instanceof Uint8Array);
  const bytes = readFileSync(path);
  const at = bytes.indexOf(chunk) + 20;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const left = use(dir);
  assert.equal(left.setAside.length, 1);
  assert.equal(left.wrong, 0);
  assert.ok(left.samples >= whole - 60 * 2 && left.samples < whole, `${whole - left.samples} samples lost`);
});

test('only so many damaged files are kept', (t) => {
  const dir = folderFor(t);
  for (let round = 0; round < 9; round += 1) {
    writeFileSync(join(dir, 'states.sqlite'), `damaged ${round}`);
    openStore({ dir, retention: keepAll, now: () => startMs + round * minute }).close();
  }
  const kept = readdirSync(dir).filter((name) => name.includes('.corrupt-'));
  assert.equal(kept.length, 5);
  assert.ok(kept.some((name) => readFileSync(join(dir, name), 'utf8') === 'damaged 8'));
});
