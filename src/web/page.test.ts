/** The page in a real browser, on documents that a real server would take hours to give. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { calmState, dyingState, type FakeDaemon, leakRow, leakState, rowFor, startFakeDaemon } from './fakeDaemon.ts';
import { accessibilityFaults, type BuiltPage, buildPage, launchBrowser, openView, sidewaysScroll } from './testBrowser.ts';

const hostileName = `<img src=x onerror="document.title='hacked'">\u202Eexe.rekrow`;

describe('the page', { timeout: 600_000 }, () => {
  let built: BuiltPage;
  let fake: FakeDaemon;
  let browser: Browser;

  before(async () => {
    built = await buildPage();
    fake = await startFakeDaemon(built.folder, leakState());
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    await fake?.close();
    built?.remove();
  });

  it('is small, hashed and has nothing inline', () => {
    const assets = readdirSync(join(built.folder, 'assets'));
    const scripts = assets.filter((name) => name.endsWith('.js'));
    const wireBytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(built.folder, 'assets', name))).length, 0);
    assert.ok(wireBytes < 150_000, `${wireBytes} bytes of script`);
    for (const name of assets) assert.match(name, /-[\w-]{8}\.\w+$/);
    const html = readFileSync(join(built.folder, 'index.html'), 'utf8');
    assert.doesNotMatch(html, /<style|style=|<script(?![^>]* src=)|https?:/);
  });

  it('names the leak, how long it lasts, and the reasons for and against', async () => {
    fake.state = leakState();
    const { page, complaints, close } = await openView(browser, fake.url);
    const card = page.getByRole('article', { name: 'shop-worker.service' });
    await card.waitFor();
    await page.getByRole('heading', { level: 1, name: /shop-worker\.service leaks memory/ }).waitFor();
    const text = await card.innerText();
    assert.match(text, /182 MiB\/h\s+174 to 190 MiB\/h/);
    assert.match(text, /Why it is a leak\s+The floor rose by 946 MiB/);
    assert.match(text, /What speaks against it\s+61 MiB of it may be memory that was freed/);
    assert.match(text, /systemctl restart shop-worker\.service/);
    await page.getByText('Memory lasts').waitFor();
    await page.getByRole('img', { name: /If nothing changes it ends in 4 h \d+ min: between/ }).waitFor();
    await page.getByText('Processes of other users can be seen only in part').waitFor();
    await page.getByRole('region', { name: 'Gone for now' }).getByText('thumbnailer.service').waitFor();
    await page.getByText(/stanch 0\.1\.0 itself uses 58\sMiB of RAM, 0\.2\s% of one CPU core/).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('says why the server is slow, how far it has come, and what the kernel took', async () => {
    fake.state = dyingState();
    const { page, complaints, close } = await openView(browser, fake.url);
    const slow = page.getByRole('region', { name: /ssh answers in 4\.1 s because memory is short .* not because of the network/ });
    await slow.waitFor();
    assert.equal(await slow.locator('[aria-current=step]').innerText(), 'Stalling');
    assert.match(await slow.getByRole('row', { name: /http/ }).innerText(), /no answer within 10 s.*does not answer/s);
    await page
      .getByRole('region', { name: 'Killed for want of memory' })
      .getByText(/killed mariadb\.service .* shop-worker/)
      .waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('does what was planned only when somebody agrees, and takes back what can be', async () => {
    fake.state = dyingState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/actions`);
    const plan = page.getByRole('article', { name: 'restart shop-worker.service' });
    await plan.getByText('There is no way back.').waitFor();
    assert.equal(fake.state.told.length, 0);
    await plan.getByRole('button', { name: 'Do it' }).click();
    await page.getByText('Begun.').waitFor();
    await Promise.all([page.waitForResponse(/undo$/), page.getByRole('button', { name: 'Take it back' }).click()]);
    assert.deepEqual(
      fake.state.told.map(([path]) => path),
      ['actions/p-1/agree', 'actions/a-1/undo'],
    );
    assert.deepEqual(complaints, []);
    await close();
  });

  it('says calmly that nothing leaks, and that it has just started', async () => {
    fake.state = calmState();
    const { page, complaints, close } = await openView(browser, fake.url);
    await page.getByRole('heading', { name: 'Nothing leaks', exact: true }).waitFor();
    await page.getByText('9 of 9 workloads are healthy').waitFor();
    assert.deepEqual(complaints, []);
    // What it may just be asking about is gone.
    fake.state = { ...calmState(), rows: [] };
    await page.getByRole('heading', { name: 'stanch has just started looking' }).waitFor();
    await close();
  });

  it('does not call it quiet while an incident is open, whoever leaks', async () => {
    fake.state = { ...calmState(), incidents: dyingState().incidents };
    const { page, complaints, close } = await openView(browser, fake.url);
    const open = page.getByRole('region', { name: 'Open incidents' });
    await open.getByRole('link', { name: /shop-worker\.service/ }).waitFor();
    await page.getByText('9 of 9 workloads are healthy').waitFor();
    assert.equal(await page.getByText('You need not do anything').count(), 0);
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('tells a new leak once to who listens', async () => {
    fake.state = calmState();
    const { page, close } = await openView(browser, fake.url);
    await page.getByRole('heading', { name: 'Nothing leaks', exact: true }).waitFor();
    assert.equal(await page.getByText('New leak:').count(), 0);
    fake.state = leakState();
    await page.getByRole('status').filter({ hasText: 'New leak: shop-worker.service' }).waitFor();
    await close();
  });

  it('has no serious accessibility fault in any view and scheme, at desk and phone width', async () => {
    fake.state = { ...leakState(), incidents: dyingState().incidents, actions: dyingState().actions };
    const id = fake.state.rows[0]?.id ?? '';
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 360]) {
        // Contrast is a matter of the scheme, order and size one of the width: two of the four have to do.
        if ((colorScheme === 'dark') !== (width === 360)) continue;
        const { page, complaints, close } = await openView(browser, fake.url, { colorScheme, width });
        for (const [hash, landmark] of [
          ['#/', 'What leaks'],
          ['#/workloads', 'Workloads'],
          ['#/where', 'Where the memory is'],
          [`#/workload/${id}`, 'Processes in it now'],
          ['#/actions', 'Planned, and not done'],
        ] as const) {
          await page.goto(fake.url + hash);
          await page.getByRole('heading', { name: landmark, exact: true }).waitFor();
          await page.locator('.list, canvas, .incidents').first().waitFor();
          for (const numbers of await page.getByText('Numbers behind this chart').all()) await numbers.click();
          assert.deepEqual(await accessibilityFaults(page), [], `${hash} ${colorScheme} ${width}`);
          assert.ok((await sidewaysScroll(page)) <= 0, `${hash} ${colorScheme} ${width} can be pushed sideways`);
        }
        assert.deepEqual(complaints, []);
        await close();
      }
    }
  });

  it('sorts, filters and pages through 5,000 workloads by keyboard', async () => {
    const rows = Array.from({ length: 5000 }, (_, index) =>
      rowFor(`job-${index}.service`, (index + 1) * 1024 ** 2, {}, { user: index % 2 === 0 ? 'even' : 'odd' }),
    );
    fake.state = { ...calmState(), rows };
    const { page, complaints, close } = await openView(browser, `${fake.url}#/workloads`);
    const isFirst = (name: string) => page.locator('tbody tr').first().getByRole('rowheader').filter({ hasText: name }).waitFor();
    await page.getByText('5,000 workloads', { exact: true }).waitFor();
    // A daemon that is busy keeps nobody from looking through what it has told.
    await page.route(/\/api\/v1\/(workloads|sparks|subjects)/, () => undefined);
    const head = page.getByRole('columnheader', { name: 'Private memory' });
    await head.getByRole('button').focus();
    await page.keyboard.press('Enter');
    await isFirst('job-4999.service');
    assert.equal(await head.getAttribute('aria-sort'), 'descending');
    await page.keyboard.press('Enter');
    await isFirst('job-0.service');
    assert.equal(await head.getAttribute('aria-sort'), 'ascending');
    await page.getByRole('button', { name: 'Next' }).press('Enter');
    await isFirst('job-30.service');
    await page.getByRole('searchbox', { name: 'Filter' }).focus();
    await page.keyboard.type('job-4242 EVEN');
    await page.getByText('1 of 5,000 workloads match').waitFor();
    await isFirst('job-4242.service');
    await page.getByRole('searchbox', { name: 'Filter' }).fill('no such thing');
    await page.getByText('None of 5,000 workloads matches').waitFor();
    await page.getByRole('button', { name: 'Show all' }).press('Enter');
    await page.getByText('5,000 workloads', { exact: true }).waitFor();
    // What the list knew of a workload is there before the daemon has told of it.
    await page.getByRole('link', { name: 'job-0.service' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'job-0.service' }).waitFor();
    await page.getByText('user even').waitFor();
    await page.getByText('Loading its history').waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('shows a hostile name as inert text everywhere', async () => {
    const leak = leakRow(hostileName);
    fake.state = {
      ...leakState(),
      rows: [leak],
      summary: `${hostileName} leaks memory, 182 MiB an hour.`,
      notices: [{ code: 'STANCH_E_NOT_PERMITTED', text: hostileName, since: new Date().toISOString() }],
    };
    const { page, complaints, close } = await openView(browser, fake.url, { width: 360 });
    const shown = `<img src=x onerror="document.title='hacked'">\\u{202e}exe.rekrow`;
    await page.getByRole('article').getByText(shown).waitFor();
    await page.getByRole('link', { name: shown }).click();
    await page.getByRole('heading', { level: 1, name: shown }).waitFor();
    await page.goto(`${fake.url}#/workloads`);
    await page.getByRole('rowheader').getByText(shown).waitFor();
    assert.ok((await sidewaysScroll(page)) <= 0);
    assert.equal(await page.locator('img').count(), 0);
    assert.doesNotMatch(await page.title(), /^hacked/);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('opens one workload from the list and remembers resource and range in the address', async () => {
    fake.state = leakState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/workloads`);
    await page.getByRole('link', { name: 'shop-worker.service' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'shop-worker.service' }).waitFor();
    await page.getByRole('img', { name: /floor of private memory rose from .* restarted once/i }).waitFor();
    await page.getByText('Limit').or(page.getByText('no memory limit')).first().waitFor();
    await page.getByRole('group', { name: 'Resource' }).getByRole('button', { name: 'Open files' }).press('Enter');
    await page.getByRole('button', { name: '24 h' }).press('Enter');
    await page.getByRole('heading', { name: 'Open files over time' }).waitFor();
    const link = page.url();
    assert.match(link, /resource=fds&range=24h$/);
    await page.goto('about:blank');
    await page.goto(link);
    await page.getByRole('heading', { name: 'Open files over time' }).waitFor();
    assert.equal(await page.getByRole('button', { name: '24 h' }).getAttribute('aria-pressed'), 'true');
    assert.deepEqual(
      complaints.filter((complaint) => !complaint.includes('about:blank')),
      [],
    );
    await close();
  });

  it('shows where the memory is as a picture that opens by keyboard, with every number in a table', async () => {
    fake.state = leakState();
    const { page, complaints, close } = await openView(browser, fake.url);
    await page.getByRole('link', { name: 'Where', exact: true }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Where the memory is' }).waitFor();
    await page.getByText('Memory is gone but no process has it: 1.07 GiB').waitFor();
    await page.getByText('du -xh /dev/shm').waitFor();
    const picture = page.getByRole('group', { name: /Parts of RAM as a picture/ });
    await picture.getByRole('button', { name: /^kernel/ }).press('Enter');
    await page.getByRole('group', { name: /Parts of kernel as a picture/ }).waitFor();
    await page.getByRole('button', { name: /^slab, reclaimable/ }).press('Enter');
    await page
      .getByRole('group', { name: /Parts of slab, reclaimable as a picture/ })
      .getByText('dentry')
      .waitFor();
    await page.getByRole('button', { name: 'RAM' }).press('Enter');
    await picture.waitFor();
    const table = page.getByRole('table').first();
    const orphan = table.getByRole('row', { name: /^segment 3 of postgres/ });
    assert.match(await orphan.innerText(), /ipcrm -m 3 removes it\s+64 MiB\s+1\.6 %/);
    const kernel = table.getByRole('row', { name: /^socket buffers/ });
    assert.match(await kernel.innerText(), /96 MiB\s+2\.5 %\s+can't be given back/);
    await table.getByRole('link', { name: 'shop-worker.service' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'shop-worker.service' }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('says on shared hosting whose a workload is, in the list, on the card of a leak and on its own page', async () => {
    const hosted = { user: 'bob', account: 'bob', domain: 'a-rather-long-name-of-a-shop.example.com' };
    fake.state = leakState();
    fake.state.rows = [{ ...leakRow('php-fpm: pool shop, PHP 8.2'), ...hosted }, ...fake.state.rows];
    const whose = 'account bob, a-rather-long-name-of-a-shop.example.com';
    for (const width of [1280, 800, 360]) {
      const { page, complaints, close } = await openView(browser, fake.url, { width });
      await page.getByRole('article').first().getByText(whose).waitFor();
      await page.goto(`${fake.url}#/workloads`);
      await page.getByRole('rowheader').getByText(whose).waitFor();
      assert.ok((await sidewaysScroll(page)) <= 0, `${width} can be pushed sideways`);
      await page.getByRole('link', { name: 'php-fpm: pool shop' }).click();
      await page.getByText(whose).waitFor();
      assert.deepEqual(complaints, []);
      await close();
    }
  });

  it('shows what is held open by what leaks open files', async () => {
    fake.state = leakState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/workloads`, { width: 360 });
    await page.getByRole('link', { name: 'imap-login.service' }).press('Enter');
    const panel = page.getByRole('region', { name: 'What it holds open' });
    await panel.getByText('61 of 82 open files are sockets in CLOSE_WAIT to 10.0.0.5:3306: connections not closed').waitFor();
    await panel.getByText('62 sockets, 20 files').waitFor();
    const first = panel.locator('tbody tr').first();
    assert.match(await first.innerText(), /61\s+sockets in CLOSE_WAIT to 10\.0\.0\.5:3306/);
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.ok((await sidewaysScroll(page)) <= 0);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('remembers the colours that were chosen', async () => {
    fake.state = calmState();
    const { page, close } = await openView(browser, fake.url, { colorScheme: 'dark' });
    const scheme = () => page.evaluate(() => document.documentElement.dataset.scheme);
    assert.equal(await scheme(), 'dark');
    await page.getByRole('button', { name: 'Colours: Auto' }).click();
    assert.equal(await scheme(), 'light');
    await page.reload();
    assert.equal(await scheme(), 'light');
    await close();
  });

  it('says when the daemon is gone, since when the data is old, and catches up when it is back', async () => {
    fake.state = leakState();
    const { page, close } = await openView(browser, fake.url, { expected: /ERR_|Failed to load/ });
    await page.getByRole('article', { name: 'shop-worker.service' }).waitFor();
    await fake.die();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.match(await alert.innerText(), /does not answer\. What you see is from \d\d:\d\d:\d\d/);
    assert.match(await alert.innerText(), /systemctl status stanch/);
    assert.equal(await page.getByRole('article').count(), 1, 'what was known stays in sight');
    assert.deepEqual(await accessibilityFaults(page), []);
    fake.state = calmState();
    await fake.revive();
    await alert.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Nothing leaks', exact: true }).waitFor();
    await close();
  });

  it('asks for the token, refuses a wrong one, and keeps the right one for the tab', async () => {
    fake.state = { ...leakState(), token: 'right-token' };
    const { page, close } = await openView(browser, fake.url, { expected: /401/ });
    const field = page.getByLabel('Token');
    await field.fill('wrong-token');
    await field.press('Enter');
    await page.getByText('That token was refused').waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await field.fill('right-token');
    await page.getByRole('button', { name: 'Show me' }).click();
    await page.getByRole('article', { name: 'shop-worker.service' }).waitFor();
    await page.reload();
    await page.getByRole('article', { name: 'shop-worker.service' }).waitFor();
    assert.doesNotMatch(page.url(), /right-token/);
    await close();
  });

  it('keeps what was known of a workload that has ended', async () => {
    fake.state = leakState();
    const id = fake.state.rows[0]?.id ?? '';
    const { page, close } = await openView(browser, `${fake.url}#/workload/${id}`, { expected: /404/ });
    await page.getByRole('heading', { level: 1, name: 'shop-worker.service' }).waitFor();
    await page.locator('canvas').nth(1).waitFor();
    fake.state = calmState();
    await page.getByText('It has ended: none of its processes runs any more').waitFor();
    assert.equal(await page.locator('canvas').count(), 2, 'its memory and its load');
    await close();
  });

  it('shows the history and the incidents of a workload that ended before somebody followed a link to it', async () => {
    const { incidents } = dyingState();
    const { subjectId, subjectName } = incidents[0]?.incident ?? {};
    fake.state = { ...calmState(), incidents };
    const { page, close } = await openView(browser, `${fake.url}#/workload/${subjectId}`, { expected: /404/ });
    await page.getByRole('heading', { level: 1, name: subjectName ?? '' }).waitFor();
    await page.getByText('It has ended: none of its processes runs any more').waitFor();
    await page.getByRole('heading', { name: 'Private memory over time' }).waitFor();
    await page.locator('canvas').first().waitFor();
    await page
      .getByRole('region', { name: 'Its incidents' })
      .getByRole('link', { name: /shop-worker\.service/ })
      .first()
      .waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await close();
  });

  it('says so when a link leads nowhere', async () => {
    fake.state = calmState();
    const { page, close } = await openView(browser, `${fake.url}#/workload/w-gone`, { expected: /404/ });
    await page.getByRole('heading', { name: 'No such workload' }).waitFor();
    await page.goto(`${fake.url}#/nowhere`);
    await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor();
    await close();
  });
});
