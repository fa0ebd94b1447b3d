import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'node:v8';
import type { Sample } from '../model/gauge.ts';
import { absent, type Reading } from '../model/reading.ts';
import type { Resource, ResourceVerdict, SubjectVerdict } from '../model/verdict.ts';
import {
  day,
  hour,
  mib,
  minute,
  normalNoise,
  type Series,
  sampleAt,
  samplesOf,
  second,
  seeded,
  startMs,
  verdictOn,
  watchSeries,
} from './samplesForTests.ts';
import { createSubjectWatch, restoreSubjectWatch, type SubjectWatch } from './subjectWatch.ts';

type Labelled = (seed: number) => Series;

const pages = (bytes: number) => Math.round(bytes / 4096) * 4096;

interface Leak {
  series: Labelled;
  resource: Resource;
  /** After so long it must have been called a leak. */
  withinMs: number;
  perHour: number;
  /** When it began, since the start of the series. */
  onsetMs: number;
  onsetWithinMs: number;
  class?: string;
  wall?: string;
}

const leaks: Record<string, Leak> = {
  'a straight leak of 1 MiB/s, by the second': {
    series: (seed) => {
      const noise = normalNoise(seed);
      return {
        everyMs: second,
        lengthMs: 90 * second,
        at: (t) => ({ anonBytes: pages((50 + t / second + 0.3 * noise()) * mib), limitBytes: 4096 * mib, headroomBytes: 9000 * mib }),
      };
    },
    resource: 'memory',
    withinMs: 90 * second,
    perHour: 3600 * mib,
    onsetMs: 0,
    onsetWithinMs: 15 * second,
    wall: 'limit_bytes',
  },
  'a slow one, 2 % a day under 1 % of noise': {
    series: (seed) => {
      const noise = normalNoise(seed);
      return {
        everyMs: 10 * minute,
        lengthMs: 8 * day,
        at: (t) => ({ anonBytes: pages(400 * mib * (1 + (0.02 * t) / day) * (1 + 0.01 * noise())), headroomBytes: 500 * mib }),
      };
    },
    resource: 'memory',
    withinMs: 8 * day,
    perHour: (8 / 24) * mib,
    onsetMs: 0,
    onsetWithinMs: day,
    wall: 'host_memory',
  },
  'a rising floor under the teeth of garbage collection': {
    series: () => ({
      everyMs: 10 * second,
      lengthMs: 6 * hour,
      at: (t, i) => ({ anonBytes: pages((120 + (40 * t) / hour + 60 * ((i % 37) / 37)) * mib), limitBytes: 2048 * mib }),
    }),
    resource: 'memory',
    withinMs: 4 * hour,
    perHour: 40 * mib,
    onsetMs: 0,
    onsetWithinMs: 30 * minute,
    wall: 'limit_bytes',
  },
  'one that is swapped out while it grows': {
    series: (seed) => {
      const noise = normalNoise(seed);
      return {
        everyMs: 10 * second,
        lengthMs: 4 * hour,
        at: (t) => {
          const total = (200 + (60 * t) / hour + noise()) * mib;
          const resident = Math.max(50, 190 - (30 * t) / hour) * mib;
          return { anonBytes: pages(resident), swapBytes: pages(total - resident), headroomBytes: 2000 * mib };
        },
      };
    },
    resource: 'memory',
    withinMs: 2 * hour,
    perHour: 60 * mib,
    onsetMs: 0,
    onsetWithinMs: 20 * minute,
    wall: 'host_memory',
  },
  'file descriptors, one a minute': {
    series: (seed) => {
      const noise = normalNoise(seed);
      const unit = seeded(seed);
      return {
        everyMs: 10 * second,
        lengthMs: 4 * hour,
        at: (t) => ({ anonBytes: pages((80 + noise()) * mib), fds: Math.floor(40 + t / minute + 5 * unit()), fdLimit: 1024, threads: 8 }),
      };
    },
    resource: 'fds',
    withinMs: 2 * hour,
    perHour: 60,
    onsetMs: 0,
    onsetWithinMs: 20 * minute,
    wall: 'rlimit_nofile',
  },
  'threads, one in three minutes': {
    series: (seed) => {
      const noise = normalNoise(seed);
      return {
        everyMs: 10 * second,
        lengthMs: 4 * hour,
        at: (t) => ({ anonBytes: pages((80 + noise()) * mib), fds: 40, fdLimit: 1024, threads: Math.floor(8 + t / (3 * minute)) }),
      };
    },
    resource: 'threads',
    withinMs: 3 * hour,
    perHour: 20,
    onsetMs: 0,
    onsetWithinMs: 30 * minute,
  },
  'kernel memory of the host': {
    series: (seed) => {
      const noise = normalNoise(seed);
      return {
        everyMs: 10 * second,
        lengthMs: 6 * hour,
        at: (t) => ({
          anonBytes: pages((4000 + 50 * noise()) * mib),
          kernelBytes: pages((300 + (50 * t) / hour + noise()) * mib),
          headroomBytes: 2000 * mib - ((50 * t) / hour) * mib,
        }),
      };
    },
    resource: 'kernel',
    withinMs: 3 * hour,
    perHour: 50 * mib,
    onsetMs: 0,
    onsetWithinMs: 30 * minute,
    wall: 'host_memory',
  },
  'one that a restart each night hides': {
    series: (seed) => {
      const noise = normalNoise(seed);
      return {
        everyMs: 2 * minute,
        lengthMs: 12 * day - 3 * hour,
        at: (t) => ({
          anonBytes: pages((100 + (8 * (t % day)) / hour + noise()) * mib),
          startTimeMs: startMs + t - (t % day),
          limitBytes: 2048 * mib,
          headroomBytes: 8000 * mib,
        }),
      };
    },
    resource: 'memory',
    withinMs: 11 * day,
    perHour: 8 * mib,
    onsetMs: 0,
    onsetWithinMs: day,
    class: 'restart-masked-leak',
    wall: 'limit_bytes',
  },
  'one that restarts hide of which only the CPU time tells': {
    series: (seed) => {
      const noise = normalNoise(seed);
      return {
        everyMs: 2 * minute,
        lengthMs: 12 * day - 3 * hour,
        at: (t) => ({
          anonBytes: pages((100 + (8 * (t % day)) / hour + noise()) * mib),
          cpuSeconds: (t % day) / 50_000,
          limitBytes: 2048 * mib,
          headroomBytes: 8000 * mib,
        }),
      };
    },
    resource: 'memory',
    withinMs: 11 * day,
    perHour: 8 * mib,
    onsetMs: 0,
    onsetWithinMs: day,
    class: 'restart-masked-leak',
    wall: 'limit_bytes',
  },
  'one that restarts hide of which only the memory tells, by a start-up each time': {
    series: (seed) => {
      const noise = normalNoise(seed);
      const age = (t: number) => t % (31 * hour);
      return {
        everyMs: 2 * minute,
        lengthMs: 12 * day,
        at: (t) => ({
          anonBytes: pages((100 - 60 * Math.exp(-age(t) / (20 * minute)) + (8 * age(t)) / hour + noise()) * mib),
          limitBytes: 2048 * mib,
          headroomBytes: 8000 * mib,
        }),
      };
    },
    resource: 'memory',
    withinMs: 11 * day,
    perHour: 8 * mib,
    onsetMs: 31 * hour,
    onsetWithinMs: day,
    class: 'restart-masked-leak',
    wall: 'limit_bytes',
  },
  'one that begins after a day and a half': {
    series: (seed) => {
      const noise = normalNoise(seed);
      return {
        everyMs: minute,
        lengthMs: 3 * day,
        at: (t) => ({ anonBytes: pages((200 + (12 * Math.max(0, t - 1.5 * day)) / hour + noise()) * mib), limitBytes: 4096 * mib }),
      };
    },
    resource: 'memory',
    withinMs: 2.5 * day,
    perHour: 12 * mib,
    onsetMs: 1.5 * day,
    onsetWithinMs: 4 * hour,
    wall: 'limit_bytes',
  },
  'one under work that rests at the weekend, told by memory alone': {
    series: (seed) => {
      const noise = normalNoise(seed);
      const work = (t: number) => (1 + 0.5 * Math.sin((2 * Math.PI * t) / day)) * (Math.floor(t / day) % 7 >= 5 ? 0.6 : 1);
      return {
        everyMs: 5 * minute,
        lengthMs: 9.5 * day,
        at: (t) => ({ anonBytes: pages((700 + 200 * work(t) + t / hour + 2 * noise()) * mib) }),
      };
    },
    resource: 'memory',
    withinMs: 9.5 * day,
    perHour: mib,
    onsetMs: 0,
    onsetWithinMs: 2 * day,
  },
};

