/**
 * How fast the page is in a real browser: the daemon as it is shipped watches 5,000 real processes in as many workloads, on a store that
 * has 14 days of each. The page is opened anew for each figure; what counts is the first frame that shows what somebody came for.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, linkSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import * as v from 'valibot';
import { emptySample, type Sample } from '../../model/gauge.ts';
import type { Incident } from '../../model/incident.ts';
import { hostSubject, type Subject } from '../../model/subject.ts';
import { openStore } from '../../series/embeddedStore.ts';
import { subjectsSchema } from '../../serve/schema.ts';
import { TellFile } from '../../tell/tellFile.ts';
import { stanchProgram } from './stanchProgram.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

const count = 5000;
const historyMs = 14 * 86_400_000;
/** Each workload is sampled so often in what is prepared; the host and what is looked at as the daemon does. */
const sparseMs = 3_600_000;
const denseMs = 10_000;
/** On a busy machine. */
const patienceMs = 120_000;
/** Until the daemon has taken up what it knew. */
const settleMs = 20_000;
const incidentId = 'i-bench-1';

/** In the page: the moment of the frame after the first in which something of `useful` is there. */
const tellUsefulFrame = `
const watch = () => document.querySelector(useful) === null
  ? requestAnimationFrame(watch)
  : requestAnimationFrame(() => { document.documentElement.dataset.usefulMs = performance.now(); });
requestAnimationFrame(watch);`;

/** In the page: how long the slowest event took until its frame, as the browser itself has it. */
const tellSlowestEvent = `
new PerformanceObserver((list) => {
  const { dataset } = document.documentElement;
  for (const { duration } of list.getEntries()) dataset.slowestMs = Math.max(Number(dataset.slowestMs ?? 0), duration);
}).observe({ type: 'event', durationThreshold: 16 });`;

interface Figure {
  name: string;
  ms: number[];
  must: number;
}

