import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReportDocument } from '../schema.ts';
import { sourceForTests } from '../sourceForTests.ts';
import { reportDocument } from './document.ts';
import { reportHtml } from './html.ts';
import { reportMarkdown } from './markdown.ts';

const report = reportDocument(sourceForTests(), 'i-w-leak-1');

/** The report with another name of the culprit, in every place that a process can write to. */
function named(name: string): ReportDocument {
  const { incident } = report;
  return {
    ...report,
    hostName: name,
    incident: {
      ...incident,
      incident: { ...incident.incident, subjectName: name, title: `${name} leaks memory`, owner: name },
      timeline: incident.timeline.map((event) => ({ ...event, text: name })),
      notes: [{ time: report.time, by: name, text: name }],
      verdict: incident.verdict === null ? null : { ...incident.verdict, reasons: [{ rule: 'x', for: 'leak', text: name }] },
    },
  };
}

test('says who, how fast, since when and how long, with pictures, and what to do', () => {
  const html = reportHtml(report);
  for (const text of [html, reportMarkdown(report)]) {
    for (const said of ['100 MiB an hour', 'in 2 h', '99.8 % sure', 'the floor rises', 'stanch check', 'test-host'])
      assert.ok(text.includes(said), said);
  }
  assert.equal(html.match(/<svg /g)?.length, 2, 'what it holds, and what is left on the server');
  assert.match(html, /stroke-dasharray="6 4"/, 'the forecast');
  assert.doesNotMatch(html, /(src|href)=|url\(|@import/, 'asks nobody for anything');
});

const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      '`',
      '/',
      'script',
      ' onload=',
      'x',
      '\n',
      '\u202e',
      ']]>',
      '-->',
      '[a](http://e)',
      '![',
      '|',
      '#',
      '*',
    ),
  }),
);

test('100 names: no tag, no attribute, no link, no heading of theirs', () => {
  const tags = (html: string) =>
    html
      .match(/<[a-z!/][^>]*>/gi)
      ?.map((tag) => tag.replace(/"[^"]*"/g, '""'))
      .join();
  const plain = tags(reportHtml(named('plain')));
  const lines = (text: string) => text.split('\n').map((line) => /^(#+|[-|]|)/.exec(line)?.[0]);
  const plainLines = lines(reportMarkdown(named('plain')));
  fc.assert(
    fc.property(names, (name) => {
      assert.equal(tags(reportHtml(named(name))), plain);
      const markdown = reportMarkdown(named(name));
      assert.deepEqual(lines(markdown), plainLines);
      assert.doesNotMatch(markdown.replace(/\\[^\n]/g, ''), /[<>[\]`]/);
    }),
    { numRuns: 100 },
  );
});