/** Warms up anew each night; `told` is what beside the memory is known of it. */
function warmedUpEachNight(seed: number, told: Series['at']): Series {
  const noise = normalNoise(seed);
  return {
    everyMs: 2 * minute,
    lengthMs: 12 * day - 2 * hour,
    at: (t, i) => ({ anonBytes: pages((100 + 80 * (1 - Math.exp(-(t % day) / (20 * minute))) + noise()) * mib), ...told(t, i) }),
  };
}

const healthy: Record<string, Labelled> = {
  'flat noise': (seed) => {
    const noise = normalNoise(seed);
    return { everyMs: 10 * second, lengthMs: day, at: () => ({ anonBytes: pages((200 + 2 * noise()) * mib), fds: 40, threads: 8 }) };
  },
  'a daily rhythm': (seed) => {
    const noise = normalNoise(seed);
    return {
      everyMs: 10 * minute,
      lengthMs: 10 * day,
      at: (t) => ({ anonBytes: pages((300 + 60 * Math.sin((2 * Math.PI * t) / day) + 3 * noise()) * mib) }),
    };
  },
  'what is held for users who become more, day by day, and who work by day': (seed) => {
    const noise = normalNoise(seed);
    const users = (t: number) => 1 + (0.5 * t) / (9 * day);
    let cpuSeconds = 0;
    return {
      everyMs: 5 * minute,
      lengthMs: 9 * day,
      at: (t) => {
        cpuSeconds += 30 * users(t) * (1 + 0.4 * Math.sin((2 * Math.PI * t) / day)) * (1 + 0.05 * noise());
        return { anonBytes: pages((500 * users(t) + 2 * noise()) * mib), cpuSeconds };
      },
    };
  },
  'a warm-up, then flat': (seed) => {
    const noise = normalNoise(seed);
    return {
      everyMs: 10 * second,
      lengthMs: 6 * hour,
      at: (t) => ({ anonBytes: pages((100 + 150 * (1 - Math.exp(-t / (10 * minute))) + noise()) * mib) }),
    };
  },
  'a cache that fills, then evicts': (seed) => {
    const noise = normalNoise(seed);
    return {
      everyMs: 10 * second,
      lengthMs: 10 * hour,
      at: (t) => ({ anonBytes: pages((100 + Math.min(300, (150 * t) / hour) + noise()) * mib) }),
    };
  },
  'the teeth of garbage collection': (seed) => {
    const noise = normalNoise(seed);
    return { everyMs: 10 * second, lengthMs: 6 * hour, at: (_, i) => ({ anonBytes: pages((120 + 60 * ((i % 37) / 37) + noise()) * mib) }) };
  },
  'garbage that is collected once in some ten hours': (seed) => {
    const noise = normalNoise(seed);
    return {
      everyMs: 2 * minute,
      lengthMs: 10 * day,
      at: (t) => ({ anonBytes: pages((200 + (10 * (t % (10.3 * hour))) / hour + noise()) * mib) }),
    };
  },
  'a buffer that is written out each night': (seed) => {
    const noise = normalNoise(seed);
    return {
      everyMs: 2 * minute,
      lengthMs: 10 * day + 4 * hour,
      at: (t) => ({ anonBytes: pages((100 + (8 * (t % day)) / hour + noise()) * mib) }),
    };
  },
  'restarts of which only the memory tells, with a warm-up': (seed) => warmedUpEachNight(seed, () => ({})),
  'a load that ramps up, seen in CPU time': (seed) => {
    const noise = normalNoise(seed);
    const unit = seeded(seed);
    let cpuSeconds = 0;
    return {
      everyMs: 10 * second,
      lengthMs: 6 * hour,
      at: (t) => {
        const load = 0.1 + (0.9 * t) / (6 * hour) + 0.2 * Math.sin(t / (7 * minute)) ** 2 + 0.1 * unit();
        cpuSeconds += load * 10;
        return { anonBytes: pages((100 + 200 * load + noise()) * mib), cpuSeconds };
      },
    };
  },
  'a single step': (seed) => {
    const noise = normalNoise(seed);
    return {
      everyMs: 10 * second,
      lengthMs: 9 * hour,
      at: (t) => ({ anonBytes: pages((t > 3 * hour ? 260 : 200) * mib + noise() * mib) }),
    };
  },
  'nightly restarts with a warm-up': (seed) => warmedUpEachNight(seed, (t) => ({ startTimeMs: startMs + t - (t % day) })),
};

