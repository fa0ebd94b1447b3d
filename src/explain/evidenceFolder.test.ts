/** Evidence is for its owner alone, bounded, and read by other tools. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Evidence } from '../model/evidence.ts';
import { answerOf, growingParts } from './answer.ts';
import { EvidenceFolder } from './evidenceFolder.ts';
import { exportEvidence } from './export/exportEvidence.ts';

function evidence(second: number): Evidence {
  const takenAtMs = Date.UTC(2026, 0, 1, 0, 0, 0) + second * 1000;
  const thing = {
    type: 'shop::UserSession',
    place: null,
    counts: [10, 20, 30] as [number, number, number],
    growthBytes: 4096,
    survival: 1,
    owner: 'shop::SessionManager',
    path: ['shop::manager', 'shop::SessionManager; really'],
    pattern: 'map-without-eviction' as const,
    contents: ['token=s3cret42 of Jürgen'],
  };
  const grows = growingParts([thing], 2_000, false);
  const cost = { cpuSeconds: 1, rssBytes: 1, wallMs: 1 };
  return {
    schema: 'stanch.evidence/1',
    id: `${new Date(takenAtMs).toISOString().replace(/[-:]|\.\d+/g, '')}-00beef`,
    takenAtMs,
    subject: { pid: 1, startTimeTicks: 1, subjectId: null, name: 'shop' },
    runtime: 'C, C++ or Rust on glibc',
    answer: answerOf(grows, { name: 'shop', runtime: 'C, C++ or Rust on glibc', spanMs: 4_000, grewBytes: 0 }),
    grows,
    notes: [],
    intervalMs: 2_000,
    estimate: cost,
    cost,
    hasTexts: false,
  };
}

test('files are readable by their owner alone, listed latest first, and the oldest are given up', (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'stanch-evidence-'));
  t.after(() => rmSync(dataDir, { recursive: true }));
  chmodSync(dataDir, 0o755);
  const folder = new EvidenceFolder(dataDir);
  assert.deepEqual(folder.list(), []);
  for (let second = 0; second < 103; second += 1) folder.put(evidence(second));
  const names = readdirSync(join(dataDir, 'evidence'));
  assert.equal(names.length, 100);
  assert.equal(statSync(join(dataDir, 'evidence')).mode & 0o777, 0o700);
  for (const name of names) assert.equal(statSync(join(dataDir, 'evidence', name)).mode & 0o777, 0o600);
  assert.equal(folder.list()[0]?.id, evidence(102).id);
  assert.deepEqual(
    folder.list(2).map(({ id }) => id),
    [evidence(102).id, evidence(101).id],
  );
  for (let time = 0; time < 2; time += 1) {
    assert.deepEqual(
      folder.list(5, (subjectId) => subjectId === 'nobody'),
      [],
      'also when it is known what each is about',
    );
  }
  assert.equal(folder.get(evidence(0).id), null);
  assert.deepEqual(folder.get(evidence(50).id), evidence(50));
  writeFileSync(join(dataDir, 'evidence', `${evidence(50).id}.json`), '{"half');
  assert.equal(folder.get(evidence(50).id), null);
  assert.equal(folder.get('../../etc/passwd'), null);
});

test('texts are masked, the answer names type, owner and fix', () => {
  const { answer, grows } = evidence(0);
  assert.deepEqual(grows[0]?.contents, ['xxxxx=x#xxxx## xx xxxxxx']);
  assert.match(answer, /^shop::UserSession grows: 10 → 20 → 30 in 4 s, 2 KiB a second.*held by shop::SessionManager.*map without eviction/);
  assert.match(answerOf([], { name: 'shop', runtime: 'Go', spanMs: 4_000, grewBytes: 0 }), /nothing in the heap .* grew and stayed/);
  assert.match(
    answerOf([], { name: 'shop', runtime: 'native code on musl', isPartial: true, spanMs: 4_000, grewBytes: 0 }),
    /nothing that can be told apart in the heap of shop/,
  );
  assert.match(
    answerOf([], { name: 'shop', runtime: 'Go', spanMs: 4_000, grewBytes: 3 << 20 }),
    /nothing .* grew and stayed, though its memory as a whole grew by 3 MiB/,
  );
});

test('other tools get stacks that begin at the root, in bytes a second; pprof, which knows how long it took, in bytes', () => {
  const stack = 'shop::manager;shop::SessionManager: really;shop::UserSession 2048\n';
  assert.equal(exportEvidence(evidence(0), 'collapsed'), stack);
  const speedscope = JSON.parse(String(exportEvidence(evidence(0), 'speedscope')));
  assert.equal(speedscope.profiles[0].unit, 'bytes');
  assert.deepEqual(speedscope.profiles[0].weights, [2048]);
  assert.deepEqual(speedscope.profiles[0].samples, [[0, 1, 2]]);
  const pprof = exportEvidence(evidence(0), 'pprof');
  assert.ok(typeof pprof !== 'string');
  const message = gunzipSync(pprof);
  for (const text of ['space', 'bytes', 'shop::UserSession', 'shop::manager']) assert.ok(message.includes(text), text);
  // Field 2 of a sample: 20 objects and 8192 bytes.
  assert.ok(message.includes(Buffer.from([0x12, 3, 20, 0x80, 0x40])));
  assert.deepEqual(JSON.parse(String(exportEvidence(evidence(0), 'json'))), evidence(0));
});
