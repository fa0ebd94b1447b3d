import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { StanchError } from '../../model/errors.ts';
import { emptySample, type Sample } from '../../model/gauge.ts';
import { absent, isValue } from '../../model/reading.ts';
import { type BadRow, badRowError } from './badRow.ts';
import { gaugeColumns } from './columns.ts';
import { maxRowBytes } from './csv.ts';
import { SeriesFileParser } from './parser.ts';

interface Row {
  subject: string;
  sample: Sample;
}

interface Parsed {
  rows: Row[];
  bad: BadRow[];
}

/** Parses with bad rows left out, in pieces of the given lengths taken in turn. */
function parse(file: string | Uint8Array, pieceBytes: readonly number[] = [1 << 30]): Parsed {
  const rows: Row[] = [];
  const bad: BadRow[] = [];
  const parser = new SeriesFileParser({
    row: (subject, sample) => rows.push({ subject: parser.subjectNames[subject] ?? '', sample: { ...sample } }),
    badRow: (row) => bad.push(row),
  });
  const bytes = Buffer.from(file);
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const end = at + (pieceBytes[piece % pieceBytes.length] ?? 1);
    // Its own memory, overwritten afterwards: the parser may not keep a piece.
    const chunk = Uint8Array.from(bytes.subarray(at, end));
    parser.push(chunk);
    chunk.fill(0x31);
    at = end;
  }
  parser.end();
  assert.equal(parser.rowCount, rows.length);
  return { rows, bad };
}

function stopsAt(file: string | Uint8Array): StanchError {
  const parser = new SeriesFileParser({
    row: () => undefined,
    badRow: (row) => {
      throw badRowError(row);
    },
  });
  try {
    parser.push(Buffer.from(file));
    parser.end();
  } catch (error) {
    if (error instanceof StanchError) return error;
    throw error;
  }
  return assert.fail('nothing was wrong');
}

/** The rows of a subject come in their order, those of several in any. */
function bySubject(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, ({ subject }) => subject);
}

test('the examples of the documentation are good, and it names every column', () => {
  const text = readFileSync(new URL('../../../docs/series-file.md', import.meta.url), 'utf8');
  const examples = [...text.matchAll(/```\n(time,[\s\S]*?|\{"time"[\s\S]*?)```/g)].map((match) => parse(match[1] ?? ''));
  assert.deepEqual(
    examples.map(({ rows, bad }) => [rows.length, bad]),
    [
      [3, []],
      [2, []],
    ],
  );
  for (const column of ['time', 'subject', ...gaugeColumns]) assert.ok(text.includes(`| \`${column}\` |`), column);
});

const sampleField = {
  anon_bytes: 'anonBytes',
  swap_bytes: 'swapBytes',
  shmem_bytes: 'shmemBytes',
  file_bytes: 'fileBytes',
  fds: 'fds',
  sockets: 'sockets',
  threads: 'threads',
  processes: 'processes',
  cpu_seconds: 'cpuSeconds',
  start_time: 'startTimeMs',
  limit_bytes: 'limitBytes',
} as const;

test('each column becomes its field, in any order; an empty cell and a missing column are absent', () => {
  const { rows } = parse(
    'limit_bytes,fds,subject,cpu_seconds,time,start_time,anon_bytes,swap_bytes,shmem_bytes,file_bytes,sockets,threads,processes\n' +
      '1000,3,web,1.25,100.5,2026-05-28T04:10:00Z,4096,0,5,6,7,8,9\n' +
      '0,,web,,101,,,,,,,,\n',
  );
  const none = {
    kernelBytes: absent,
    headroomBytes: absent,
    fdLimit: absent,
    latencyUs: absent,
    stallPercent: absent,
    stageRank: absent,
  } as const;
  assert.deepEqual(
    rows.map(({ sample }) => sample),
    [
      {
        timeMs: 100_500,
        anonBytes: 4096,
        swapBytes: 0,
        shmemBytes: 5,
        fileBytes: 6,
        fds: 3,
        sockets: 7,
        threads: 8,
        processes: 9,
        cpuSeconds: 1.25,
        startTimeMs: Date.UTC(2026, 4, 28, 4, 10),
        limitBytes: 1000,
        ...none,
      },
      { timeMs: 101_000, ...Object.fromEntries(Object.values(sampleField).map((field) => [field, absent])), ...none },
    ],
  );
});

test('a limit of 0 and the "unlimited" of cgroup v1 are no limit', () => {
  const { rows } = parse('time,subject,limit_bytes\n1,a,0\n2,a,9223372036854771712\n3,a,1\n');
  assert.deepEqual(
    rows.map(({ sample }) => sample.limitBytes),
    [absent, absent, 1],
  );
});