const units: Record<Resource, 'bytes' | 'count'> = {
  memory: 'bytes',
  shmem: 'bytes',
  kernel: 'bytes',
  fds: 'count',
  sockets: 'count',
  threads: 'count',
  processes: 'count',
};

const gravity = ['leak', 'suspect', 'no-leak', 'undecided'];
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** What the verdict document promises, at any moment. */
function assertContract(verdict: SubjectVerdict, sample: Sample): void {
  assert.deepEqual(JSON.parse(JSON.stringify(verdict)), verdict, 'no NaN and nothing undefined');
  const { subject, resources, ...top } = verdict;
  assert.equal(subject, 'web');
  if (resources.length > 0) assert.deepEqual(top, resources[0]);
  for (const judged of [top, ...resources]) assertResource(judged, sample);
  for (const judged of resources) assert.ok(gravity.indexOf(top.verdict) <= gravity.indexOf(judged.verdict), 'the gravest is on top');
}

function assertResource(judged: ResourceVerdict, sample: Sample): void {
  const fields = ['resource', 'verdict', 'class', 'probability', 'onset', 'detectedAt', 'slope', 'exhaustion', 'urgency', 'reasons'];
  assert.deepEqual(Object.keys(judged).sort(), fields.toSorted());
  assert.ok(gravity.includes(judged.verdict));
  assert.ok(judged.probability >= 0 && judged.probability <= 1);
  assert.ok(judged.reasons.length > 0);
  for (const reason of judged.reasons) {
    assert.match(reason.rule, /^[a-z]+(-[a-z]+)*$/);
    assert.ok(['leak', 'no-leak', 'undecided'].includes(reason.for));
    assert.match(reason.text, /\w+ \w+ \w+/);
  }
  if (judged.slope !== null) {
    assert.equal(judged.slope.unit, units[judged.resource]);
    assert.ok(judged.slope.low <= judged.slope.perHour && judged.slope.perHour <= judged.slope.high);
  }
  const accused = judged.verdict === 'leak' || judged.verdict === 'suspect';
  assert.equal(judged.onset !== null, accused);
  assert.equal(judged.detectedAt !== null, accused);
  assert.equal(['leak', 'restart-masked-leak'].includes(judged.class), accused);
  if (accused) assert.ok(judged.slope !== null);
  if (judged.onset !== null && judged.detectedAt !== null) {
    for (const moment of [judged.onset, judged.detectedAt]) assert.match(moment, rfc3339);
    assert.ok(Date.parse(judged.onset) <= Date.parse(judged.detectedAt) && Date.parse(judged.detectedAt) <= sample.timeMs);
  }
  if (judged.exhaustion === null) return;
  const { at, low, high, wall } = judged.exhaustion;
  assert.ok(accused, 'what does not leak is not forecast');
  for (const moment of [at, low, high ?? at]) assert.match(moment, rfc3339);
  assert.ok(Date.parse(low) >= sample.timeMs - second);
  assert.ok(Date.parse(low) <= Date.parse(at) && Date.parse(at) <= Date.parse(high ?? at));
  assert.ok(['limit_bytes', 'host_memory', 'rlimit_nofile'].includes(wall));
  assert.ok(['watch', 'soon', 'now'].includes(judged.urgency.level));
}

