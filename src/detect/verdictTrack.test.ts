import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerdictWord } from '../model/verdict.ts';
import type { WindowEvidence } from './evidence.ts';
import { evidenceOf, hour, mib, minute, startMs, viewOf } from './samplesForTests.ts';
import { VerdictTrack } from './verdictTrack.ts';

const likely = 3;
const unlikely = -1;

/** Growth that ends at `mibs`, ten hours long. */
function growthTo(mibs: number): WindowEvidence {
  return evidenceOf(viewOf(10 * minute, (i) => ((mibs * (32 + i)) / 95) * mib));
}

/** A track that looks at one window every ten minutes. */
class Looks {
  readonly track = new VerdictTrack({ resource: 'memory', unit: 'bytes' });
  nowMs = startMs + 11 * hour;

  /** Looks until `lengthMs` have passed; returns the words that were said. */
  look(evidence: WindowEvidence | null, logOdds: number, lengthMs: number): VerdictWord[] {
    const words: VerdictWord[] = [];
    for (const untilMs = this.nowMs + lengthMs; this.nowMs < untilMs; ) {
      this.nowMs += 10 * minute;
      this.track.update(0, 0, evidence, logOdds);
      this.track.settle(this.nowMs, false);
      words.push(this.said().verdict);
    }
    return words;
  }

  said() {
    const evidence = growthTo(300);
    return this.track.verdict(null, this.nowMs, { widest: () => evidence, excursion: () => 0, onset: () => startMs, runs: () => null });
  }
}

test('what was called a leak for two days is not taken back by a dip of two hours, and is by what lasts', () => {
  const looks = new Looks();
  looks.look(growthTo(300), likely, 48 * hour);
  assert.deepEqual(new Set(looks.look(growthTo(300), unlikely, 2 * hour)), new Set(['leak']));
  assert.match(looks.said().reasons[0]?.text ?? '', /^it has been unlikely for 1 h 50 min; .* is taken back after 2 h \d+ min$/);
  looks.look(growthTo(300), likely, hour);
  assert.equal(looks.look(growthTo(300), unlikely, 2 * hour).at(-1), 'leak');
  assert.notEqual(looks.look(growthTo(300), unlikely, hour).at(-1), 'leak');
});

test('what was called a leak for an hour is taken back within minutes, what rises in no window at once', () => {
  const brief = new Looks();
  while (brief.look(growthTo(300), likely, 10 * minute).at(-1) !== 'leak');
  brief.look(growthTo(300), likely, hour);
  assert.notEqual(brief.look(growthTo(300), unlikely, 20 * minute).at(-1), 'leak');
  const ended = new Looks();
  ended.look(growthTo(300), likely, 48 * hour);
  assert.deepEqual(ended.look(null, 0, 10 * minute), ['no-leak']);
});

test('a leak that pauses and grows beyond where it was proven is one at once; what rises only as high again must prove it anew', () => {
  const wordAfterPause = (mibs: number) => {
    const looks = new Looks();
    looks.look(growthTo(300), likely, 24 * hour);
    looks.look(growthTo(300), unlikely - 2, 24 * hour);
    return looks.look(growthTo(mibs), likely, 10 * minute)[0];
  };
  assert.equal(wordAfterPause(310), 'leak');
  assert.equal(wordAfterPause(300), 'suspect');
});

test('a run that begins anew proves its leak anew, however high it stands', () => {
  const looks = new Looks();
  looks.look(growthTo(300), likely, 24 * hour);
  looks.track.restart(null, startMs);
  looks.track.outgrow(100 * hour);
  looks.look(null, 0, 24 * hour);
  assert.equal(looks.look(growthTo(600), likely, 10 * minute)[0], 'suspect');
});
