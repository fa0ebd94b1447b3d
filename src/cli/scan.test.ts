import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { absent } from '../model/reading.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import { rawLog } from '../series/logs/atop/rawLogWriter.ts';
import { scanFiles } from './scan.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stanch-scan-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function start(args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [main, 'scan', ...args]);
  // A child that stops early leaves a broken pipe behind, which is the point of some tests.
  child.stdin.on('error', (error: NodeJS.ErrnoException) => assert.equal(error.code, 'EPIPE'));
  return child;
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

async function scan(
  args: readonly string[],
  stdin: string | Uint8Array = '',
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = start(args);
  child.stdin.end(stdin);
  return ended(child);
}

interface ScanDocument {
  schema: string;
  subjects: SubjectVerdict[];
  sources?: { format: string; version: string | null; host: string; records: number; from: string; to: string; notes: string[] }[];
  skippedRows?: { count: number; first: { line: number; column: string; expected: string; found: string }[] };
}

function documentOf(stdout: string): ScanDocument {
  return JSON.parse(stdout);
}

/** Ten days at five minutes: one subject leaks 1 MiB an hour, one stays as it is, both with noise. */
function leakAndFlat(): string {
  let seed = 7;
  const noise = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return Math.round((seed / 2_147_483_647 - 0.5) * 4e6);
  };
  const lines = ['time,subject,anon_bytes,cpu_seconds'];
  for (let step = 0; step < 2880; step += 1) {
    const time = 1_716_868_800 + step * 300;
    lines.push(`${time},flat,${200_000_000 + noise()},${step * 3}`);
    lines.push(`${time},leaky,${100_000_000 + Math.round((step * 1_048_576) / 12) + noise()},${step * 3}`);
  }
  return `${lines.join('\n')}\n`;
}

test('each subject has one watch, fed with its samples in order', async () => {
  const path = file('two.csv', 'time,subject,fds\n1,b,10\n1,a,20\n2,b,\n3,a,21\n');
  const fed = new Map<string, unknown[]>();
  const result = await scanFiles([path], { skipBad: false }, (subject) => {
    const samples: unknown[] = [];
    assert.ok(!fed.has(subject));
    fed.set(subject, samples);
    return { push: (sample) => samples.push([sample.timeMs, sample.fds]), verdict: () => fakeVerdict(subject) };
  });
  assert.deepEqual(
    [...fed],
    [
      [
        'b',
        [
          [1000, 10],
          [2000, absent],
        ],
      ],
      [
        'a',
        [
          [1000, 20],
          [3000, 21],
        ],
      ],
    ],
  );
  assert.deepEqual(
    [...result.verdicts].map((verdict) => verdict.subject),
    ['b', 'a'],
  );
  assert.equal(result.rowCount, 4);
});

function fakeVerdict(subject: string): SubjectVerdict {
  return {
    subject,
    resource: 'memory',
    verdict: 'undecided',
    class: 'unknown',
    probability: 0,
    onset: null,
    detectedAt: null,
    slope: null,
    exhaustion: null,
    urgency: { level: 'none', text: '' },
    reasons: [],
    resources: [],
  };
}

test('a leak is named in the document and in the report, and --fail-on leak says so by exit code', async () => {
  const csv = leakAndFlat();
  const path = file('leak.csv', csv);
  const [json, text, failing] = await Promise.all([
    scan(['--json', path]),
    scan([path]),
    scan(['--fail-on', 'leak', '--json', '-'], gzipSync(csv)),
  ]);
  const document = documentOf(json.stdout);
  assert.equal(document.schema, 'stanch.scan/1');
  assert.deepEqual(
    document.subjects.map((subject) => [subject.subject, subject.verdict]),
    [
      ['flat', 'no-leak'],
      ['leaky', 'leak'],
    ],
  );
  assert.equal(document.skippedRows, undefined);
  assert.deepEqual([json.code, json.stderr], [0, '']);
  assert.match(text.stdout, /^LEAK {2}1 of 2 subjects, 5,760 rows\n/);
  assert.match(text.stdout, /leaky/);
  assert.ok(!text.stdout.includes('\x1b'));
  assert.equal(text.code, 0);
  assert.equal(failing.code, 1);
  assert.deepEqual(documentOf(failing.stdout), document);
});

test('--fail-on leak is 0 when nothing leaks', async () => {
  const { code, stdout } = await scan(['--fail-on', 'leak', '--json', '-'], 'time,subject,fds\n1,a,5\n');
  assert.equal(code, 0);
  assert.equal(documentOf(stdout).subjects[0]?.verdict, 'undecided');
});

