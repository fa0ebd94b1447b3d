/** The page on the real daemon, which watches a program that really leaks. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Browser } from 'playwright-core';
import { type Daemon, startDaemon } from '../daemon.ts';
import { observeOnly, untold } from '../model/settings.ts';
import { accessibilityFaults, buildPage, launchBrowser, openView, sidewaysScroll } from './testBrowser.ts';

/** Detection of a fast leak takes about a minute; only what hangs takes so long. */
const patienceMs = 540_000;
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

interface SinkAlert {
  generatorURL: string;
  annotations: { summary: string };
}

interface Sink {
  url: string;
  /** What came, oldest first; waits for the next one where there is none yet. */
  next(): Promise<{ alerts: SinkAlert[] }>;
  stop(): void;
}

/** A webhook's receiver. */
async function startSink(): Promise<Sink> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      response.end();
      bodies.push(body);
      server.emit('told');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: async () => {
      if (bodies.length === 0) await once(server, 'told');
      return JSON.parse(bodies.shift() ?? '');
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function daemonOn(folder: string, pageDir: string, sinkUrl: string): Promise<Daemon> {
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
      notify: {
        ...untold.notify,
        pageUrl: 'https://page.invalid/',
        channels: [{ name: 'sink', kind: 'webhook', url: { value: sinkUrl }, leastSeverity: 'info', step: 0, hours: null }],
      },
      probes: { enabled: false, intervalMs: 30_000, timeoutMs: 10_000, targets: null },
      explain: { automatic: false },
      policy: observeOnly,
    },
    { version: '0.0.0', pageDir, log: () => undefined },
  );
}

it('names a real leak with its reasons on the page of the real daemon, and the incident of it', { timeout: 600_000 }, async () => {
  const undo: (() => unknown)[] = [];
  try {
    const built = await buildPage();
    undo.push(() => built.remove());
    const folder = mkdtempSync(join(tmpdir(), 'stanch-live-'));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const leaker = startLeak(folder);
    undo.push(() => leaker.stop());
    await leaker.ready;
    const sink = await startSink();
    undo.push(() => sink.stop());
    const daemon = await daemonOn(join(folder, 'data'), built.folder, sink.url);
    undo.push(() => daemon.stop());
    const browser = await launchBrowser();
    undo.push(() => browser.close());
    const url = `http://127.0.0.1:${daemon.address.port}/`;
    await seesTheLeak(browser, url);
    await takesCare(browser, url, sink, readFileSync(join(folder, 'data', 'token'), 'utf8').trim());
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

/** Follows the link of the message that came, takes care of the incident, and looks at the views about the server. */
async function takesCare(browser: Browser, url: string, sink: Sink, token: string): Promise<void> {
  let alert: SinkAlert | undefined;
  // Something else on this machine may be told of as well, and together with it.
  while (alert === undefined) alert = (await sink.next()).alerts.find(({ annotations }) => annotations.summary.includes('onerror'));
  const { hash } = new URL(alert.generatorURL);
  // Acting without the token is refused, and then it is asked for.
  const { page, complaints, close } = await openView(browser, url + hash, { expected: /401/ });
  page.setDefaultTimeout(patienceMs);
  await page.getByRole('heading', { level: 1 }).filter({ hasText: hostile }).waitFor();
  await page.getByRole('img', { name: /^Memory: Taken from/ }).waitFor();
  await page.getByText('sink: ').first().waitFor();
  await page.getByLabel('Your name').fill('nadia');
  await page.getByRole('button', { name: 'I take care' }).click();
  const dialog = page.getByRole('dialog', { name: 'Acting needs the token' });
  await dialog.getByLabel('Token').fill(token);
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await page.getByText('Taken care of: nobody is reminded any more.').waitFor();
  await page.getByText(/nadia/).first().waitFor();
  await page.getByRole('button', { name: 'Save as Markdown' }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  await page.goto(`${url}#/audit`);
  await page.getByRole('img', { name: /^Score: \d+ of 100/ }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  await page.goto(`${url}#/settings`);
  await page.getByText('Everything: read, take care of incidents').waitFor();
  await page.getByRole('button', { name: 'Send a test through sink' }).click();
  await page.getByText('It was taken. See whether it arrives.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  assert.deepEqual(complaints, []);
  await close();
}