const seeds = [1, 2];

for (const [name, leak] of Object.entries(leaks)) {
  test(`a leak is found: ${name}`, () => {
    for (const seed of seeds) {
      const { verdict, words } = watchSeries(leak.series(seed), assertContract);
      assert.equal(verdict.verdict, 'leak', JSON.stringify(words));
      assert.equal(verdict.resource, leak.resource);
      assert.equal(verdict.class, leak.class ?? 'leak');
      const first = words.find(({ word }) => word === 'leak');
      assert.ok(first !== undefined && first.sinceMs <= leak.withinMs, JSON.stringify(words));
      const judged = verdictOn(leak.resource, verdict);
      assert.ok(judged.probability > 0.5);
      assert.ok(judged.slope !== null && Math.abs(judged.slope.perHour / leak.perHour - 1) < 0.25, `${judged.slope?.perHour}`);
      const onsetMs = Date.parse(judged.onset ?? '') - startMs;
      assert.ok(Math.abs(onsetMs - leak.onsetMs) <= leak.onsetWithinMs, `${judged.onset}`);
      assert.equal(judged.exhaustion?.wall, leak.wall);
      for (const other of verdict.resources.slice(1)) assert.notEqual(other.verdict, 'leak', other.resource);
    }
  });
}

for (const [name, series] of Object.entries(healthy)) {
  test(`what is healthy is not accused in the end: ${name}`, () => {
    for (const seed of seeds) {
      const { verdict, words } = watchSeries(series(seed), assertContract);
      assert.equal(verdict.verdict, 'no-leak', JSON.stringify(words));
      assert.equal(verdict.exhaustion, null);
      assert.ok(verdict.probability < 0.5);
      assert.ok(verdict.reasons.some((reason) => reason.for === 'no-leak'));
    }
  });
}

