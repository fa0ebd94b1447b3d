/** One workload on the page, in a real browser: where it leaks, what is done about it, and what to set. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { calmState, dyingState, type FakeDaemon, type FakeState, leakRow, leakState, startFakeDaemon } from './fakeDaemon.ts';
import { evidenceFor, goneFix, jobFor, nothingExplained } from './fakeExplain.ts';
import {
  accessibilityFaults,
  type BuiltPage,
  buildPage,
  launchBrowser,
  openView,
  sidewaysScroll,
  type ViewOptions,
} from './testBrowser.ts';

const hostile = `<img src=x onerror="document.title='hacked'">\u202E$(reboot)`;
const hostileShown = `<img src=x onerror="document.title='hacked'">\\u{202e}$(reboot)`;

describe('one workload', { timeout: 600_000 }, () => {
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

  /** The page of what leaks, in this state. */
  async function openLeak(state: FakeState, options: ViewOptions = {}, query = '') {
    fake.state = state;
    return openView(browser, `${fake.url}#/workload/${encodeURIComponent(state.rows[0]?.id ?? '')}${query}`, options);
  }

  const part = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

  it('tells what finding the leak would cost before it begins, is followed while it looks, and can be ended', async () => {
    const { page, complaints, close } = await openLeak(leakState());
    const where = part(page, 'Where it leaks');
    await where.getByLabel('Which process').selectOption({ label: 'Process 2217, 370 MiB' });
    await where.getByRole('button', { name: 'Find out where it leaks' }).click();
    await where.getByText('It is not stopped, nothing is written to it').waitFor();
    assert.match(await where.innerText(), /312 MiB\s+for about a minute, and 3\.4 s of CPU time/);
    assert.match(await where.innerText(), /Yes\s+624 MiB have to be free, twice what it takes; 802 MiB are/);
    await where.getByRole('button', { name: 'The line that allocates' }).click();
    await where.getByText('SIGUSR1 is sent to it, which it catches').waitFor();
    assert.match(await where.innerText(), /A little slower/);
    await where.getByRole('button', { name: 'What grows, and who holds it' }).click();
    await where.getByText('It is not stopped, nothing is written to it').waitFor();
    assert.deepEqual(fake.state.told, [], 'nothing was begun');
    await where.getByRole('button', { name: 'Begin' }).click();
    await where.getByText('First of three looks').waitFor();
    assert.ok((await where.getByRole('progressbar').getAttribute('value')) !== null);
    await where.getByRole('button', { name: 'Cancel' }).click();
    await where.getByText('It was ended before it was done. The process goes on.').waitFor();
    assert.deepEqual(fake.state.told, [
      ['evidence', { subject: 'p-1', means: 'memory', by: 'page' }],
      ['evidence/cancel', { by: 'page' }],
    ]);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('does not offer to look where there is no room for it', async () => {
    const state = leakState();
    state.explain = { ...nothingExplained(), hasRoom: false };
    const { page, close } = await openLeak(state);
    const where = part(page, 'Where it leaks');
    await where.getByRole('button', { name: 'Find out where it leaks' }).click();
    await where.getByText('Make room first').waitFor();
    assert.equal(await where.getByRole('button', { name: 'Begin' }).count(), 0);
    await close();
  });

  it('says whose turn it is while another process is looked at, and why the last look failed', async () => {
    const state = leakState();
    const [leak, other] = state.rows;
    assert.ok(leak && other);
    state.explain = { ...nothingExplained(), job: jobFor(other) };
    const { page, close } = await openLeak(state);
    const where = part(page, 'Where it leaks');
    await where.getByText('stanch explains one process at a time. Now it is imap-login.service.').waitFor();
    state.explain.job = jobFor(leak, {
      state: 'failed',
      error: 'STANCH_E_GONE: expected process 2210 to run; found that it ended. Name it.',
    });
    await where.getByText('It could not be found out: expected process 2210 to run; found that it ended. Name it.').waitFor();
    await where.getByRole('button', { name: 'Find out where it leaks' }).waitFor();
    await close();
  });

  it('says on the first view that it is being found out, without having been asked', async () => {
    const state = leakState();
    const [leak] = state.rows;
    assert.ok(leak);
    state.explain = { ...nothingExplained(), job: jobFor(leak) };
    fake.state = state;
    const { page, close } = await openView(browser, fake.url);
    await page.getByRole('link', { name: 'stanch is finding it out' }).click();
    await part(page, 'Where it leaks').getByText('Second of three looks').waitFor();
    await close();
  });

  it('shows the answer with what is behind it, and saves it for other tools', async () => {
    const state = leakState();
    const [leak] = state.rows;
    assert.ok(leak);
    state.explain = {
      ...nothingExplained(),
      evidence: [evidenceFor(leak), { ...evidenceFor(leak, 'Cart'), id: '20261127T031500Z-0a1b2c' }],
    };
    const { page, complaints, close } = await openLeak(state);
    const where = part(page, 'Where it leaks');
    await where.getByText('Session grows: 48,210 → 49,960 → 51,702 in 1 min').waitFor();
    await where.getByText('Give Session an expiry, or bound the map').waitFor();
    const row = where.getByRole('row', { name: /^Session \/srv\/shop\/session\.js:41/ });
    assert.match(await row.innerText(), /held by\s+global\s+app\s+sessions\s+Map of Session/);
    assert.match(await row.innerText(), /51\.2 KiB\/s\s+48,210 → 49,960 → 51,702\s+100 %/);
    await where.getByText(/process 2210: Cart/).click();
    await where.getByText('Cart grows').waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), where.getByRole('button', { name: 'speedscope' }).first().click()]);
    assert.equal(file.suggestedFilename(), 'stanch-20261128T031500Z-0a1b2c.speedscope.json');
    assert.equal(readFileSync(await file.path(), 'utf8'), 'speedscope.json of 20261128T031500Z-0a1b2c');
    await page.goto(fake.url);
    const card = page.getByRole('article', { name: 'shop-worker.service' });
    await card.getByText('Session grows: 48,210').waitFor();
    await card.getByRole('link', { name: 'What is behind it' }).click();
    await where.getByRole('heading', { name: 'Where it leaks' }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('plans in place, does it only when somebody agrees, and takes it back', async () => {
    const state = dyingState();
    const [leak] = state.rows;
    const [done] = state.actions.actions;
    assert.ok(leak && done);
    state.actions = { actions: [{ ...done, plan: { ...done.plan, subjectId: leak.id } }], proposals: [] };
    const { page, complaints, close } = await openLeak(state);
    const acting = part(page, 'What can be done now');
    await acting.getByRole('button', { name: 'Slow down' }).click();
    const plan = acting.getByRole('article', { name: 'Plan: throttle shop-worker.service' });
    await plan.getByText('Risk:').waitFor();
    assert.equal(await plan.evaluate((element) => element === document.activeElement), true, 'the plan is what is read next');
    await plan.getByRole('button', { name: 'Not now' }).click();
    await acting.getByText('Nothing was done.').waitFor();
    assert.equal(await plan.count(), 0);
    await acting.getByRole('button', { name: 'Restart …' }).press('Enter');
    await acting.getByRole('article', { name: 'Plan: restart' }).getByRole('button', { name: 'Do it' }).click();
    await acting.getByText('Begun.').waitFor();
    await acting
      .getByRole('listitem')
      .filter({ hasText: 'limit shop-worker.service' })
      .getByRole('button', { name: 'Take it back' })
      .click();
    await acting.getByText('It is being taken back.').waitFor();
    assert.deepEqual(fake.state.told, [
      ['actions/plan', { kind: 'throttle', subject: leak.id }],
      ['actions/plan', { kind: 'restart', subject: leak.id }],
      ['actions/p-10/agree', { by: 'page' }],
      ['actions/a-1/undo', { by: 'page' }],
    ]);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('says why it was refused: it is held back, or this token only reads', async () => {
    const { page, close } = await openLeak(leakState(), { expected: /40[139]/ });
    const acting = part(page, 'What can be done now');
    await acting.getByRole('button', { name: 'Restart …' }).click();
    const plan = acting.getByRole('article', { name: 'Plan: restart' });
    await plan.waitFor();
    const refuse = (status: number, code: string, found: string) => {
      fake.state.refusal = {
        status,
        body: { code, expected: 'nothing to speak against it', found, next: 'If it is wanted all the same, say so.' },
      };
    };
    refuse(409, 'STANCH_E_POLICY', 'the same did not help 10 min ago');
    await plan.getByRole('button', { name: 'Do it' }).click();
    await acting.getByText('It was not done: expected nothing to speak against it; found the same did not help 10 min ago.').waitFor();
    await Promise.all([page.waitForResponse(/agree$/), plan.getByRole('button', { name: 'Do it all the same' }).click()]);
    refuse(403, 'STANCH_E_UNAUTHORISED', 'x');
    await acting.getByRole('button', { name: 'Slow down' }).click();
    await acting.getByText('It was not done: this token may read and not act.').waitFor();
    assert.deepEqual(fake.state.told[2], ['actions/p-9/agree', { by: 'page', again: true }]);
    await close();
  });

  it('asks for the token where acting needs one, and goes on with what was wanted', async () => {
    const { page, complaints, close } = await openLeak({ ...leakState(), actToken: 'right-token' }, { expected: /401/ });
    const acting = part(page, 'What can be done now');
    const plan = acting.getByRole('article', { name: 'Plan: restart' });
    const dialog = page.getByRole('dialog', { name: 'Acting needs the token' });
    await acting.getByRole('button', { name: 'Restart …' }).click();
    await dialog.getByRole('button', { name: 'Leave it' }).click();
    await acting.getByText('It was not done: acting needs the token').waitFor();
    await acting.getByRole('button', { name: 'Restart …' }).press('Enter');
    await dialog.waitFor();
    await page.keyboard.type('wrong-token');
    await page.keyboard.press('Enter');
    await dialog.getByText('That token was refused.').waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.equal(await plan.count(), 0);
    await page.keyboard.type('right-token');
    await page.keyboard.press('Enter');
    await plan.waitFor();
    assert.equal(await dialog.count(), 0);
    await page.reload();
    await plan.getByRole('button', { name: 'Do it' }).click();
    await acting.getByText('Begun.').waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('gives advice with its sum, the exact lines, and commands to copy there and back', async () => {
    const { page, complaints, close } = await openLeak(leakState());
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const advice = part(page, 'What to set');
    const limit = advice.getByRole('article', { name: /^Limit its memory/ });
    assert.match(await limit.innerText(), /MemoryMax\s+not set\s*→\s*to be\s+1\.4G\s+in force now: 2 GiB/);
    await limit.getByText('How that is worked out').click();
    await limit.getByText('520 MiB × 2.3 for bursts = 1.2 GiB soft').waitFor();
    assert.match(await limit.getByRole('region', { name: /^Lines for/ }).innerText(), /\+\[Service\]\s+\+MemoryHigh=1\.2G/);
    await limit.getByRole('button', { name: 'Copy sudo stanch advise shop-worker.service --apply memory-limit' }).click();
    await limit.getByText('Copied').first().waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'sudo stanch advise shop-worker.service --apply memory-limit');
    await limit.getByText('By hand, and back').click();
    await limit.getByText('rm /etc/systemd/system/shop-worker.service.d/90-stanch-memory.conf').waitFor();
    await limit.getByRole('button', { name: 'Plan it' }).click();
    const acting = part(page, 'What can be done now');
    await acting.getByRole('article', { name: 'Plan: limit shop-worker.service' }).getByRole('button', { name: 'Do it' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'acting');
    assert.deepEqual(fake.state.told, [['advice/plan', { subject: fake.state.rows[0]?.id, id: 'memory-limit', requestsPerHour: null }]]);
    const heap = advice.getByRole('article', { name: /^Let the heap/ });
    await heap.getByText('Restart it.').waitFor();
    assert.equal(await heap.getByRole('button', { name: /^(?:Copy|Plan it)/ }).count(), 0, 'what is no command is not to be pasted');
    const [asked] = await Promise.all([
      page.waitForRequest(/advice\?.*requestsPerHour=3600/),
      advice.getByLabel(/^Requests an hour/).fill('3600'),
    ]);
    assert.ok(asked);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('says after what it began, and whether the fix has ended it', async () => {
    const state = leakState();
    const { page, complaints, close } = await openLeak(state);
    const since = part(page, 'Since when, and after what');
    await since.getByText('It began 18 min after shop-worker was upgraded from 4.1.0 to 4.2.0.').waitFor();
    assert.match(await since.getByRole('listitem').first().innerText(), /shop-worker was upgraded .*fits well, known from dpkg/s);
    fake.state.explain = { ...nothingExplained(), fix: goneFix() };
    await page.reload();
    await since.getByText('Fixed').waitFor();
    assert.match(await since.innerText(), /97 % sure\s+182 MiB\/h\s+→\s*before, now\s+307 KiB\/h/);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('lays the load under the memory on the same time, and each life over the others', async () => {
    const { page, complaints, close } = await openLeak(leakState());
    await page
      .getByRole('img', { name: /^CPU time stayed at about .* while memory rose: it does not hold more because it does more/ })
      .waitFor();
    const ends = await page.locator('.chart-canvas canvas').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().right));
    assert.equal(ends.length, 2);
    assert.equal(ends[0], ends[1], 'one axis for both');
    await page.getByRole('button', { name: 'Processes', exact: true }).press('Enter');
    await page
      .getByText(/^Processes stayed at about/)
      .first()
      .waitFor();
    const lives = part(page, 'Life by life');
    await lives
      .getByRole('img', { name: /^5 lives, each drawn from its own start.*This one grows by 1\d\d MiB\/h, for 5 h 36 min so far/ })
      .waitFor();
    await lives.getByText('Numbers behind this picture').click();
    assert.equal(await lives.locator('tbody tr').count(), 5);
    assert.match(await lives.locator('tbody tr').first().innerText(), /5 h 36 min so far/);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('a link leads to a part of it, and starts reading there', async () => {
    const { page, close } = await openLeak(leakState(), {}, '?at=acting');
    await page.waitForFunction(() => document.activeElement?.id === 'acting');
    await page.getByRole('link', { name: 'What to set' }).press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'advice');
    assert.match(page.url(), /at=advice$/);
    await close();
  });

  it('of what is healthy it asks nothing and promises nothing', async () => {
    const { page, complaints, close } = await openLeak(calmState());
    await part(page, 'What grows inside it').getByRole('button', { name: 'Look inside' }).waitFor();
    await part(page, 'What to set').getByRole('article').first().waitFor();
    await part(page, 'Since when, and after what').getByText('there is no beginning to look for').waitFor();
    await part(page, 'Life by life').getByText('One life is known so far').waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('shows whatever a program calls its types, owners and itself as inert text, and offers none of it to a shell', async () => {
    const state = leakState();
    const leak = leakRow(hostile);
    state.rows = [leak];
    state.explain = {
      ...nothingExplained(),
      evidence: [evidenceFor(leak, hostile)],
      job: jobFor(leak, { state: 'failed', error: hostile }),
    };
    const { page, complaints, close } = await openLeak(state, { width: 360 });
    const where = part(page, 'Where it leaks');
    await where.getByText(`It could not be found out: ${hostileShown}`).waitFor();
    await where.getByText(`${hostileShown} grows`).waitFor();
    await where.locator('.grows-type').getByText(hostileShown).waitFor();
    await where.getByText(`Map of ${hostileShown}`).waitFor();
    await part(page, 'What can be done now').getByRole('button', { name: 'Restart …' }).click();
    await page.getByRole('heading', { name: `restart ${hostileShown}` }).waitFor();
    await part(page, 'What to set').getByRole('article').first().waitFor();
    for (const command of await page.locator('.command-line code').allInnerTexts()) assert.doesNotMatch(command, /reboot|onerror/);
    assert.ok((await sidewaysScroll(page)) <= 0);
    assert.equal(await page.locator('img').count(), 0);
    assert.doesNotMatch(await page.title(), /^hacked/);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('has no serious accessibility fault while it asks, looks and answers', async () => {
    const states: [name: string, options: ViewOptions, go: (page: Page, state: FakeState) => Promise<void>][] = [
      [
        'asking',
        { colorScheme: 'light', width: 360 },
        async (page) => {
          await page.getByRole('button', { name: 'Find out where it leaks' }).click();
          await page.getByRole('button', { name: 'Begin' }).waitFor();
          await page.getByRole('button', { name: 'Restart …' }).click();
          await page.getByRole('button', { name: 'Do it' }).waitFor();
        },
      ],
      [
        'looking',
        { colorScheme: 'dark', width: 1280 },
        async (page, state) => {
          if (state.rows[0]) state.explain.job = jobFor(state.rows[0]);
          await page.getByRole('progressbar').waitFor();
        },
      ],
      [
        'answered',
        { colorScheme: 'dark', width: 360 },
        async (page) => {
          await page.getByRole('button', { name: 'Look again' }).waitFor();
          for (const more of await page.locator('details > summary').all()) await more.click();
        },
      ],
    ];
    for (const [name, options, go] of states) {
      const state = leakState();
      const [leak] = state.rows;
      if (name === 'answered' && leak)
        state.explain = { ...nothingExplained(), evidence: [evidenceFor(leak), evidenceFor(leak)], fix: goneFix() };
      const { page, complaints, close } = await openLeak(state, options);
      await part(page, 'What to set').getByRole('article').first().waitFor();
      await go(page, state);
      assert.deepEqual(await accessibilityFaults(page), [], name);
      assert.ok((await sidewaysScroll(page)) <= 0, `${name} can be pushed sideways`);
      assert.deepEqual(complaints, []);
      await close();
    }
  });
});
