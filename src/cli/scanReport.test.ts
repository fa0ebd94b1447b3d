import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubjectVerdict } from '../model/verdict.ts';
import { scanReport } from './scanReport.ts';

const look = { paint: (_colour: string, text: string) => text, width: 100 };

function verdict(parts: Partial<SubjectVerdict>): SubjectVerdict {
  return {
    subject: 'web',
    resource: 'memory',
    verdict: 'leak',
    class: 'leak',
    probability: 0.998,
    onset: '2026-05-28T04:10:00Z',
    detectedAt: '2026-05-28T09:20:00Z',
    slope: { perHour: 1_048_576, low: 1_000_000, high: 1_100_000, unit: 'bytes' },
    exhaustion: null,
    urgency: { level: 'none', text: '' },
    reasons: [{ rule: 'floor-rises', for: 'leak', text: 'the floor rose' }],
    resources: [],
    ...parts,
  };
}

function lines(verdicts: SubjectVerdict[], file = 'web.csv'): string[] {
  return scanReport({ verdicts, rowCount: 1000, files: [file], sources: [] }, look).split('\n');
}

test('what ends soonest is told first, with slope, onset, end and the reasons for and against', () => {
  const at = (hour: string) => ({ at: `2026-05-30T${hour}:00:00Z`, low: '2026-05-29T00:00:00Z', high: null, wall: 'limit_bytes' });
  const report = lines([
    verdict({ subject: 'no-wall' }),
    verdict({ subject: 'later', exhaustion: at('09') }),
    verdict({
      subject: 'sooner',
      exhaustion: at('08'),
      reasons: [
        { rule: 'floor-rises', for: 'leak', text: 'the floor rose' },
        { rule: 'not-load', for: 'no-leak', text: 'load rose too' },
      ],
      resources: [
        verdict({}),
        verdict({ resource: 'fds', slope: { perHour: 3, low: 2, high: 4, unit: 'count' } }),
        verdict({ resource: 'threads', verdict: 'no-leak' }),
      ],
    }),
  ]);
  const text = report.join('\n');
  assert.deepEqual(
    ['sooner', 'later', 'no-wall'].map((name) => text.indexOf(name)),
    ['sooner', 'later', 'no-wall'].map((name) => text.indexOf(name)).sort((a, b) => a - b),
  );
  for (const part of [
    /^LEAK {2}3 of 3 subjects, 1,000 rows$/m,
    /\+1 MiB\/h \(977 KiB to 1\.05 MiB\)/,
    /2026-05-28T04:10:00Z/,
    /2026-05-30T08:00:00Z, at its memory limit \(at the earliest 2026-05-29T00:00:00Z, may never\)/,
    /because +the floor rose/,
    /against +load rose too/,
    /also +fds \+3\/h/,
    /stanch scan --json web\.csv/,
  ]) {
    assert.match(text, part);
  }
  assert.doesNotMatch(text, /threads/);
});

test('the rest is counted by class, and a long list ends', () => {
  const many = Array.from({ length: 100 }, (_, index) => verdict({ subject: `s${index}`, verdict: 'suspect' }));
  const healthy = [
    verdict({ verdict: 'no-leak', class: 'flat' }),
    verdict({ verdict: 'no-leak', class: 'flat' }),
    verdict({ verdict: 'undecided', class: 'unknown' }),
  ];
  const report = lines([...many, ...healthy]);
  assert.ok(report.length < 40);
  assert.match(report[0] ?? '', /^SUSPECT {2}100 of 103 subjects/);
  assert.ok(report.includes('… and 80 more'));
  assert.ok(report.some((line) => /^no-leak +2: 2 flat$/.test(line)));
  assert.ok(report.some((line) => /^undecided +1: 1 unknown$/.test(line)));
  assert.match(lines(healthy)[0] ?? '', /^OK .*; 1 undecided$/);
  assert.match(lines(healthy.slice(2))[0] ?? '', /^UNDECIDED/);
});

test('hostile names reach neither the terminal nor the shell', () => {
  const text = scanReport(
    {
      verdicts: [verdict({ subject: 'a\x1b[2J\u202eb\nc' }), verdict({ subject: 'd\x9b2J', verdict: 'suspect' })],
      rowCount: 2,
      files: ["it's $(here).csv"],
      sources: [],
    },
    look,
  );
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  assert.match(text, /a\\x1b\[2J\\u\{202e\}b\\x0ac/);
  assert.ok(text.includes(`stanch scan --json 'it'\\''s $(here).csv'`));
  assert.match(lines([verdict({})], '-x.csv').join('\n'), /--json '-x\.csv'/);
  assert.doesNotMatch(lines([verdict({})], '-').join('\n'), /--json/);
});

test('no rows, nothing claimed', () => {
  assert.deepEqual(lines([]), ['No good rows, so nothing to judge.', '']);
});