test('wrong input has its exit code, its code and nothing on standard output', async () => {
  const missing = join(folder, 'missing.csv');
  const packed = gzipSync(`time,subject,fds\n${'1,a,5\n'.repeat(50)}`);
  for (const [args, stdin, code, stderr] of [
    [[], '', 64, /STANCH_E_USAGE/],
    [['--json', '--fail-on', 'suspect', '-'], '', 64, /STANCH_E_USAGE/],
    [['-'], '', 65, /STANCH_E_BAD_HEADER[\s\S]*empty file/],
    [['-'], 'time,subject,rss\n', 65, /STANCH_E_BAD_HEADER[\s\S]*"rss"[\s\S]*anon_bytes/],
    [['--json', '-'], 'time,subject,fds\n1,a,5\n2,a,x\x1b[2J\n', 65, /STANCH_E_BAD_ROW[\s\S]*line 3, column fds/],
    [['--skip-bad', '-'], 'time,fds\n1,5\n', 65, /STANCH_E_BAD_HEADER/],
    [['-'], packed.subarray(0, packed.length - 6), 65, /STANCH_E_BAD_GZIP[\s\S]*too early/],
    [['-'], Buffer.concat([packed.subarray(0, 12), Buffer.alloc(30, 0xff)]), 65, /STANCH_E_BAD_GZIP/],
    [[missing], '', 66, /STANCH_E_NO_INPUT[\s\S]*missing\.csv[\s\S]*no such file/],
    [[folder], '', 66, /STANCH_E_NO_INPUT[\s\S]*a directory/],
    [[join(main, 'below')], '', 66, /STANCH_E_NO_INPUT/],
  ] as const) {
    const result = await scan(args, stdin);
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}`);
    assert.match(result.stderr, stderr);
    assert.ok(!result.stderr.includes('\x1b'));
    assert.equal(result.stdout, '');
  }
});

test('a file that may not be read is 77', { skip: process.getuid?.() === 0 && 'root may read everything' }, async () => {
  const path = file('secret.csv', 'time,subject\n');
  chmodSync(path, 0);
  const { code, stderr } = await scan([path]);
  assert.equal(code, 77);
  assert.match(stderr, /STANCH_E_NOT_PERMITTED/);
});

test('--skip-bad counts what it leaves out and says why', async () => {
  const bad = Array.from({ length: 8 }, (_, index) => `${index + 2},a,x${index}`);
  const { code, stdout, stderr } = await scan(['--skip-bad', '--json', '-'], `time,subject,fds\n1,a,5\n${bad.join('\n')}\n20,a,6\n`);
  assert.equal(code, 0);
  const { skippedRows, subjects } = documentOf(stdout);
  assert.equal(subjects.length, 1);
  assert.equal(skippedRows?.count, 8);
  assert.deepEqual(
    skippedRows.first.map((row) => [row.line, row.column, row.found]),
    [0, 1, 2, 3, 4].map((index) => [index + 3, 'fds', `"x${index}"`]),
  );
  assert.match(stderr, /^8 bad rows left out:\n {2}line 3, column fds: expected .*; found "x0"\n/);
  assert.match(stderr, /and 3 more\n$/);
  assert.equal(documentOf((await scan(['--skip-bad', '--json', '-'], 'time,subject\n')).stdout).skippedRows?.count, 0);
});

test('a header alone is an empty document', async () => {
  const { code, stdout } = await scan(['--json', '-'], 'time,subject,anon_bytes\n');
  assert.equal(code, 0);
  assert.deepEqual(documentOf(stdout), { schema: 'stanch.scan/1', subjects: [] });
});

test('CSV, JSON Lines and gzip of either, in one part or more, come to the same', async () => {
  const rows = Array.from({ length: 300 }, (_, index) => ({ time: index * 60, subject: `s${index % 3}`, fds: 5 + index }));
  const csv = `time,subject,fds\n${rows.map((row) => `${row.time},${row.subject},${row.fds}`).join('\n')}\n`;
  const jsonl = rows.map((row) => JSON.stringify(row)).join('\n');
  const half = Math.floor(csv.length / 2);
  const results = await Promise.all(
    [
      file('same.csv', csv),
      file('same.csv.gz', gzipSync(csv)),
      file('parts.csv.gz', Buffer.concat([gzipSync(csv.slice(0, half)), gzipSync(csv.slice(half))])),
      file('same.jsonl', jsonl),
      file('same.jsonl.gz', gzipSync(jsonl)),
    ].map(async (path) => (await scan(['--json', path])).stdout),
  );
  assert.equal(documentOf(results[0] ?? '').subjects.length, 3);
  for (const stdout of results) assert.equal(stdout, results[0]);
});

test('a bad row ends the scan at once, though standard input stays open', async () => {
  const child = start(['-']);
  child.stdin.write('time,subject,fds\n1,a,5\n2,a,oops\n');
  const { code, stderr } = await ended(child);
  assert.equal(code, 65);
  assert.match(stderr, /line 3, column fds/);
});

test('more than fits into its memory streams through', { timeout: 600_000 }, async () => {
  const limitKib = 200 * 1024;
  const child = start(['--json', '-']);
  const result = ended(child);
  const name = 'n'.repeat(8000);
  const piece = Buffer.from(`5,${name},7\n`.repeat(130));
  child.stdin.write('time,subject,fds\n');
  for (let written = 0; written < limitKib * 1024 * 1.2; written += piece.length) {
    if (!child.stdin.write(piece)) await once(child.stdin, 'drain');
  }
  const peakKib = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
  child.stdin.end();
  const { code, stdout } = await result;
  assert.equal(code, 0);
  assert.equal(documentOf(stdout).subjects[0]?.subject, name);
  assert.ok(peakKib < limitKib, `${peakKib} KiB`);
});

/** Recorded by the tools of Debian 12 while one of three small programs leaked. */
const logs = fileURLToPath(new URL('../series/logs/fixtures/', import.meta.url));
const atopLog = join(logs, 'atop-2.8.1.raw');
const leakingService = '/opt/shop/shop-api --listen N (uid 33)';

test('a log of atop gets a verdict on each workload, and says what it is and what it can not tell', async () => {
  const [json, text, packed] = await Promise.all([
    scan(['--json', atopLog]),
    scan([atopLog]),
    scan(['--json', '--fail-on', 'leak', '-'], gzipSync(readFileSync(atopLog))),
  ]);
  const { subjects, sources } = documentOf(json.stdout);
  assert.deepEqual(
    subjects.filter(({ verdict }) => verdict === 'leak').map(({ subject, resource }) => [subject, resource]),
    [[leakingService, 'memory']],
  );
  assert.equal(subjects.length, 5);
  assert.deepEqual([sources?.[0]?.format, sources?.[0]?.version, sources?.[0]?.host, sources?.[0]?.records], ['atop', '2.8', 'db1', 50]);
  assert.match(
    text.stdout,
    /^LEAK {2}1 of 5 subjects, 250 rows\n\nread {7}1 log of atop 2\.8 on db1: 50 records, 20\S+Z to 20\S+Z\nnote {7}\S/,
  );
  assert.deepEqual([json.code, text.code, packed.code, json.stderr + text.stderr], [0, 0, 1, '']);
  assert.equal(packed.stdout, json.stdout);
});

test('what sadf prints gets a verdict on the host, and a data file of sysstat the command that prints it', async () => {
  const [printed, dataFile] = await Promise.all([
    scan([join(logs, 'sadf-12.6.1.json.gz')]),
    scan([file('sa28', Buffer.concat([Buffer.from([0x96, 0xd5, 0x75, 0x21]), Buffer.alloc(300)]))]),
  ]);
  assert.equal(printed.code, 0);
  assert.match(printed.stdout, /1 log of sysstat on db1/);
  assert.match(printed.stdout, /not to which process/);
  assert.equal(dataFile.code, 65);
  assert.match(dataFile.stderr, /STANCH_E_LOG_VERSION[\s\S]*sadf -j FILE -- -r ALL -S -v \| stanch scan -/);
});

test('a damaged record of a log stops the scan with its number, or is left out and counted', async () => {
  const damaged = readFileSync(atopLog);
  damaged.fill(0x55, 10_000, 10_100);
  const path = file('damaged.raw', damaged);
  const [stopped, skipping] = await Promise.all([scan([path]), scan(['--skip-bad', path])]);
  assert.equal(stopped.code, 65);
  assert.match(stopped.stderr, /a whole record of atop in record \d+\n[\s\S]*damaged data[\s\S]*--skip-bad/);
  assert.equal(skipping.code, 0);
  assert.match(skipping.stderr, /^1 bad row left out:\n {2}record \d+: expected a whole record/);
  assert.match(skipping.stdout, /1 log of atop 2\.8 on db1: 49 records/);
});

test('logs of two machines are not taken for one history', async () => {
  const tasks = [{ commandLine: 'web' }];
  const one = file('one.raw', rawLog([{ seconds: 1000, tasks }], 'db1'));
  const other = file('other.raw', rawLog([{ seconds: 2000, tasks }], 'web7'));
  const both = await scan([one, other]);
  assert.equal(both.code, 65);
  assert.match(both.stderr, /STANCH_E_BAD_LOG[\s\S]*which is db1[\s\S]*web7 in .*other\.raw/);
});

test('several files are one history of each subject, the oldest first', async () => {
  const rows = leakAndFlat().split('\n');
  const header = rows[0] ?? '';
  const half = 2881;
  const older = file('day-1.csv', `${rows.slice(0, half).join('\n')}\n`);
  const newer = file('day-2.csv', `${header}\n${rows.slice(half).join('\n')}`);
  const [whole, inParts, reversed, withBad] = await Promise.all([
    scan(['--json', file('days.csv', rows.join('\n'))]),
    scan(['--json', older, newer]),
    scan(['--json', newer, older]),
    scan([older, file('day-3.csv', 'time,subject,fds\n1800000000,web,x\n')]),
  ]);
  assert.equal(inParts.code, 0);
  assert.equal(inParts.stdout, whole.stdout);
  assert.equal(reversed.code, 65);
  assert.match(reversed.stderr, /STANCH_E_FILE_ORDER[\s\S]*day-1\.csv[\s\S]*oldest file first/);
  assert.match(withBad.stderr, /STANCH_E_BAD_ROW[\s\S]*in line 2, column fds in .*day-3\.csv/);
});