test('forms of the file: CRLF, byte order mark, blank lines, no last line end, quotes', () => {
  const plain = parse('time,subject,fds\n1,a,5\n2,a,6\n');
  for (const file of [
    'time,subject,fds\r\n1,a,5\r\n2,a,6\r\n',
    '\ufefftime,subject,fds\n1,a,5\n2,a,6\n',
    '\n\r\ntime,subject,fds\n\n1,a,5\n\r\n2,a,6\n\n\r\n\n',
    'time,subject,fds\n1,a,5\n2,a,6',
    'time,subject,fds\r\n1,a,5\r\n2,a,6\r',
    '"time","subject","fds"\n"1","a","5"\n2,"a",6',
    '{"time":1,"subject":"a","fds":5}\n{"fds":6,"subject":"a","time":"1970-01-01T00:00:02Z","anon_bytes":null}',
    '\ufeff\n {"time":"1","subject":"a","fds":5}\r\n\n{"fds":6,"subject":"a","time":2}\n',
  ]) {
    const { rows, bad } = parse(file);
    assert.deepEqual(bad, [], JSON.stringify(file));
    assert.deepEqual(rows, plain.rows, JSON.stringify(file));
  }
});

test('subjects with commas, quotes and line feeds', () => {
  const { rows } = parse('time,subject,fds\n1,"a,b",1\n1,"say ""hi""",1\n1,"two\nlines\r\n",1\n1,in"side,1\n1,cr\rinside,1\n1,"""",1\n');
  assert.deepEqual(
    rows.map((row) => row.subject),
    ['a,b', 'say "hi"', 'two\nlines\r\n', 'in"side', 'cr\rinside', '"'],
  );
});

test('a header alone has no subjects', () => {
  assert.deepEqual(parse('time,subject,fds\n'), { rows: [], bad: [] });
  assert.deepEqual(parse('time,subject,fds'), { rows: [], bad: [] });
});

test('a header that is wrong is refused with the columns there are', () => {
  for (const [file, expected, found] of [
    ['', /first line/, /empty file/],
    ['\n\r\n\n', /first line/, /empty file/],
    ['\ufeff', /first line/, /empty file/],
    ['time,subject,memory\n', /known column name in cell 3/, /"memory"/],
    ['time;subject;fds\n', /known column name/, /"time;subject;fds"/],
    ['Time,subject\n', /known column name in cell 1/, /"Time"/],
    ['time,subject,\n', /known column name in cell 3/, /empty cell/],
    ['time,anon_bytes\n1,2\n', /column subject/, /"time,anon_bytes"/],
    ['subject,anon_bytes\n', /column time/, /"subject,anon_bytes"/],
    ['time,subject,fds,fds\n', /once/, /fds twice/],
    ['time,"subject\n', /closing quote/, /end of the file/],
    ['time,"subject"x\n', /comma or the end of the line/, /more text/],
    ['""\n', /known column name/, /empty cell/],
    [`time,subject,${'x'.repeat(maxRowBytes)}`, /at most/, /more/],
    [Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 0]), /known column name/, /ELF/],
  ] as const) {
    const error = stopsAt(file);
    assert.equal(error.code, 'STANCH_E_BAD_HEADER');
    assert.equal(error.exitCode, 65);
    assert.match(error.expected, expected);
    assert.match(error.found, found);
    assert.match(error.next, /anon_bytes.*limit_bytes/);
  }
});

