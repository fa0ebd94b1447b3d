/**
 * How fast the page is in a real browser: the daemon as it is shipped watches 5,000 real processes in as many workloads, on a store that
 * has 14 days of each. The page is opened anew for each figure; what counts is the first frame that shows what somebody came for.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import * as v from 'valibot';
import type { Subject } from '../../model/subject.ts';
import { subjectsSchema } from '../../serve/schema.ts';
import { incidentId, processCount, startNamedFarm, writeHistory } from './pageHistory.ts';
import { readProcessCost } from './processCost.ts';
import { stanchProgram } from './stanchProgram.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

/** On a busy machine. */
const patienceMs = 120_000;
/** After a start it judges anew what it knew, thousands of workloads: the page is looked at on a server that has run for a while. */
const settleMs = 240_000;
const lookMs = 5000;
/** Of one processor, between two scans and with them. */
const calmRatio = 0.1;
/** After which whatever a view asks for has come. */
const quietMs = 700;
/** A hand rests on what it aims at for so long before it clicks, and a quick one types a letter so often. */
const restMs = 150;
const letterMs = 80;

/** In the page: the moment of the frame after the first in which something of `useful` is there. */
const tellUsefulFrame = `
const watch = () => document.querySelector(useful) === null
  ? requestAnimationFrame(watch)
  : requestAnimationFrame(() => { document.documentElement.dataset.usefulMs = performance.now(); });
requestAnimationFrame(watch);`;

/**
 * In the page: \`timeUntil(isShown)\` begins with the last key or click and ends with the frame after the first in which \`isShown()\` says
 * so, but no sooner than the browser itself has the event end.
 */
const tellInteractions = `
let began = 0, slowestEvent = 0;
for (const type of ['pointerdown', 'keydown']) addEventListener(type, (event) => { began = event.timeStamp; }, true);
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) slowestEvent = Math.max(slowestEvent, duration);
}).observe({ type: 'event', durationThreshold: 16 });
globalThis.beginAnew = () => { began = 0; slowestEvent = 0; };
globalThis.timeUntil = (isShown) => new Promise((resolve) => {
  const watch = () => began > 0 && isShown() ? requestAnimationFrame(told) : requestAnimationFrame(watch);
  const told = () => { const shownMs = performance.now() - began; setTimeout(() => resolve(Math.max(shownMs, slowestEvent)), 200); };
  requestAnimationFrame(watch);
});`;

/** What one view or one interaction took. CPU time tells more than the clock on a machine that others use as well. */
interface Taken {
  ms: number;
  /** Of the page's own thread, and of the daemon, its scans included. */
  pageCpuMs: number;
  daemonCpuMs: number;
  /** What came over the wire, with headers. */
  kilobytes: number;
}

interface Figure {
  name: string;
  taken: Taken[];
  must: number;
}

interface Daemon {
  url: string;
  cpuMs(): number;
  stop(): Promise<void>;
}

