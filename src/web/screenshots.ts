/**
 * Takes the pictures in docs/ of a stanch that is running: `node src/web/screenshots.ts [http://127.0.0.1:7420/]`,
 * best while `stanch demo --stay` has been at it for some minutes.
 */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, openView, type ViewOptions } from './testBrowser.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const url = process.argv[2] ?? 'http://127.0.0.1:7420/';

async function picture(browser: Browser, name: string, options: ViewOptions, go?: (page: Page) => Promise<void>): Promise<void> {
  const { page, complaints, close } = await openView(browser, url, options);
  await page.getByRole('article').first().waitFor();
  // The leak has its own part of the chart once its own history is there.
  await page.getByText('All other processes').first().waitFor();
  await go?.(page);
  await page.locator('canvas, .list').first().waitFor();
  await page.screenshot({ path: join(docs, `${name}.png`) });
  if (complaints.length > 0) throw new Error(`the page complained while ${name} was taken: ${complaints.join('; ')}`);
  await close();
}

async function openWorstLeak(page: Page): Promise<void> {
  await page.getByRole('article').first().getByRole('heading').first().getByRole('link').click();
  await page.getByRole('heading', { name: 'Processes in it now' }).waitFor();
}

async function openWhere(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Where', exact: true }).click();
  await page.getByRole('table').first().waitFor();
}

const browser = await launchBrowser();
try {
  await picture(browser, 'now-light', { height: 1100 });
  await picture(browser, 'now-dark', { height: 1100, colorScheme: 'dark' });
  await picture(browser, 'workload', { height: 1100 }, openWorstLeak);
  await picture(browser, 'where', { height: 1100 }, openWhere);
  await picture(browser, 'phone', { width: 360, height: 780 });
} finally {
  await browser.close();
}