const header = 'time,subject,anon_bytes,start_time\n';
const good = '1,a,4096,0\n';
/** The bad text, then line, column, what was expected, what was found. */
const badRows: [string | Uint8Array, number, string, RegExp, RegExp][] = [
  [`${good}2,a,4096\n`, 3, 'start_time', /4 cells/, /3 cells/],
  [`${good}2\n`, 3, 'subject', /4 cells/, /1 cell$/],
  [`${good}2,a,4096,0,5\n`, 3, 'cell 5', /4 cells/, /5 cells/],
  [`${good}2,a,4096,0,\n`, 3, 'cell 5', /4 cells/, /5 cells/],
  [`${good}2,a,many,0\n`, 3, 'anon_bytes', /number, 0 or more/, /"many"/],
  [`${good}2,a,-1,0\n`, 3, 'anon_bytes', /number, 0 or more/, /"-1"/],
  [`${good}2,a,NaN,0\n`, 3, 'anon_bytes', /finite number/, /"NaN"/],
  [`${good}2,a,inf,0\n`, 3, 'anon_bytes', /finite number/, /"inf"/],
  [`${good}2,a,1e400,0\n`, 3, 'anon_bytes', /finite number/, /"1e400"/],
  [`${good}2,a,12 KiB,0\n`, 3, 'anon_bytes', /number/, /"12 KiB"/],
  [`${good}2,a,"",0\n2,a,"x",0\n`, 4, 'anon_bytes', /number/, /"x"/],
  [`${good},a,1,0\n`, 3, 'time', /Unix seconds or an RFC 3339/, /an empty cell/],
  [`${good}yesterday,a,1,0\n`, 3, 'time', /Unix seconds or an RFC 3339/, /"yesterday"/],
  [`${good}2026-05-28T04:10:00,a,1,0\n`, 3, 'time', /with Z or an offset/, /"2026-05-28T04:10:00"/],
  [`${good}1716868800123,a,1,0\n`, 3, 'time', /milliseconds are not Unix seconds/, /"1716868800123"/],
  [`${good}2,a,1,soon\n`, 3, 'start_time', /Unix seconds or an RFC 3339/, /"soon"/],
  [`${good}0.5,a,1,0\n`, 3, 'time', /not before 1970-01-01T00:00:01Z/, /1970-01-01T00:00:00.500Z/],
  [`${good}2,b,1,0\n0,a,1,0\n`, 4, 'time', /the same subject/, /1970-01-01T00:00:00Z/],
  [`${good}2,,1,0\n`, 3, 'subject', /name of a subject/, /an empty cell/],
  [`${good}2,"",1,0\n`, 3, 'subject', /name of a subject/, /an empty cell/],
  [Buffer.from(`${header}1,a,4096,0\n2,\xff\xfe,1,0\n`, 'latin1'), 3, 'subject', /UTF-8/, /"/],
  [`${good}2,"a,1,0\n`, 3, 'subject', /closing quote/, /end of the file/],
  [`${good}2,"a\n${'x'.repeat(maxRowBytes)}`, 3, 'subject', /closing quote/, /none in 65536 bytes/],
  [`${good}2,"a"b,1,0\n`, 3, 'subject', /comma or the end of the line/, /more text/],
  [`${good}2,"a"\r,1,0\n`, 3, 'subject', /comma or the end of the line/, /more text/],
  [`${good}2,${'a'.repeat(maxRowBytes)},1,0\n`, 3, 'row', /at most 65536 bytes/, /more/],
  [`\n1,"a\n\nb",1,0\n\n2,a,x,0\n`, 7, 'anon_bytes', /number/, /"x"/],
  [`2,\x1b[2J,${'9'.repeat(500)},0\n`, 2, 'anon_bytes', /number/, /9…"$/],
  ['{"time":1,"subject":"a"}\n{"time":2}\n', 2, 'subject', /name of a subject/, /an empty cell/],
  ['{"time":1,"subject":"a"}\n{"subject":"a"}\n', 2, 'time', /RFC 3339/, /an empty cell/],
  ['{"time":1,"subject":"a"}\n{"time":true,"subject":"a"}\n', 2, 'time', /RFC 3339/, /"true"/],
  ['{"time":1,"subject":"a"}\n{"time":2,"subject":5}\n', 2, 'subject', /name of a subject/, /"5"/],
  ['{"time":1,"subject":"a"}\n{"time":2,"subject":"\\ud800"}\n', 2, 'subject', /name of a subject/, /"/],
  ['{"time":1,"subject":"a"}\n{"time":2,"subject":"a","fds":"3"}\n', 2, 'fds', /number/, /"3"/],
  ['{"time":1,"subject":"a"}\n{"time":2,"subject":"a","fds":-3}\n', 2, 'fds', /number, 0 or more/, /"-3"/],
  ['{"time":1,"subject":"a"}\n{"time":2,"subject":"a","fds":1e999}\n', 2, 'fds', /finite number/, /"/],
  ['{"time":1,"subject":"a"}\n{"time":2,"subject":"a","rss":1}\n', 2, '"rss"', /one of time, subject/, /unknown/],
  ['{"time":1,"subject":"a"}\n{"time":2,"sub\n', 2, 'row', /JSON object/, /time/],
  ['{"time":1,"subject":"a"}\n[1]\n', 2, 'row', /JSON object/, /\[1\]/],
  ['{"time":2,"subject":"a"}\n{"time":1,"subject":"a"}\n', 2, 'time', /not before/, /1970/],
  [Buffer.from('{"time":1,"subject":"a"}\n{"time":2,"subject":"\xff"}\n', 'latin1'), 2, 'row', /UTF-8/, /other bytes/],
  [`{"time":1,"subject":"a"}\n{"time":2,"subject":"${'a'.repeat(maxRowBytes)}"}\n`, 2, 'row', /at most/, /more/],
];

test('a bad row names line, column, what was expected and what was found, in pieces of any size', () => {
  for (const [text, line, column, expected, found] of badRows) {
    const file = typeof text === 'string' && !text.startsWith('{') ? header + text : text;
    const shown = JSON.stringify(String(file).slice(0, 120));
    for (const pieceBytes of [[1 << 30], [7], [1], [maxRowBytes - 1, 1]]) {
      const [row] = parse(file, pieceBytes).bad;
      assert.ok(row !== undefined, shown);
      assert.equal(row.line, line, shown);
      assert.equal(row.column, column, shown);
      assert.match(row.expected, expected);
      assert.match(row.found, found);
      assert.ok(row.found.length < 300, shown);
    }
    const error = stopsAt(file);
    assert.equal(error.code, 'STANCH_E_BAD_ROW');
    assert.equal(error.exitCode, 65);
    assert.match(error.message, new RegExp(`in line ${line}, column `));
  }
});

test('after a bad row the next good ones are read, and it leaves nothing behind', () => {
  const long = 'x'.repeat(3 * maxRowBytes);
  const file = `${header}1,a,1,0\n2,ghost,x,0\n2,"b"c,1,0\n2,"open,1,0\n3,a,2,0\n4,${long},1,0\n5,a,3,0\n4,a,9,0\n6,a,4,0\n${long}`;
  for (const pieceBytes of [[1 << 30], [1000], [13, 70_000]]) {
    const { rows, bad } = parse(file, pieceBytes);
    assert.deepEqual(
      rows.map((row) => [row.subject, row.sample.anonBytes]),
      [
        ['a', 1],
        ['a', 2],
        ['a', 3],
        ['a', 4],
      ],
    );
    assert.deepEqual(
      bad.map((row) => row.line),
      [3, 4, 5, 7, 9, 11],
    );
  }
});

test('a value does not stay from the row before', () => {
  const { rows } = parse('{"time":1,"subject":"a","fds":5}\n{"time":2,"subject":"a"}\n');
  assert.equal(rows[1]?.sample.fds, absent);
});

test('rows of exactly the longest length are read and one byte more is not', () => {
  for (const [bytes, count] of [
    [maxRowBytes, 1],
    [maxRowBytes + 1, 0],
  ] as const) {
    const name = 'n'.repeat(bytes - '1,,5\n'.length);
    const quoted = 'n'.repeat(bytes - '1,"",5\n'.length);
    for (const row of [`1,${name},5\n`, `1,"${quoted}",5\n`, `1,${name},5`, `1,"${quoted}",5`]) {
      for (const pieceBytes of [[1 << 30], [4099]]) {
        const { rows, bad } = parse(`time,subject,fds\n${row}`, pieceBytes);
        assert.deepEqual([rows.length, bad.length], [count, 1 - count]);
      }
    }
  }
});

test('a subject has its turn when many of its rows wait, and at the end', () => {
  const turns: string[] = [];
  const parser = new SeriesFileParser({ row: (subject) => turns.push('ab'[subject] ?? ''), badRow: () => assert.fail() });
  const times = Array.from({ length: 200 }, (_, time) => `${time},a,1\n${time},b,1\n`);
  parser.push(Buffer.from(`time,subject,fds\n${times.join('')}`));
  const early = turns.join('');
  assert.match(early, /^(a{2,}b{2,})+$/);
  parser.end();
  assert.equal(turns.join('').replaceAll('b', '').length, 200);
  assert.equal(turns.length, 400);
});

test('thousands of subjects in any order keep their own names and times', () => {
  const count = 5000;
  const lines: string[] = [];
  const expected: string[][] = Array.from({ length: count }, () => []);
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < count; i += 1) {
      const subject = (i * (round === 1 ? 7919 : 1)) % count;
      const line = `${round},s${subject},${i}`;
      lines.push(line);
      expected[subject]?.push(line);
    }
  }
  const { rows, bad } = parse(`time,subject,fds\n${lines.join('\n')}`);
  assert.deepEqual(bad, []);
  assert.deepEqual(
    rows.map(({ subject, sample }) => `${sample.timeMs / 1000},${subject},${String(sample.fds)}`),
    expected.flat(),
  );
});

test('too many subjects are refused before they fill the memory', () => {
  const names = Array.from({ length: 100_001 }, (_, index) => `1,s${index}`);
  assert.equal(stopsAt(`time,subject\n${names.join('\n')}\n`).code, 'STANCH_E_TOO_MANY_SUBJECTS');
  assert.equal(parse(`time,subject\n${names.slice(1).join('\n')}\n`).rows.length, 100_000);
});

const gaugeValues = fc.option(
  fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.double({ min: 0, max: 1e17, noNaN: true })),
  { nil: undefined },
);
const subjectNames = fc.oneof(
  fc.constantFrom('web', 'db', 'nginx.service'),
  fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'ä', '🐘', '\u202e', '{') }),
);
const writtenRows = fc.array(
  fc.record({
    stepMs: fc.nat(100_000),
    subject: subjectNames,
    values: fc.array(gaugeValues, { minLength: gaugeColumns.length, maxLength: gaugeColumns.length }),
    isRfc3339: fc.boolean(),
    isQuoted: fc.boolean(),
  }),
  { maxLength: 25 },
);

