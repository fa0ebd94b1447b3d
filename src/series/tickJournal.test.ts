import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { Epoch } from './epoch.ts';
import { KnownSubjects } from './knownSubjects.ts';
import { PageArena } from './pageArena.ts';
import { folderFor, processOf, sampleAt } from './storeForTests.ts';
import { recoverEpoch, TickJournal, writeToFile } from './tickJournal.ts';
import { TickWriter } from './tickWriter.ts';

/** A journal of 20 ticks: one subject all the time, one that comes, goes and comes back, one that is renamed. */
function writeJournal(t: TestContext): { file: Uint8Array; epoch: Epoch; ends: number[] } {
  const known = new KnownSubjects(() => null);
  for (const id of ['p-steady', 'p-guest', 'p-renamed']) known.put(processOf(id), 0);
  const epoch = new Epoch(7, new PageArena());
  const writer = new TickWriter(known);
  const path = join(folderFor(t), 'journal-7.log');
  const journal = new TickJournal(path, 7, writeToFile);
  const ends: number[] = [];
  for (let tick = 0; tick < 20; tick += 1) {
    if (tick === 10 && known.put({ ...processOf('p-renamed'), name: 'renamed' }, tick)) epoch.redefine('p-renamed');
    const rows = [
      { subjectId: 'p-steady', sample: sampleAt(tick, { headroomBytes: 1000 + tick }) },
      { subjectId: 'p-renamed', sample: sampleAt(tick, { anonBytes: tick * 4096, headroomBytes: 1000 + tick }) },
    ];
    if (tick % 7 > 3) rows.push({ subjectId: 'p-guest', sample: sampleAt(tick, { fds: tick }) });
    journal.append(writer.encode(epoch, tick * 10_000, rows));
    ends.push(journal.bytes);
  }
  journal.close();
  return { file: new Uint8Array(readFileSync(path)), epoch, ends };
}

function rowsOf(epoch: Epoch, untilTick: number): unknown {
  return [...epoch.slots.values()].flatMap((slot) => {
    const rows: [string, number, number[]][] = [];
    const runs = epoch.runs(slot);
    while (runs.next()) {
      for (let tick = runs.start; tick < Math.min(untilTick, runs.start + runs.count); tick += 1) {
        rows.push([slot.seen.subject.id, tick, [...runs.row]]);
      }
    }
    return rows;
  });
}

test('a journal gives back the epoch, its times and its subjects', (t) => {
  const { file, epoch } = writeJournal(t);
  const recovered = recoverEpoch(file, new PageArena());
  assert.equal(recovered.damage, null);
  assert.equal(recovered.epoch?.firstTick, 7);
  assert.deepEqual(recovered.epoch?.timesMs, epoch.timesMs);
  assert.deepEqual(recovered.epoch?.sharedValues, epoch.sharedValues);
  assert.deepEqual(recovered.epoch && rowsOf(recovered.epoch, 20), rowsOf(epoch, 20));
  assert.equal(recovered.epoch?.slots.get('p-renamed')?.seen.subject.name, 'renamed');
});

test('a journal cut anywhere gives back every whole tick before the cut', (t) => {
  const { file, epoch, ends } = writeJournal(t);
  fc.assert(
    fc.property(fc.nat(file.length - 1), (length) => {
      const recovered = recoverEpoch(file.subarray(0, length), new PageArena());
      const whole = ends.filter((end) => end <= length).length;
      assert.equal(recovered.epoch?.timesMs.length ?? 0, whole);
      if (recovered.epoch !== null) assert.deepEqual(rowsOf(recovered.epoch, whole), rowsOf(epoch, whole));
      if (!ends.includes(length) && recovered.soundBytes !== length) assert.notEqual(recovered.damage, null);
    }),
  );
});

test('a journal with a flipped bit gives back the ticks before it and says that it is damaged', (t) => {
  const { file, epoch, ends } = writeJournal(t);
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.nat(7), (at, bit) => {
      const flipped = file.slice();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      const recovered = recoverEpoch(flipped, new PageArena());
      const before = ends.filter((end) => end <= at).length;
      assert.notEqual(recovered.damage, null);
      if (before > 0) assert.deepEqual(recovered.epoch && rowsOf(recovered.epoch, before), rowsOf(epoch, before));
    }),
  );
});

test('any bytes are a journal or a damaged one, never an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const magic = new TextEncoder().encode('STANCHJ1');
      assert.notEqual(recoverEpoch(new Uint8Array([...magic, ...bytes]), new PageArena()).damage, null);
    }),
  );
});