export async function benchPage(runs: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    say(`starting ${count} processes under as many names`);
    const farm = await startNamedFarm(folder);
    undo.push(() => farm.stop());
    say('learning what the daemon calls them');
    const subjects = await learnSubjects(join(folder, 'first'));
    say('writing 14 days of history');
    const data = join(folder, 'data');
    const watched = prepareStore(data, subjects);
    const daemon = await startDaemon(data);
    undo.push(() => daemon.stop());
    await wait(settleMs);
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
    undo.push(() => browser.close());
    const figures = await measure(browser, daemon.url, watched, runs);
    const rows = figures.map(({ name, ms, must }) => [
      name,
      `${median(ms).toFixed(0)} ms`,
      `${Math.max(...ms).toFixed(0)} ms`,
      `< ${must} ms`,
    ]);
    return `page, ${subjects.length} workloads with 14 days; ${runs} runs\n${table(['', 'median', 'slowest', 'must'], rows)}`;
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** Sleepers that share one file under many names, and end with this process: their stdin is a pipe from it. */
/** In letters: names that differ in numbers alone are workers of one workload. */
function nameOf(index: number): string {
  return `service-${String(index).replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '')}`;
}

async function startNamedFarm(folder: string): Promise<{ stop(): Promise<void> }> {
  copyFileSync('/bin/cat', join(folder, 'sleeper'));
  for (let index = 0; index < count; index += 1) linkSync(join(folder, 'sleeper'), join(folder, nameOf(index)));
  const script = 'exec 3<&0; for sleeper in "$1"/service-*; do "$sleeper" <&3 >/dev/null & done; echo started; wait';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(shell, 'exit');
  await once(shell.stdout, 'data');
  return {
    stop: async () => {
      shell.stdin.end();
      await ended;
    },
  };
}

async function learnSubjects(data: string): Promise<Subject[]> {
  const daemon = await startDaemon(data);
  try {
    const response = await fetch(`${daemon.url}/api/v1/subjects?kind=workload&limit=5000`);
    const { subjects } = v.parse(subjectsSchema, await response.json());
    const own = subjects.filter(({ name }) => name.includes('/service-'));
    if (own.length < count * 0.95) throw new Error(`expected about ${count} workloads; found ${own.length}`);
    return own.map(({ id, name }) => ({ id, kind: 'workload', name, origin: 'executable' }));
  } finally {
    await daemon.stop();
  }
}

async function startDaemon(data: string): Promise<{ url: string; stop(): Promise<void> }> {
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
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Returns the workload that has every sample of its 14 days. */
function prepareStore(data: string, subjects: readonly Subject[]): Subject {
  const store = openStore({ dir: data, retention: { maxAgeMs: 180 * 86_400_000, maxBytes: 4 * 1024 ** 3 } });
  const [watched] = subjects;
  if (watched === undefined) throw new Error('expected workloads; found none');
  const toMs = Math.floor(Date.now() / denseMs) * denseMs - denseMs;
  try {
    for (const subject of [hostSubject, ...subjects]) store.putSubject(subject, toMs - historyMs);
    for (let timeMs = toMs - historyMs; timeMs <= toMs; timeMs += denseMs) {
      const share = 1 - (toMs - timeMs) / historyMs;
      const rows = [
        { subjectId: hostSubject.id, sample: hostSample(timeMs, share) },
        { subjectId: watched.id, sample: workloadSample(timeMs, 0, share) },
      ];
      if (timeMs % sparseMs === 0)
        rows.push(...subjects.slice(1).map(({ id }, index) => ({ subjectId: id, sample: workloadSample(timeMs, index + 1, 0) })));
      store.append(timeMs, rows);
      store.maintain(timeMs);
    }
  } finally {
    store.close();
  }
  const file = new TellFile(data);
  file.save([incidentOf(watched, toMs)], []);
  file.close();
  return watched;
}

const mib = 1024 ** 2;

function hostSample(timeMs: number, share: number): Sample {
  const wobble = Math.sin(timeMs / 700_000) * 40;
  return {
    ...emptySample(timeMs),
    anonBytes: Math.round((3000 + 4000 * share + wobble) * 256) * 4096,
    swapBytes: Math.round(Math.max(0, share - 0.9) * 20_000 * 256) * 4096,
    shmemBytes: 120 * mib,
    kernelBytes: 260 * mib,
    cpuSeconds: Math.round(timeMs / 50) / 100,
    limitBytes: 10_240 * mib,
    headroomBytes: Math.round((6000 - 5000 * share - wobble) * 256) * 4096,
    latencyUs: 400 + Math.round(200 * Math.abs(wobble)),
    stallPercent: share > 0.97 ? 20 : 0,
    stageRank: share > 0.97 ? 3 : share > 0.9 ? 2 : 0,
  };
}

function workloadSample(timeMs: number, index: number, leaked: number): Sample {
  const wobble = Math.sin(timeMs / 900_000 + index);
  return {
    ...emptySample(timeMs),
    anonBytes: Math.round((4 + (index % 50) + wobble + 3000 * leaked) * 256) * 4096,
    swapBytes: 0,
    fds: 12 + (index % 20),
    threads: 1 + (index % 8),
    processes: 1,
    cpuSeconds: Math.round(timeMs / 10_000) / 100,
  };
}

/** Two days long, with a timeline as full as one gets. */
function incidentOf({ id, name }: Subject, toMs: number): Incident {
  const openedMs = toMs - 2 * 86_400_000;
  const timeline = Array.from({ length: 200 }, (_, index) => ({
    atMs: openedMs + (index * (toMs - openedMs)) / 200,
    kind: (['stage', 'probe', 'kill', 'action', 'finding'] as const)[index % 5] ?? 'stage',
    subjectId: id,
    severity: (['info', 'warning', 'critical'] as const)[index % 3] ?? 'info',
    text: `${name}: what happened for the ${index}th time`,
  }));
  return {
    id: incidentId,
    subjectId: id,
    subjectName: name,
    state: 'resolved',
    stateSinceMs: toMs,
    severity: 'critical',
    openedMs,
    lastSeenMs: toMs,
    silencedUntilMs: null,
    owner: null,
    notes: [],
    verdict: null,
    concerns: [],
    findingIds: [],
    timeline,
    droppedEvents: 0,
    recurrences: 0,
    fix: null,
  };
}

async function measure(browser: Browser, url: string, watched: Subject, runs: number): Promise<Figure[]> {
  const paints: [name: string, hash: string, useful: string][] = [
    ['now: the sentence', '#/', '.headline h1'],
    ['now: memory over time', '#/', 'canvas'],
    ['workloads: the first rows of 5,000', '#/workloads', '.list tbody tr'],
    ['workload: 14 days of it', `#/workload/${watched.id}?range=all`, 'canvas'],
    ['where: the picture', '#/where', '.icicle-cell'],
    ['incident: two days on one axis', `#/incident/${incidentId}?span=all`, '.cc-panel'],
    ['audit: the score', '#/audit', '.dial'],
  ];
  const figures: Figure[] = paints.map(([name]) => ({ name, ms: [], must: 1000 }));
  const clicks = new Map<string, number[]>();
  for (let run = 0; run < runs; run += 1) {
    say(`run ${run + 1} of ${runs}`);
    for (const [index, [, hash, useful]] of paints.entries())
      figures[index]?.ms.push(await usefulPaintMs(browser, `${url}/${hash}`, useful));
    for (const [name, ms] of await interactions(browser, url, watched)) clicks.set(name, [...(clicks.get(name) ?? []), ms]);
  }
  return [...figures, ...[...clicks].map(([name, ms]) => ({ name, ms, must: 100 }))];
}

/** From the start of the navigation to the frame after the first in which `useful` is there. The cache is empty. */
async function usefulPaintMs(browser: Browser, address: string, useful: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    await page.addInitScript({ content: `const useful = ${JSON.stringify(useful)};${tellUsefulFrame}` });
    await page.goto(address);
    const shown = page.locator('html[data-useful-ms]');
    await shown.waitFor({ state: 'attached' });
    return Number(await shown.getAttribute('data-useful-ms'));
  } finally {
    await context.close();
  }
}

/** What the browser itself says of each: from the key or click to the next frame. Below 16 ms it says nothing. */
async function interactions(browser: Browser, url: string, watched: Subject): Promise<[string, number][]> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    await page.addInitScript({ content: tellSlowestEvent });
    const found: [string, number][] = [];
    const timed = async (name: string, act: () => Promise<unknown>) => {
      await page.evaluate('document.documentElement.dataset.slowestMs = 0');
      await act();
      // The observer hears of a frame after it.
      await wait(300);
      found.push([name, Math.max(16, Number(await page.locator('html').getAttribute('data-slowest-ms')))]);
    };
    await page.goto(`${url}/#/workloads`);
    await page.locator('.list tbody tr').first().waitFor();
    await timed('workloads: sorted by a click', () =>
      page.getByRole('columnheader', { name: 'Private memory' }).getByRole('button').click(),
    );
    await timed('workloads: filtered by typing', () => page.getByRole('searchbox', { name: 'Filter' }).pressSequentially('service-ki'));
    await timed('workloads: all again', () =>
      page
        .getByRole('searchbox', { name: 'Filter' })
        .press('Control+A')
        .then(() => page.keyboard.press('Delete')),
    );
    await timed('workloads: next page', () => page.getByRole('button', { name: 'Next' }).click());
    await goTo(page, `#/workload/${watched.id}?range=all`, 'canvas');
    await timed('workload: another range', () => page.getByRole('button', { name: '7 d' }).first().click());
    await goTo(page, `#/incident/${incidentId}?span=all`, '.cc-panel');
    await page.getByRole('slider').focus();
    await timed('incident: the line led by a key', () => page.keyboard.press('PageUp'));
    return found;
  } finally {
    await context.close();
  }
}

async function goTo(page: Page, hash: string, useful: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await page.locator(useful).first().waitFor();
}

function say(text: string): void {
  process.stderr.write(`page: ${text} …\n`);
}