test('rows written as CSV or JSON Lines, cut anywhere, are read back equal', () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });
  const form = fc.record({ pieces, lineEnd: fc.constantFrom('\n', '\r\n'), endsLine: fc.boolean(), isJson: fc.boolean() });
  const columns = fc.shuffledSubarray(['time', 'subject', ...gaugeColumns] as const, { minLength: gaugeColumns.length + 2 });
  fc.assert(
    fc.property(writtenRows, columns, form, (written, order, { pieces: pieceBytes, lineEnd, endsLine, isJson }) => {
      fc.pre(!isJson || written.length > 0);
      let timeMs = 1_716_868_800_000;
      const expected: Row[] = [];
      const lines = isJson ? [] : [order.join(',')];
      for (const row of written) {
        timeMs += row.stepMs;
        const time = row.isRfc3339 ? new Date(timeMs).toISOString() : String(timeMs / 1000);
        const cells: Record<string, string | number | undefined> = { time, subject: row.subject };
        const sample = { ...emptySample(timeMs) };
        for (const [slot, column] of gaugeColumns.entries()) {
          let value = row.values[slot];
          if (column === 'start_time' && value !== undefined) value = Math.floor(value % 1e9);
          cells[column] = value;
          if (value === undefined || (column === 'limit_bytes' && value === 0)) continue;
          sample[sampleField[column]] = column === 'start_time' ? value * 1000 : value;
        }
        expected.push({ subject: row.subject, sample });
        lines.push(isJson ? JSON.stringify(cells) : order.map((column) => csvCell(cells[column], row.isQuoted)).join(','));
      }
      const { rows, bad } = parse(lines.join(lineEnd) + (endsLine ? lineEnd : ''), pieceBytes);
      assert.deepEqual(bad, []);
      assert.deepEqual(bySubject(rows), bySubject(expected));
    }),
    { numRuns: 300 },
  );
});

