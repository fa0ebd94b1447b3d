/** Incidents, audit and settings of the page in a real browser. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { calmState, dyingState, type FakeDaemon, startFakeDaemon } from './fakeDaemon.ts';
import { accessibilityFaults, type BuiltPage, buildPage, launchBrowser, openView, sidewaysScroll } from './testBrowser.ts';

const hostileName = `<img src=x onerror="document.title='hacked'">\u202Eexe.rekrow`;

describe('incidents, audit and settings', { timeout: 600_000 }, () => {
  let built: BuiltPage;
  let fake: FakeDaemon;
  let browser: Browser;

  before(async () => {
    built = await buildPage();
    fake = await startFakeDaemon(built.folder, dyingState());
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    await fake?.close();
    built?.remove();
  });

  it('shows an incident with its pictures on one axis, led by the keyboard', async () => {
    fake.state = dyingState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/incidents`);
    await page.getByRole('link', { name: 'shop-worker.service leaks memory: 4 h 24 min left', exact: true }).click();
    const events = page.getByRole('region', { name: 'What happened' }).getByRole('listitem');
    await events.first().waitFor();
    assert.equal(await events.count(), 8);
    assert.equal(await page.getByRole('button', { name: '1 h', exact: true }).getAttribute('aria-pressed'), 'true', 'where the trouble is');
    for (const name of [
      /^Memory: Taken from/,
      /^Swap: Used/,
      /^Waiting for memory/,
      /^Disk/,
      /^CPU/,
      /^Services answer in: .*ssh/,
      /^Stages: Filling/,
    ])
      await page.getByRole('img', { name }).waitFor();
    const cursor = page.getByRole('slider', { name: /Moment on the axis of time/ });
    await cursor.focus();
    await page.keyboard.press('Home');
    assert.match(
      String(await cursor.getAttribute('aria-valuetext')),
      /stage filling; Memory, Taken: 3\.\d+ GiB; Memory, shop-worker\.service: 1\.\d+ GiB/,
    );
    await page.keyboard.press('End');
    await page.keyboard.press('PageUp');
    await page.getByText('restart shop-worker.service: 1,190 MiB came back.').nth(1).waitFor();
    await page.keyboard.press('PageUp');
    await page.getByText('The kernel killed mariadb.service').nth(1).waitFor();
    assert.match(String(await cursor.getAttribute('aria-valuetext')), /stage killing/);
    await page.getByText('Numbers behind these pictures').click();
    const table = page.getByRole('table', { name: 'The server over time' });
    assert.equal(await table.getByRole('row').count(), 13);
    await page.getByRole('button', { name: 'All of it' }).press('Enter');
    assert.match(page.url(), /\?span=all$/);
    await page.getByRole('img', { name: /^Stages: Healthy.*Filling.*Stalling/ }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('lets somebody take care, silence, note and end', async () => {
    fake.state = dyingState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/incident/i-1`);
    await page.getByLabel('Your name').fill('nadia');
    await page.getByRole('button', { name: 'I take care' }).click();
    await page.getByText('Taken care of: nobody is reminded any more.').waitFor();
    await page.getByLabel('Tell nobody for').selectOption('a day');
    await page.getByRole('button', { name: 'Silence' }).click();
    await page.getByText('Silenced. It opens again').waitFor();
    await page.getByLabel('Note for whoever looks next').fill('rolled back');
    await page.keyboard.press('Enter');
    await page.getByText('Written down.').waitFor();
    await page.getByRole('button', { name: 'It is over' }).click();
    await page.getByText('When it begins anew, it comes back.').waitFor();
    assert.deepEqual(fake.state.told, [
      ['incidents/i-1/ack', { by: 'nadia' }],
      ['incidents/i-1/silence', { minutes: 1440, by: 'nadia' }],
      ['incidents/i-1/note', { text: 'rolled back', by: 'nadia' }],
      ['incidents/i-1/resolve', { by: 'nadia' }],
    ]);
    await page.getByText('duty: because nobody took care, given up').waitFor();
    await page.reload();
    assert.equal(await page.getByLabel('Your name').inputValue(), 'nadia', 'asked once');
    assert.deepEqual(complaints, []);
    await close();
  });

  it('gives the report as a file', async () => {
    fake.state = dyingState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/incident/i-1`);
    const begun = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as JSON' }).click();
    const download = await begun;
    assert.equal(download.suggestedFilename(), 'stanch-i-1.json');
    assert.equal(JSON.parse(readFileSync(await download.path(), 'utf8')).schema, 'stanch.report/1');
    assert.deepEqual(complaints, []);
    await close();
  });

  it('keeps the history: what came back is seen, searched and opened', async () => {
    fake.state = dyingState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/incidents`);
    await page.getByRole('heading', { level: 1, name: 'One incident is open' }).waitFor();
    assert.equal(await page.locator('.bars-row').first().locator('.bar').count(), 10);
    await page.getByRole('button', { name: '24 h' }).press('Enter');
    assert.equal(await page.locator('.bar').count(), 1);
    await page.getByRole('searchbox', { name: 'Find' }).fill('imap OPEN');
    const over = page.getByRole('table', { name: 'Incidents that are over' });
    assert.equal(await over.getByRole('rowheader').count(), 1);
    await over.getByRole('link', { name: 'imap-login.service leaked open files' }).press('Enter');
    await page.getByText(/lasted 9 h/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'I take care' }).count(), 0, 'it is over');
    fake.state = calmState();
    await page.goto(`${fake.url}#/incidents`);
    await page.getByRole('heading', { level: 1, name: 'Nothing has been wrong so far' }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('says what to mend, how and at what risk, and folds away what is fine', async () => {
    fake.state = dyingState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/audit`);
    await page.getByRole('img', { name: 'Score: 58 of 100' }).waitFor();
    await page.getByRole('heading', { level: 1, name: '1 thing to mend, 1 that could be better' }).waitFor();
    const swap = page.getByRole('region', { name: 'Better done otherwise' });
    await swap.getByText('Add 4G of swap').waitFor();
    await swap.getByRole('button', { name: /^Copy fallocate -l 4G/ }).waitFor();
    await swap.getByText('Risk: A leak fills it before it is ended').waitFor();
    assert.equal(await page.getByText('vm.panic_on_oom is 0.').isVisible(), false);
    await page.getByText('Fine as it is: 3').click();
    assert.equal(await page.getByText('vm.panic_on_oom is 0.').isVisible(), true);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('shows settings with their origin and an example, and tests a channel', async () => {
    fake.state = dyingState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/settings`);
    await page.getByText('line 7 of the file').waitFor();
    await page.getByText('--listen of the command line').waitFor();
    await page.locator('summary[aria-label="Change it: policy.mode"]').click();
    await page.getByText('[policy]\nmode = "approve"').waitFor();
    await page.getByText('Now 79 % of 3.81 GiB RAM is taken.').waitFor();
    await page.getByRole('button', { name: 'Send a test through ops' }).click();
    await page.getByText('It was not taken: connect ECONNREFUSED 10.0.0.9:443').waitFor();
    assert.deepEqual(fake.state.told, [['notify/test', { channel: 'ops', by: 'page' }]]);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('logs out on the server, and then may only read', async () => {
    fake.state = dyingState();
    const { page, complaints, close } = await openView(browser, `${fake.url}#/incidents`);
    await page.getByRole('banner').getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log out' }).waitFor({ state: 'detached' });
    assert.deepEqual(fake.state.told, [['session/end', {}]]);
    await page.goto(`${fake.url}#/settings`);
    await page.getByText('Read, without a token, because this browser is on the server itself').waitFor();
    await page.getByRole('button', { name: 'Show the token for acting' }).click();
    await page.getByRole('dialog', { name: 'Acting needs the token' }).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('has no serious accessibility fault in any of these views, scheme and width', async () => {
    // Colours do not depend on the width.
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['light', 360],
      ['dark', 1280],
    ] as const) {
      fake.state = dyingState();
      const { page, complaints, close } = await openView(browser, fake.url, { colorScheme, width });
      for (const [hash, landmark] of [
        ['#/incidents', 'Open'],
        ['#/incident/i-1', 'What it did to the server'],
        ['#/audit', 'Mend this first'],
        ['#/settings', 'Who is told'],
      ] as const) {
        await page.goto(fake.url + hash);
        await page.getByRole('heading', { name: landmark, exact: true }).waitFor();
        await page.locator('.bars, .cc-panel, .dial, .thresholds').first().waitFor();
        await page.evaluate(() => {
          for (const folded of document.querySelectorAll('details')) folded.open = true;
        });
        assert.deepEqual(await accessibilityFaults(page), [], `${hash} ${colorScheme} ${width}`);
        assert.ok((await sidewaysScroll(page)) <= 0, `${hash} ${colorScheme} ${width} can be pushed sideways`);
      }
      assert.deepEqual(complaints, []);
      await close();
    }
  });

  it('shows a hostile name as inert text everywhere', async () => {
    const state = dyingState();
    const [present] = state.incidents;
    assert.ok(present);
    const { incident } = present;
    fake.state = {
      ...state,
      incidents: [
        {
          ...present,
          incident: { ...incident, subjectName: hostileName, title: hostileName, owner: hostileName, concerns: [hostileName] },
          timeline: present.timeline.map((event) => ({ ...event, text: hostileName })),
          notes: [{ time: present.time, by: hostileName, text: hostileName }],
          messages: [{ time: present.time, channel: hostileName, kind: 'opened', state: 'sent', attempts: 1, error: hostileName }],
        },
      ],
      audit: {
        ...state.audit,
        checks: [
          {
            id: 'x',
            title: 'X',
            state: 'bad',
            found: hostileName,
            fixes: [{ text: hostileName, command: hostileName, risk: hostileName }],
          },
        ],
        notices: [hostileName],
      },
      settings: {
        ...state.settings,
        settings: state.settings.settings.map((setting) => ({ ...setting, value: hostileName })),
        channels: [{ name: hostileName, kind: 'hook', to: hostileName, leastSeverity: 'info', step: 0, hours: null }],
      },
    };
    const { page, complaints, close } = await openView(browser, fake.url, { width: 360 });
    const shown = `<img src=x onerror="document.title='hacked'">\\u{202e}exe.rekrow`;
    for (const hash of ['#/incidents', '#/incident/i-1', '#/audit', '#/settings']) {
      await page.goto(fake.url + hash);
      await page.locator('main').getByText(shown).first().waitFor();
      await page.locator('.bars, .cc-panel, .dial, .thresholds').first().waitFor();
      assert.doesNotMatch(await page.locator('body').innerText(), /\u202e/, hash);
      assert.ok((await sidewaysScroll(page)) <= 0, `${hash} can be pushed sideways`);
      assert.equal(await page.locator('img').count(), 0);
    }
    assert.doesNotMatch(await page.title(), /^hacked/);
    assert.deepEqual(complaints, []);
    await close();
  });

  it('says so when a link leads to no incident', async () => {
    fake.state = calmState();
    const { page, close } = await openView(browser, `${fake.url}#/incident/i-none`, { expected: /404/ });
    await page.getByRole('heading', { name: 'No such incident' }).waitFor();
    await close();
  });
});