export async function benchPage(runs: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    say(`starting ${processCount} processes under as many names`);
    const farm = await startNamedFarm(folder);
    undo.push(() => farm.stop());
    say('learning what the daemon calls them');
    const subjects = await learnSubjects(join(folder, 'first'));
    say('writing 14 days of history');
    const data = join(folder, 'data');
    const watched = writeHistory(data, subjects);
    const daemon = await startDaemon(data);
    undo.push(() => daemon.stop());
    await calm(daemon);
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
    undo.push(() => browser.close());
    const figures = await measure(browser, daemon, watched, runs);
    const columns = ['', 'median', 'slowest', 'must', 'CPU page', 'CPU daemon', 'wire'];
    return `page, ${subjects.length} workloads with 14 days; ${runs} runs\n${table(columns, figures.map(rowOf))}`;
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

function rowOf({ name, taken, must }: Figure): string[] {
  const of = (pick: (one: Taken) => number) => median(taken.map(pick)).toFixed(0);
  const slowest = Math.max(...taken.map(({ ms }) => ms)).toFixed(0);
  return [
    name,
    `${of(({ ms }) => ms)} ms`,
    `${slowest} ms`,
    `< ${must} ms`,
    `${of(({ pageCpuMs }) => pageCpuMs)} ms`,
    `${of(({ daemonCpuMs }) => daemonCpuMs)} ms`,
    `${of(({ kilobytes }) => kilobytes)} kB`,
  ];
}

async function learnSubjects(data: string): Promise<Subject[]> {
  const daemon = await startDaemon(data);
  try {
    const response = await fetch(`${daemon.url}/api/v1/subjects?kind=workload&limit=5000`);
    const { subjects } = v.parse(subjectsSchema, await response.json());
    const own = subjects.filter(({ name }) => name.includes('/service-'));
    if (own.length < processCount * 0.95) throw new Error(`expected about ${processCount} workloads; found ${own.length}`);
    return own.map(({ id, name }) => ({ id, kind: 'workload', name, origin: 'executable' }));
  } finally {
    await daemon.stop();
  }
}

async function startDaemon(data: string): Promise<Daemon> {
  const child = spawn(stanchProgram, ['run', '--interval', '10s', '--data', data, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      const found = /http:\/\/[\d.]+:\d+/.exec(line)?.[0];
      if (found !== undefined) resolve(found);
    });
    lines.on('close', () => reject(new Error('expected the daemon to say where it listens; found that it ended')));
  });
  return {
    url,
    cpuMs: () => (readProcessCost(child.pid ?? 0)?.cpuSeconds ?? Number.NaN) * 1000,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function calm(daemon: Daemon): Promise<void> {
  for (let leftMs = settleMs; leftMs > 0; leftMs -= lookMs) {
    const beforeMs = daemon.cpuMs();
    await wait(lookMs);
    if (daemon.cpuMs() - beforeMs < calmRatio * lookMs) return;
  }
  say(`it is still at work after ${settleMs / 1000} s`);
}

async function measure(browser: Browser, daemon: Daemon, watched: Subject, runs: number): Promise<Figure[]> {
  const paints: [name: string, hash: string, useful: string][] = [
    ['now: the sentence', '#/', '.headline h1'],
    ['now: memory over time', '#/', 'canvas'],
    ['workloads: the first rows of 5,000', '#/workloads', '.list tbody tr'],
    ['workload: 14 days of it', `#/workload/${watched.id}?range=all`, 'canvas'],
    ['where: the picture', '#/where', '.icicle-cell'],
    ['incident: two days on one axis', `#/incident/${incidentId}?span=all`, '.cc-panel'],
    ['audit: the score', '#/audit', '.dial'],
  ];
  const figures = new Map<string, Figure>();
  const add = (name: string, must: number, taken: Taken) => {
    const figure = figures.get(name) ?? { name, taken: [], must };
    figure.taken.push(taken);
    figures.set(name, figure);
  };
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  // The window that it begins with loads some 400 modules of the browser's own: people have theirs open.
  await context.newPage();
  for (let run = 0; run < runs; run += 1) {
    say(`run ${run + 1} of ${runs}`);
    for (const [name, hash, useful] of paints) add(name, 1000, await usefulPaint(context, daemon, hash, useful));
    for (const [name, taken] of await interactions(context, daemon, watched)) add(name, 100, taken);
  }
  await context.close();
  return [...figures.values()];
}

/** What `act` takes until everything it set off has come to rest; `act` says what the clock says. */
async function take(page: Page, daemon: Daemon, act: () => Promise<number>): Promise<Taken> {
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  const pageCpuMs = async () => {
    const { metrics } = await client.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000;
  };
  let bytes = 0;
  client.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await client.send('Network.enable');
  const [pageBefore, daemonBefore] = [await pageCpuMs(), daemon.cpuMs()];
  const ms = await act();
  await wait(quietMs);
  const taken = { ms, pageCpuMs: (await pageCpuMs()) - pageBefore, daemonCpuMs: daemon.cpuMs() - daemonBefore, kilobytes: bytes / 1000 };
  await client.detach();
  return taken;
}

/** From the start of the navigation to the frame after the first in which `useful` is there. The cache is empty. */
async function usefulPaint(context: BrowserContext, daemon: Daemon, hash: string, useful: string): Promise<Taken> {
  const page = await openTab(context, `const useful = ${JSON.stringify(useful)};${tellUsefulFrame}`);
  try {
    const client = await context.newCDPSession(page);
    await client.send('Network.clearBrowserCache');
    await client.detach();
    return await take(page, daemon, async () => {
      await page.goto(`${daemon.url}/${hash}`);
      const shown = page.locator('html[data-useful-ms]');
      await shown.waitFor({ state: 'attached' });
      return Number(await shown.getAttribute('data-useful-ms'));
    });
  } finally {
    await page.close();
  }
}

async function openTab(context: BrowserContext, script: string): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  await page.addInitScript({ content: script });
  await wait(quietMs);
  return page;
}