test('nothing is said before there is enough to say it by', () => {
  const watch = createSubjectWatch('web');
  assertContract(watch.verdict(), sampleAt(startMs, {}));
  assert.equal(watch.verdict().verdict, 'undecided');
  for (let i = 0; i < 10; i += 1) watch.push(sampleAt(startMs + i * second, { anonBytes: (50 + i) * mib }));
  assert.equal(watch.verdict().verdict, 'undecided');
});

test('what was never read is not judged', () => {
  const { verdict } = watchSeries({ everyMs: second, lengthMs: 10 * minute, at: () => ({ fds: 10 }) });
  assert.deepEqual(
    verdict.resources.map(({ resource }) => resource),
    ['fds'],
  );
});

test('a sample earlier than the last is dropped', () => {
  const series: Series = { everyMs: second, lengthMs: 90 * second, at: (t) => ({ anonBytes: (50 + t / second) * mib }) };
  const { watch, verdict } = watchSeries(series);
  const { revision } = watch;
  const wild: Reading<number>[] = [0, 1e15, absent];
  for (const anonBytes of wild) watch.push(sampleAt(startMs + 5 * second, { anonBytes, startTimeMs: startMs }));
  assert.deepEqual(watch.verdict(), verdict);
  assert.equal(watch.revision, revision);
});

const steady = (at: (t: number) => Partial<Sample>): Series => ({ everyMs: 10 * second, lengthMs: 8 * hour, at });

test('readings that are absent for a while are neither growth nor give-back', () => {
  const gap = (t: number) => t > 3 * hour && t < 4 * hour;
  const noise = normalNoise(1);
  const flat = watchSeries(steady((t) => ({ anonBytes: gap(t) ? absent : (200 + noise()) * mib })));
  assert.deepEqual(
    flat.words.map(({ word }) => word),
    ['undecided', 'no-leak'],
  );
  const leak = watchSeries(
    steady((t) => ({ anonBytes: gap(t) ? absent : (200 + (40 * t) / hour + noise()) * mib })),
    assertContract,
  );
  assert.equal(leak.verdict.verdict, 'leak');
  assert.equal(leak.words.filter(({ sinceMs }) => sinceMs > 3 * hour).length, 0, JSON.stringify(leak.words));
});

test('swap that is not read for a while does not look like memory given back', () => {
  const noise = normalNoise(1);
  const swapped = (read: (t: number) => boolean) =>
    watchSeries(
      steady((t) => ({ anonBytes: (100 + noise()) * mib, swapBytes: read(t) ? (200 + (40 * t) / hour) * mib : absent })),
      assertContract,
    );
  for (const read of [(t: number) => t < 5 * hour || t > 5.5 * hour, (t: number) => (t / (10 * second)) % 6 === 0]) {
    const { verdict } = swapped(read);
    assert.equal(verdict.verdict, 'leak');
    assert.ok(Math.abs((verdict.slope?.perHour ?? 0) / (40 * mib) - 1) < 0.2);
  }
});

test('a host without swap accounting is judged by what is resident', () => {
  const { verdict } = watchSeries(steady((t) => ({ anonBytes: (100 + (40 * t) / hour) * mib })));
  assert.equal(verdict.verdict, 'leak');
});

