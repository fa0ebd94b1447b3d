/**
 * Takes the pictures of docs/manual.md, every view in both schemes: npm run manual [-- NAME …]. The server in them is made up, so that they are the
 * same wherever they are taken and nothing of the machine they are taken on is in them; the page is the one that is shipped.
 */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { calmState, dyingState, type FakeState, leakState, startFakeDaemon } from './fakeDaemon.ts';
import { evidenceFor } from './fakeExplain.ts';
import { smallPng } from './smallPng.ts';
import { buildPage, launchBrowser, openView } from './testBrowser.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'manual');
/** What a repository can carry. */
const mostBytes = 80 * 1024;

interface Picture {
  name: string;
  state: () => FakeState;
  hash: string;
  /** Something that is there when the view is. */
  ready: string;
  width?: number;
  height?: number;
  before?: (page: Page) => Promise<unknown>;
}

const leaking = `#/workload/${leakState().rows[0]?.id ?? ''}`;

/** A leak that was looked into, on a server that has gone through much. */
function fullState(): FakeState {
  const state = dyingState();
  const [row] = state.rows;
  return row === undefined ? state : { ...state, explain: { ...state.explain, evidence: [evidenceFor(row)] } };
}

function healedState(): FakeState {
  return { ...fullState(), condition: leakState().condition, kills: [] };
}

const pictures: readonly Picture[] = [
  { name: 'calm', state: calmState, hash: '#/', ready: 'canvas', height: 640 },
  { name: 'now', state: leakState, hash: '#/', ready: '.leak', height: 1000 },
  { name: 'slow', state: fullState, hash: '#/', ready: '.cascade', height: 620 },
  { name: 'workloads', state: leakState, hash: '#/workloads', ready: '.list tbody tr', height: 640 },
  { name: 'workload', state: healedState, hash: leaking, ready: 'canvas', height: 1000 },
  { name: 'why', state: healedState, hash: leaking, ready: 'canvas', height: 900, before: (page) => showTop(page, '#where-it-leaks') },
  { name: 'where', state: leakState, hash: '#/where', ready: '.icicle-cell', height: 900 },
  { name: 'incidents', state: healedState, hash: '#/incidents', ready: '.bars', height: 820 },
  { name: 'incident', state: healedState, hash: '#/incident/i-1', ready: '.cc-panel', height: 1000 },
  { name: 'cascade', state: healedState, hash: '#/incident/i-1', ready: '.cc-panel', height: 760, before: showCascade },
  { name: 'actions', state: fullState, hash: '#/actions', ready: '.plan', height: 760 },
  { name: 'audit', state: healedState, hash: '#/audit', ready: '.dial', height: 820 },
  { name: 'settings', state: healedState, hash: '#/settings', ready: '.thresholds', height: 1000 },
  { name: 'token', state: () => ({ ...leakState(), token: 'x' }), hash: '#/', ready: '.token', height: 520 },
  { name: 'phone', state: leakState, hash: '#/', ready: '.leak', width: 380, height: 800 },
];

async function showTop(page: Page, selector: string): Promise<void> {
  await page
    .locator(selector)
    .first()
    .evaluate((element) => element.scrollIntoView({ block: 'start' }));
}

/** With the line at the moment of the kill. */
async function showCascade(page: Page): Promise<void> {
  await page.getByRole('region', { name: 'What it did to the server' }).evaluate((element) => element.scrollIntoView({ block: 'start' }));
  await page.getByRole('slider').focus();
  await page.keyboard.press('PageUp');
  await page.keyboard.press('PageUp');
}

async function take(browser: Browser, url: string, picture: Picture, colorScheme: 'light' | 'dark'): Promise<void> {
  const { width = 1200, height = 900 } = picture;
  const { page, complaints, close } = await openView(browser, url + picture.hash, { colorScheme, width, height, expected: /401/ });
  await page.locator(picture.ready).first().waitFor();
  await page
    .getByText(/scanned|locked/)
    .first()
    .waitFor();
  // Charts are drawn with the answers that come after the first.
  await page.waitForLoadState('load');
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(1200);
  await picture.before?.(page);
  const file = join(folder, `${picture.name}-${colorScheme}.png`);
  writeFileSync(file, smallPng(await page.screenshot({ animations: 'disabled', caret: 'hide' })));
  const { size } = statSync(file);
  if (complaints.length > 0) throw new Error(`the page complained while ${picture.name} was taken: ${complaints.join('; ')}`);
  if (size > mostBytes) throw new Error(`expected ${file} to have at most ${mostBytes} bytes; found ${size}`);
  await close();
}

const wanted = pictures.filter(({ name }) => process.argv.length === 2 || process.argv.includes(name));
if (wanted.length === pictures.length) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const built = await buildPage();
const fake = await startFakeDaemon(built.folder, leakState());
const browser = await launchBrowser();
try {
  for (const picture of wanted) {
    for (const colorScheme of ['light', 'dark'] as const) {
      fake.state = picture.state();
      await take(browser, fake.url, picture, colorScheme);
    }
  }
  process.stdout.write(`${readdirSync(folder).length} pictures in docs/manual\n`);
} finally {
  await browser.close();
  await fake.close();
  built.remove();
}
