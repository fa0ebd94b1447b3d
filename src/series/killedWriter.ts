/** A child program of killedStore.test.ts: appends ticks and says so on stdout, until it is killed or has done its share. */
import { writeSync } from 'node:fs';
import { openStore } from './embeddedStore.ts';
import type { SeriesStore } from './store.ts';
import { findingOf, keepAll, sampleAt, startMs, workload } from './storeForTests.ts';

const [dir = '', subjectCount = '0', maxTicks = '0'] = process.argv.slice(2);
const subjects = Array.from({ length: Number(subjectCount) }, (_, index) => workload(`w-${index}`));

function lastTick(store: SeriesStore): number {
  let last = -1;
  for (const { sample } of store.replay(0)) if (typeof sample.fds === 'number') last = sample.fds;
  return last;
}

const store = openStore({ dir, retention: keepAll });
const first = lastTick(store) + 1;
for (let tick = first; tick < first + Number(maxTicks); tick += 1) {
  const timeMs = startMs + tick * 10_000;
  for (const subject of subjects) store.putSubject(subject, timeMs);
  // First, since the next run goes on after the last tick.
  if (tick % 50 === 0) store.putFinding(findingOf(`f-${tick}`, timeMs));
  store.append(
    timeMs,
    subjects.map(({ id }, index) => ({ subjectId: id, sample: sampleAt(timeMs, { fds: tick, anonBytes: (tick + index) * 4096 }) })),
  );
  store.putState('w-0', timeMs, Uint8Array.of(tick % 256));
  writeSync(1, `${tick}\n`);
  store.maintain(timeMs);
}
// Waits to be killed: the end is never clean.
setInterval(() => store.maintain(startMs), 1000);