test('a start time that is read late is no restart', () => {
  const noise = normalNoise(1);
  const started = (t: number) => (t < 2 * hour ? absent : startMs - day);
  const at = (t: number) => ({ anonBytes: (200 + (40 * t) / hour + noise()) * mib });
  const without = watchSeries(steady(at)).words.find(({ word }) => word === 'leak');
  const late = watchSeries(steady((t) => ({ ...at(t), startTimeMs: started(t) }))).words;
  assert.ok(without !== undefined);
  assert.ok(!late.some(({ word, sinceMs }) => word === 'undecided' && sinceMs > 0), JSON.stringify(late));
});

test('that the older of two processes ends is no restart', () => {
  const noise = normalNoise(1);
  const { verdict } = watchSeries(
    steady((t) => ({
      anonBytes: (200 + (40 * t) / hour + noise()) * mib,
      processes: t < 6 * hour ? 2 : 1,
      startTimeMs: startMs - (t < 6 * hour ? 2 : 1) * day,
    })),
  );
  assert.equal(verdict.verdict, 'leak');
  assert.ok(Date.parse(verdict.onset ?? '') < startMs + hour, `${verdict.onset}`);
});

test('a leak that restarts hid and that was mended is not held against a run that outlives the others', () => {
  const noise = normalNoise(1);
  const { verdict, words } = watchSeries({
    everyMs: 10 * minute,
    lengthMs: 16 * day,
    at: (t) => {
      const run = Math.min(6, Math.floor(t / day));
      const age = t - run * day;
      return { anonBytes: (100 + (run < 6 ? (8 * age) / hour : 20) + noise()) * mib, startTimeMs: startMs + run * day };
    },
  });
  assert.ok(words.some(({ word }) => word === 'leak'));
  assert.equal(verdict.verdict, 'no-leak', JSON.stringify(words));
});

test('after a restart a leak is forecast from what the new run holds', () => {
  const restarted = (t: number) => (t < 6 * hour ? t : t - 6 * hour);
  const noise = normalNoise(1);
  const { watch, words } = watchSeries(
    {
      everyMs: 10 * second,
      lengthMs: 6 * hour + 5 * minute,
      at: (t) => ({
        anonBytes: (100 + (60 * restarted(t)) / hour + noise()) * mib,
        startTimeMs: startMs + t - restarted(t),
        limitBytes: 1000 * mib,
      }),
    },
    assertContract,
  );
  const { verdict, exhaustion } = watch.verdict();
  assert.equal(verdict, 'leak', JSON.stringify(words));
  // 895 MiB are left, at 60 MiB an hour.
  const hoursLeft = (Date.parse(exhaustion?.at ?? '') - startMs - 6 * hour) / hour;
  assert.ok(Math.abs(hoursLeft - 15) < 3, `${hoursLeft}`);
});

test('a leak that a restart each night hides is forecast from what tonight holds', () => {
  const masked = leaks['one that a restart each night hides'];
  assert.ok(masked !== undefined);
  const { lengthMs } = masked.series(1);
  const { verdict } = watchSeries(masked.series(1));
  // 21 hours after the last restart it holds 268 of 2,048 MiB and grows by 8 an hour.
  const daysLeft = (Date.parse(verdict.exhaustion?.at ?? '') - startMs - lengthMs) / day;
  assert.ok(Math.abs(daysLeft - 9.3) < 2, `${daysLeft}`);
});

test('a leak outweighs what is only suspected, however likely', () => {
  const noise = normalNoise(1);
  const verdicts: SubjectVerdict[] = [];
  watchSeries(
    {
      everyMs: 10 * second,
      lengthMs: 8 * hour,
      at: (t) => ({ anonBytes: (200 + (30 * t) / hour + 3 * noise()) * mib, fds: Math.floor(40 + Math.max(0, t - 6 * hour) / minute) }),
    },
    (verdict, sample) => {
      assertContract(verdict, sample);
      verdicts.push(verdict);
    },
  );
  assert.ok(verdicts.some(({ resources }) => resources.map(({ verdict }) => verdict).join() === 'leak,leak'));
});

