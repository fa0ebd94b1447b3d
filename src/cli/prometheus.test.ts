/** Debian's Prometheus and Alertmanager, where they are installed: they take the rules, scrape the metrics, and hold the alert until it is over. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOnPath } from '../lab/programs.ts';
import { metricsText } from '../serve/metrics.ts';
import { sourceForTests } from '../serve/sourceForTests.ts';
import { alertmanagerChannel } from '../tell/channels/alertmanager.ts';
import { channelOf, hostileName, messageForTests } from '../tell/incidentsForTests.ts';
import { grafanaDashboard } from './grafanaDashboard.ts';
import { prometheusRules } from './prometheusRules.ts';
import { startRun } from './spawnForTests.ts';

function missing(program: string, debianPackage: string): false | string {
  return findOnPath(program) === null ? `there is no ${program} here (apt-get install ${debianPackage})` : false;
}

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-prometheus-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function start(t: TestContext, command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return child;
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    }).on('error', () => resolve(''));
  });
}

/** Asks until the answer is as wanted; the test's own time ends it otherwise. */
async function until(url: string, wanted: (text: string) => boolean): Promise<string> {
  for (;;) {
    const text = await fetchText(url);
    if (text !== '' && wanted(text)) return text;
    await sleep(200);
  }
}

const sometimesEmpty = [
  'stanch_host_exhaustion_seconds',
  'stanch_workload_leak_probability',
  'stanch_workload_growth_bytes_per_second',
  'stanch_host_memory_pressure_ratio',
  'stanch_probe_seconds',
];

test('the dashboard has the shape that Grafana imports: no panel on another, each query named, the data source a variable', () => {
  const { uid, panels, templating } = grafanaDashboard();
  assert.equal(uid, 'stanch');
  assert.ok(templating.list.some(({ name, type, query }) => name === 'datasource' && type === 'datasource' && query === 'prometheus'));
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const cells = panels.flatMap(({ title, gridPos: { x = 0, y = 0, w = 0, h = 0 } }) => {
    assert.ok(x + w <= 24, title);
    return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
  });
  assert.equal(new Set(cells).size, cells.length);
  for (const { datasource, targets } of panels) {
    assert.deepEqual(datasource, { type: 'prometheus', uid: '$datasource' });
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
  }
});

test('promtool takes the rules', { skip: missing('promtool', 'prometheus') }, (t) => {
  const file = join(folder(t), 'stanch.rules.yml');
  writeFileSync(file, prometheusRules());
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /SUCCESS: 8 rules found/);
});

test('Prometheus scrapes a running stanch, and finds no fault with rules or dashboard', {
  skip: missing('prometheus', 'prometheus'),
  timeout: 600_000,
}, async (t) => {
  const dir = folder(t);
  const running = await startRun(t, ['--data', join(dir, 'data'), '--interval', '1s']);
  const metrics = await fetchText(`${running.url}/metrics`);
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  writeFileSync(join(dir, 'stanch.rules.yml'), prometheusRules());
  const target = new URL(running.url).host;
  writeFileSync(
    join(dir, 'prometheus.yml'),
    `global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [stanch.rules.yml]\nscrape_configs: [{job_name: stanch, static_configs: [{targets: ["${target}"]}]}]\n`,
  );
  const port = await freePort();
  start(t, 'prometheus', [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(dir, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const api = `http://127.0.0.1:${port}/api/v1`;
  await until(`${api}/query?query=stanch_build_info`, (text) => text.includes('"__name__":"stanch_build_info"'));
  const rules = await until(
    `${api}/rules`,
    (text) =>
      text.startsWith('{') &&
      JSON.parse(text).data.groups.every(({ rules: all }: { rules: { health: string }[] }) =>
        all.every(({ health }) => health !== 'unknown'),
      ),
  );
  for (const { health, lastError, name } of JSON.parse(rules).data.groups[0].rules) assert.equal(health, 'ok', `${name}: ${lastError}`);
  // Of a server on which something leaks: what has no value is not in the metrics of this one.
  const known = metrics + metricsText(sourceForTests());
  type Answer = { status: string; data: { result: { metric: Record<string, string> }[] } };
  const ask = async (query: string): Promise<Answer> => JSON.parse(await fetchText(`${api}/query?query=${encodeURIComponent(query)}`));
  for (const { title, targets } of grafanaDashboard().panels) {
    for (const { expr, legendFormat } of targets) {
      const name = /stanch_\w+/.exec(expr)?.[0] ?? '';
      assert.ok(known.includes(`# TYPE ${name} `), `${title}: there is a metric ${name}`);
      const { status, data } = await ask(expr.replaceAll('$instance', '.*'));
      assert.equal(status, 'success', expr);
      // Nothing leaks here, and no service may be there to be asked: then there is nothing to show.
      const isThere = (await ask(name)).data.result.length > 0;
      assert.ok(isThere || sometimesEmpty.includes(name), `${title}: ${name} has values`);
      assert.equal(data.result.length > 0, isThere, `${title}: ${expr}`);
      for (const { metric } of data.result)
        for (const [, label = ''] of legendFormat.matchAll(/{{(\w+)}}/g)) assert.ok(label in metric, `${title}: ${label} in ${expr}`);
    }
  }
});

test('Alertmanager holds one alert however often it is told, and lets it go when it is over', {
  skip: missing('prometheus-alertmanager', 'prometheus-alertmanager'),
  timeout: 600_000,
}, async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'am.yml'), 'route: {receiver: none}\nreceivers: [{name: none}]\n');
  const port = await freePort();
  start(t, 'prometheus-alertmanager', [
    `--config.file=${join(dir, 'am.yml')}`,
    `--storage.path=${join(dir, 'am')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
  const url = `http://127.0.0.1:${port}`;
  await until(`${url}/-/ready`, (text) => /ok/i.test(text));
  const channel = { ...channelOf(), kind: 'alertmanager' as const, url: { value: url } };
  const tell = (message: ReturnType<typeof messageForTests>) =>
    alertmanagerChannel.send(channel, [message], message.key, AbortSignal.timeout(10_000));
  const nowMs = Date.now();
  for (const kind of ['opened', 'reminder'] as const)
    await tell(messageForTests({ kind, key: kind, startedMs: nowMs - 1000, atMs: nowMs }));
  const active = JSON.parse(await until(`${url}/api/v2/alerts`, (text) => text.includes('StanchIncident')));
  assert.equal(active.length, 1);
  assert.equal(active[0].labels.workload, hostileName);
  await tell(messageForTests({ kind: 'resolved', key: 'resolved', startedMs: nowMs - 1000, atMs: Date.now() - 1 }));
  await until(`${url}/api/v2/alerts`, (text) => text.trim() === '[]');
});