test('garbage, cut anywhere, ends with rows, bad rows or a coded error, and the cuts change nothing', () => {
  const scraps = fc.array(
    fc.constantFrom(
      'time,subject,fds\n',
      '1,a,2\n',
      '"',
      ',',
      '\n',
      '\r\n',
      '\r',
      '""',
      '{',
      '}',
      '{"time":1,"subject":"a"}\n',
      '\0',
      'é',
      '-1',
      '2e5',
      '\ufeff',
      'x',
    ),
    { maxLength: 60 },
  );
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    scraps.map((parts) => Buffer.from(parts.join(''))),
    scraps.map((parts) => Buffer.from(`time,subject,fds\n${parts.join('')}`)),
  );
  fc.assert(
    fc.property(garbage, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), (bytes, pieceBytes) => {
      assert.deepEqual(outcome(bytes, pieceBytes), outcome(bytes, [1 << 30]));
    }),
    { numRuns: 500 },
  );
});

/** What parsing comes to; anything but a coded error is thrown on. */
function outcome(bytes: Uint8Array, pieceBytes: readonly number[]): Parsed | string {
  try {
    return parse(bytes, pieceBytes);
  } catch (error) {
    if (error instanceof StanchError) return error.message;
    throw error;
  }
}

test('no bytes make a number that is negative or not finite', () => {
  const cell = fc.oneof(fc.string(), fc.stringMatching(/^[\d.eE+-]{0,20}$/));
  fc.assert(
    fc.property(cell, cell, (first, second) => {
      for (const { sample } of parse(`time,subject,fds\n1,a,${first}\n2,a,${second}`).rows) {
        if (isValue(sample.fds)) assert.ok(sample.fds >= 0 && Number.isFinite(sample.fds));
      }
    }),
  );
});

function csvCell(value: string | number | undefined, isQuoted: boolean): string {
  const text = value === undefined ? '' : String(value);
  return isQuoted || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