test('the word holds still once a leak has been called one', () => {
  const noise = normalNoise(7);
  const { words } = watchSeries({
    everyMs: 10 * second,
    lengthMs: 2 * day,
    at: (t) => ({ anonBytes: pages((300 + (10 * t) / hour + 8 * noise()) * mib) }),
  });
  const first = words.findIndex(({ word }) => word === 'leak');
  assert.ok(first >= 0);
  assert.ok(words.length - first - 1 <= 2, JSON.stringify(words));
});

/** Feeds both and compares their verdicts at each of their judgements. */
function assertSameFromHere(one: SubjectWatch, other: SubjectWatch, samples: Iterable<Sample>): void {
  let revision = one.revision;
  for (const sample of samples) {
    one.push(sample);
    other.push(sample);
    if (one.revision === revision) continue;
    revision = one.revision;
    assert.deepEqual(other.verdict(), one.verdict());
  }
  assert.deepEqual(other.verdict(), one.verdict());
}

test('put away and given back at any time, a watch says what it would have said', () => {
  const names = ['a rising floor under the teeth of garbage collection', 'one that a restart each night hides'];
  for (const series of [...names.flatMap((name) => leaks[name]?.series ?? []), healthy['a load that ramps up, seen in CPU time']]) {
    assert.ok(series !== undefined);
    const samples = [...samplesOf(series(1))];
    for (const share of [0, 0.001, 0.3, 0.77]) {
      const cut = Math.floor(samples.length * share);
      const never = createSubjectWatch('web');
      for (const sample of samples.slice(0, cut)) never.push(sample);
      const back = restoreSubjectWatch('web', new Uint8Array(never.snapshot()));
      assert.deepEqual(back.verdict(), never.verdict());
      assertSameFromHere(never, back, samples.slice(cut));
    }
  }
});

test('a damaged, cut or foreign snapshot gives a watch that has seen nothing', () => {
  const { watch } = watchSeries({ everyMs: second, lengthMs: 5 * minute, at: (t) => ({ anonBytes: (50 + t / second) * mib, fds: 9 }) });
  const good = new Uint8Array(watch.snapshot());
  assert.equal(restoreSubjectWatch('web', good).verdict().verdict, 'leak');
  const damaged = Array.from({ length: 200 }, (_, i) => {
    const bytes = good.slice();
    const at = Math.floor((i * good.length) / 200);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (i % 8));
    return bytes;
  });
  const cut = [0, 1, 4, 5, 100, good.length - 1].map((length) => good.slice(0, length));
  const foreign = [
    serialize({ version: 1 }),
    serialize(null),
    serialize([1, 2, 3]),
    new TextEncoder().encode('{"version":2}'),
    new Uint8Array(64),
  ];
  const fresh = createSubjectWatch('web').verdict();
  for (const bytes of [...damaged, ...cut, ...foreign]) {
    const restored = restoreSubjectWatch('web', bytes);
    assert.deepEqual(restored.verdict(), fresh);
    restored.push(sampleAt(startMs, { anonBytes: mib }));
  }
});

test('a year takes no more room than half of it, restarts and all', () => {
  const noise = normalNoise(1);
  const watch = createSubjectWatch('web');
  const sizes: number[] = [];
  const everyMs = 30 * minute;
  for (const sample of samplesOf({
    everyMs,
    lengthMs: 365 * day,
    at: (t) => ({
      anonBytes: (200 + noise()) * mib,
      swapBytes: Math.abs(noise()) * mib,
      shmemBytes: (20 + noise()) * mib,
      fds: Math.round(100 + 10 * noise()),
      threads: Math.round(50 + 5 * noise()),
      cpuSeconds: t / 1e5,
      startTimeMs: startMs + t - (t % (9 * day)),
    }),
  })) {
    watch.push(sample);
    if ((sample.timeMs - startMs) % (9 * day) === 8 * day) sizes.push(watch.snapshot().length);
  }
  const half = Math.max(...sizes.slice(0, sizes.length / 2));
  const whole = Math.max(...sizes);
  assert.ok(whole <= half * 1.2, `${half} then ${whole} bytes`);
  assert.ok(whole < 200_000, `${whole} bytes`);
});

test('the same samples give the same verdict to the letter', () => {
  for (const { series } of Object.values(leaks)) {
    assert.equal(JSON.stringify(watchSeries(series(3)).verdict), JSON.stringify(watchSeries(series(3)).verdict));
  }
});