/** In the page. */
const saysOfList = (pattern: RegExp) => `${pattern}.test(document.querySelector('main p[role=status]').textContent)`;

async function interactions(context: BrowserContext, daemon: Daemon, watched: Subject): Promise<[string, Taken][]> {
  const page = await openTab(context, tellInteractions);
  try {
    const found: [string, Taken][] = [];
    const timed = async (name: string, isShown: string, act: () => Promise<unknown>) => {
      await page.evaluate('beginAnew()');
      const taken = await take(page, daemon, async () => {
        const shown = page.evaluate<number>(`timeUntil(() => ${isShown})`);
        await act();
        return shown;
      });
      found.push([name, taken]);
    };
    const click = async (target: Locator) => {
      await target.hover();
      await wait(restMs);
      await target.click();
    };
    const filter = page.getByRole('searchbox', { name: 'Filter' });
    await page.goto(`${daemon.url}/#/workloads`);
    await page.locator('.list tbody tr').first().waitFor();
    const sorted = `document.querySelector('th[aria-sort=descending]')?.textContent.startsWith('Private memory')`;
    await timed('workloads: sorted by a click', sorted, () =>
      click(page.getByRole('columnheader', { name: 'Private memory' }).getByRole('button')),
    );
    const filtered = `document.querySelector('input[type=search]').value === 'service-ki' && ${saysOfList(/match/)}`;
    await timed('workloads: filtered by typing', filtered, () => filter.pressSequentially('service-ki', { delay: letterMs }));
    await filter.selectText();
    await timed('workloads: all again', saysOfList(/^[\d,]+ workloads$/), () => page.keyboard.press('Delete'));
    const second = `document.querySelector('.pager span').textContent.startsWith('31 ')`;
    await timed('workloads: next page', second, () => click(page.getByRole('button', { name: 'Next' })));
    const opened = `document.querySelector('h1')?.textContent.includes('/service-')`;
    const rows = page.locator('.list tbody a');
    await timed('workloads: one opened by a click', opened, () => click(rows.first()));
    await page.goBack();
    await rows.first().waitFor();
    await wait(quietMs);
    const withHistory = `${opened} && document.querySelector('main canvas') !== null`;
    await timed('workloads: one opened, with its history', withHistory, () => click(rows.nth(1)));
    await goTo(page, `#/workload/${watched.id}?range=all`, 'canvas');
    const range = page.getByRole('button', { name: '7 d' }).first();
    const isFresh = `document.querySelector('[aria-busy]')?.getAttribute('aria-busy') === 'false'`;
    const drawn = `${isFresh} && [...document.querySelectorAll('[aria-pressed=true]')].some(({ textContent }) => textContent === '7 d')`;
    await timed('workload: another range', drawn, () => click(range));
    await goTo(page, `#/incident/${incidentId}?span=all`, '.cc-panel');
    await page.getByRole('slider').focus();
    await timed('incident: the line led by a key', 'true', () => page.keyboard.press('PageUp'));
    return found;
  } finally {
    await page.close();
  }
}

async function goTo(page: Page, hash: string, useful: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await page.locator(useful).first().waitFor();
  await wait(quietMs);
}

function say(text: string): void {
  process.stderr.write(`page: ${text} …\n`);
}
