import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure } from './measure.ts';
import { renderPicture } from './picture.ts';
import { renderReport, reportOf } from './report.ts';
import { tasksFor } from './tasks.ts';

async function smallReport() {
  const tasks = ['P01', 'H01', 'H09'].flatMap((only) => tasksFor({ seeds: { from: 0, to: 1 }, set: 'all', only }));
  const outcomes = await measure({ tasks, detectors: ['mann-kendall-sen', 'linear-r2'], jobs: 1 });
  return reportOf(outcomes, '0..1 (all)');
}

test('the same seeds print the same report', async () => {
  const first = renderReport(await smallReport(), true);
  assert.equal(renderReport(await smallReport(), true), first);
  assert.match(first, /patterns: 2 series, seeds 0\.\.1 \(all\)/);
  assert.match(first, /all generated: 6 series/);
  assert.match(first, /P01-linear +found +2\/2/);
});

test('the picture is one closed SVG in which names can do no harm', async () => {
  const { standings } = await smallReport();
  const [first] = standings;
  assert.ok(first);
  const picture = renderPicture([{ ...first, detector: '<script>"&' }], 'a < b');
  assert.match(picture, /^<svg [\s\S]*<\/svg>\n$/);
  assert.match(picture, /&lt;script&gt;&quot;&amp;/);
  assert.doesNotMatch(picture, /<script/);
  assert.doesNotMatch(picture, /NaN|Infinity/);
});
