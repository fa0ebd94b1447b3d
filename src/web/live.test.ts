/** The page on the real daemon, which watches a program that really leaks. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Browser } from 'playwright-core';
import { type Daemon, startDaemon } from '../daemon.ts';
import { observeOnly, untold } from '../model/settings.ts';
import { accessibilityFaults, buildPage, launchBrowser, openView, sidewaysScroll } from './testBrowser.ts';

/** Detection of a fast leak takes about a minute; a busy machine may need more. */
const patienceMs = 210_000;
/** What the leaker is called: markup that would act if it were ever parsed. */
const hostile = '<img src=x onerror=document.title=1>';
const leak = `const held = [];
setInterval(() => held.push(Buffer.alloc(2 ** 20, 1)), 500);
process.stdin.resume().on('end', () => process.exit());`;

function startLeak(folder: string): { ready: Promise<unknown>; stop: () => Promise<void> } {
  const program = join(folder, `${hostile}.mjs`);
  writeFileSync(program, leak);
  // It ends when its standard input does: also when this test is killed.
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  return {
    ready: once(child, 'spawn'),
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

function daemonOn(folder: string, pageDir: string): Promise<Daemon> {
  return startDaemon(
    {
      intervalMs: 1000,
      dataDir: folder,
      listen: { host: '127.0.0.1', port: 0 },
      retention: { maxAgeMs: 86_400_000, maxBytes: 64 * 1024 ** 2 },
      allowLoopbackRead: true,
      budget: { cpuRatio: 1, rssBytes: 1024 ** 3, readsPerSecond: 100_000 },
      bpf: false,
      ...untold,
      probes: { enabled: false, intervalMs: 30_000, timeoutMs: 10_000, targets: null },
      explain: { automatic: false },
      policy: observeOnly,
    },
    { version: '0.0.0', pageDir, log: () => undefined },
  );
}

it('names a real leak with its reasons on the page of the real daemon', { timeout: patienceMs + 30_000 }, async () => {
  const undo: (() => unknown)[] = [];
  try {
    const built = await buildPage();
    undo.push(() => built.remove());
    const folder = mkdtempSync(join(tmpdir(), 'stanch-live-'));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const leaker = startLeak(folder);
    undo.push(() => leaker.stop());
    await leaker.ready;
    const daemon = await daemonOn(join(folder, 'data'), built.folder);
    undo.push(() => daemon.stop());
    const browser = await launchBrowser();
    undo.push(() => browser.close());
    await seesTheLeak(browser, `http://127.0.0.1:${daemon.address.port}/`);
  } finally {
    for (const step of undo.reverse()) await step();
  }
});

async function seesTheLeak(browser: Browser, url: string): Promise<void> {
  const { page, complaints } = await openView(browser, url);
  const card = page.getByRole('article').filter({ hasText: hostile });
  await card.waitFor({ timeout: patienceMs });
  const text = await card.innerText();
  assert.match(text, /Grows by\s+[\d.]+ [KMG]iB\/h\s+[\d.]+ to [\d.]+ [KMG]iB\/h/);
  assert.match(text, /Since\s+\d\d:\d\d/);
  assert.match(text, /Why it is a leak\s+\S+/);
  await page.locator('canvas').first().waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  await card.getByRole('heading').getByRole('link').click();
  await page.getByRole('heading', { level: 1 }).filter({ hasText: hostile }).waitFor();
  await page.getByRole('img', { name: /The floor of private memory rose from/ }).waitFor();
  await page.getByRole('button', { name: 'Find out where it leaks' }).click();
  await page.getByText(/would read the memory of process \d+ three times/).waitFor();
  await page.getByText(/have to be free, twice what it takes/).waitFor();
  await page
    .getByRole('region', { name: 'What to set' })
    .getByText(/of history/)
    .first()
    .waitFor();
  await page.getByRole('img', { name: /^CPU time/ }).waitFor();
  // Another run of this test on the same machine is in the same workload.
  const processes = page.getByRole('table').filter({ hasText: 'Command' }).getByRole('rowheader').filter({ hasText: hostile });
  await processes.first().waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  await page.goto(`${url}#/workloads`);
  await page.getByRole('searchbox', { name: 'Filter' }).fill('onerror');
  const row = page.getByRole('row').filter({ hasText: hostile });
  await row.getByRole('cell').filter({ hasText: 'Leaks' }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  await page.setViewportSize({ width: 360, height: 740 });
  for (const hash of ['#/', '#/workloads']) {
    await page.goto(url + hash);
    await page.getByText(hostile).first().waitFor();
    assert.ok((await sidewaysScroll(page)) <= 0, `${hash} can be pushed sideways`);
  }
  assert.equal(await page.locator('img').count(), 0);
  assert.notEqual(await page.title(), '1');
  assert.deepEqual(complaints, []);
}
