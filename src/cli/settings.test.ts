import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { StanchError } from '../model/errors.ts';
import { settingsList } from '../serve/settingsList.ts';
import { parseHours } from './notifySettings.ts';
import { defaultPaths, loadSettings, parseConfig, parseListen } from './settings.ts';

const places = (text: string) => parseConfig(text).problems.map(({ line, column }) => `${line}:${column}`);

test('reads every key', () => {
  const { values, problems } = parseConfig(`
interval = "30s"
[store]
dir = "/srv/stanch"
max_age = "90d"
max_size = "512MiB"
[serve]
listen = "[::1]:8000"
allow_loopback_read = false
[sample]
bpf = true
[budget]
cpu = "2.5%"
rss = "96MiB"
reads_per_second = 5000
[probes]
enabled = true
interval = "20s"
timeout = "5s"
targets = ["ssh://127.0.0.1:2222", "http://[::1]/health"]
`);
  assert.deepEqual(problems, []);
  assert.deepEqual(values, {
    intervalMs: 30_000,
    dataDir: '/srv/stanch',
    maxAgeMs: 90 * 86_400_000,
    maxBytes: 512 * 1024 ** 2,
    listen: { host: '::1', port: 8000 },
    allowLoopbackRead: false,
    budget: { cpuRatio: 0.025, rssBytes: 96 * 1024 ** 2, readsPerSecond: 5000 },
    bpf: true,
    probes: {
      enabled: true,
      intervalMs: 20_000,
      timeoutMs: 5000,
      targets: [
        { kind: 'ssh', host: '127.0.0.1', port: 2222, path: '', isConfigured: true },
        { kind: 'http', host: '::1', port: 80, path: '/health', isConfigured: true },
      ],
    },
  });
});

test('the list in words has every key, and each example is one that is taken', () => {
  for (const { key, example } of settingsList) assert.deepEqual(parseConfig(`${key} = ${example}`).problems, [], key);
  const [problem] = parseConfig('frob = 1').problems;
  const known = problem?.expected.replace('one of ', '').split(', ').toSorted();
  assert.deepEqual(known, [...settingsList.map(({ key }) => key), 'notify.channels'].toSorted());
});

test('says of each setting where it comes from', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-settings-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const config = join(folder, 'stanch.toml');
  writeFileSync(config, '\ninterval = "5s"\n[thresholds]\n# full\nmemory = "90%"\n');
  const { configured } = loadSettings({ config, listen: '127.0.0.1:0' }, { env: {}, isRoot: true });
  assert.deepEqual(
    [...configured.lines],
    [
      ['interval', 2],
      ['thresholds.memory', 5],
    ],
  );
  assert.deepEqual([...configured.flags], [['serve.listen', '--listen']]);
  assert.deepEqual([configured.path, configured.isThere], [config, true]);
});

test('refuses bare numbers, unknown keys and wrong kinds, all at once, each with its place', () => {
  const text = `interval = 10
frob = 1

[store]
  max_size = 1073741824
max_age = "180"
[serve]
listen = "7420"
allow_loopback_read = "yes"
colour = "red"
[tell]
mail = "x"
`;
  assert.deepEqual(places(text), ['1:1', '2:1', '5:3', '6:1', '8:1', '9:1', '10:1', '11:1']);
  const { problems } = parseConfig(text);
  assert.match(problems[0]?.expected ?? '', /interval: a time .* with its unit/);
  assert.equal(problems[0]?.found, '10');
  assert.match(problems[1]?.expected ?? '', /one of interval, store\.dir/);
});

test('finds keys however they are written', () => {
  assert.deepEqual(places('store.max_size = 5'), ['1:1']);
  assert.deepEqual(places('store = { max_age = "1d", max_size = 5 }'), ['1:27']);
  assert.deepEqual(places('# interval = 1\n"interval" = 5\n'), ['2:1']);
  assert.deepEqual(places('[ store ]\n"max_size" = 5'), ['2:1']);
  assert.deepEqual(places('[[serve]]\nlisten = "x"'), ['1:1']);
});

test('units and limits', () => {
  const ok = (line: string) => parseConfig(line).problems.length === 0;
  for (const good of ['1s', '1.5s', '10 s', '2min', '10m', '1000ms']) assert.ok(ok(`interval = "${good}"`), good);
  for (const bad of ['999ms', '0s', '-5s', '11min', '1y', 's', '', '1e3s', '10S', 'constructor', '1toString'])
    assert.ok(!ok(`interval = "${bad}"`), bad);
  for (const bad of ['1GB', '1G', '1', '15MiB', '1 gib']) assert.ok(!ok(`store.max_size = "${bad}"`), bad);
  for (const bad of ['"2"', '2', '"0.05%"', '"101%"', '"-1%"', '"1,5%"']) assert.ok(!ok(`budget.cpu = ${bad}`), bad);
  for (const bad of ['"5000"', '99', '100.5', '-5', 'true']) assert.ok(!ok(`budget.reads_per_second = ${bad}`), bad);
  for (const bad of ['"auto"', '1', '"true"']) assert.ok(!ok(`sample.bpf = ${bad}`), bad);
  for (const bad of ['relative/path', '']) assert.ok(!ok(`store.dir = "${bad}"`), bad);
});

test('a syntax error has its place too', () => {
  const { problems } = parseConfig('interval = "10s"\n[store\n');
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.line, 2);
});

test('no text makes it throw, and no key slips through', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      parseConfig(text);
      parseConfig(`interval = ${text}`);
    }),
  );
  for (const key of ['__proto__', 'constructor', 'toString', 'store.__proto__'])
    assert.equal(parseConfig(`${key} = 1`).problems.length, 1, key);
});

test('addresses', () => {
  assert.deepEqual(parseListen('127.0.0.1:7420'), { host: '127.0.0.1', port: 7420 });
  assert.deepEqual(parseListen('[::]:0'), { host: '::', port: 0 });
  for (const bad of ['127.0.0.1', ':7420', '::1:7420', 'a:65536', 'a b:1', '[::1]', 'http://x:1'])
    assert.equal(parseListen(bad), null, bad);
});

test('flags outrank the file, the file the defaults; without a file the defaults hold', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-settings-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const around = { env: { HOME: dir, XDG_CONFIG_HOME: 'relative is ignored' }, isRoot: false };
  assert.equal(loadSettings({}, around).file, null);
  assert.equal(loadSettings({}, around).settings.dataDir, join(dir, '.local/share/stanch'));
  const config = join(dir, 'my.toml');
  writeFileSync(config, 'interval = "5s"\nstore.max_age = "1d"');
  const { settings, file } = loadSettings({ config, interval: '2s' }, around);
  assert.equal(file, config);
  assert.equal(settings.intervalMs, 2000);
  assert.equal(settings.retention.maxAgeMs, 86_400_000);
  assert.equal(settings.listen.port, 7420);
  assert.equal(settings.bpf, false);
  // At a fifth of the usual interval five times the CPU time.
  assert.deepEqual(settings.budget, { cpuRatio: 0.05, rssBytes: 128 * 1024 ** 2, readsPerSecond: 20_000 });
  assert.deepEqual(defaultPaths({ env: {}, isRoot: true }), { config: '/etc/stanch/stanch.toml', data: '/var/lib/stanch' });
});

test('every mistake of a file is in the error, as file:line:column', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-settings-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const config = join(dir, 'bad.toml');
  writeFileSync(config, 'interval = 10\nfrob = 1\n');
  assert.throws(
    () => loadSettings({ config }, { env: {}, isRoot: false }),
    (error) =>
      error instanceof StanchError &&
      error.exitCode === 78 &&
      error.found.includes(`${config}:1:1: `) &&
      error.found.includes(`${config}:2:1: `),
  );
});

test('channels: each kind with its own keys, secrets from elsewhere, and mistakes told without the secret', () => {
  const channels = (text: string) => parseConfig(`[notify]\nremind = "1h"\n${text}`);
  const good = channels(`
[[notify.channels]]
name = "mail"
kind = "email"
host = "mail.example.com"
from = "stanch@example.com"
to = ["ops@example.com"]
password = { file = "/etc/stanch/mail" }
user = "stanch"
hours = "mon-fri 08:00-18:00"
[[notify.channels]]
name = "pager"
kind = "pagerduty"
key = { env = "PD_KEY" }
step = 1
severity = "critical"
`);
  assert.deepEqual(good.problems, []);
  const [mail, pager] = good.values.notify?.channels ?? [];
  assert.deepEqual(mail, {
    name: 'mail',
    leastSeverity: 'warning',
    step: 0,
    hours: { days: [1, 2, 3, 4, 5], fromMinute: 480, toMinute: 1080 },
    kind: 'email',
    host: 'mail.example.com',
    port: 587,
    security: 'starttls',
    user: 'stanch',
    password: { file: '/etc/stanch/mail' },
    from: 'stanch@example.com',
    to: ['ops@example.com'],
  });
  assert.deepEqual([pager?.step, pager?.leastSeverity, pager?.kind], [1, 'critical', 'pagerduty']);
  const bad: [string, RegExp][] = [
    ['kind = "smoke"\nname = "x"', /channel 1\.kind: one of "email", "webhook", [^(|]*$/],
    ['kind = "slack"\nname = "x"', /channel 1\.url: /],
    ['kind = "slack"\nname = "x"\nurl = "ftp://TOPSECRET"', /channel 1\.url: /],
    ['kind = "slack"\nname = "x"\nurl = "http://x"\nfrob = 1', /channel 1\.frob: no such key/],
    ['kind = "email"\nname = "x"\nhost = "h"\nfrom = "a@b"\nto = ["x@y>\\r\\nDATA"]', /channel 1\.to\.0: a mail address/],
    ['kind = "hook"\nname = "x"\ncommand = ["sh", "-c", "x"]', /channel 1\.command\.0: an absolute path/],
    ['kind = "hook"\nname = "x"\ncommand = "/bin/sh TOPSECRET"', /channel 1\.command: \["\/path/],
    ['kind = "journald"\nname = "x"\nhours = "mon 25:00-26:00"', /channel 1\.hours: such as/],
  ];
  for (const [text, expected] of bad) {
    const [problem] = channels(`[[notify.channels]]\n${text}\n`).problems;
    assert.match(problem?.expected ?? 'nothing', expected, text);
    assert.doesNotMatch(JSON.stringify(problem), /TOPSECRET/);
  }
  const twice = '[[notify.channels]]\nname = "x"\nkind = "journald"\n';
  assert.match(channels(twice + twice).problems[0]?.expected ?? '', /x is there twice/);
});

test('hours over midnight and over the end of the week', () => {
  assert.deepEqual(parseHours('fri-mon 22:00-06:00'), { days: [5, 6, 0, 1], fromMinute: 1320, toMinute: 360 });
  assert.deepEqual(parseHours('00:00-24:00')?.days, [1, 2, 3, 4, 5, 6, 0]);
  for (const text of ['', 'mon', 'mon 08:00', 'xyz 08:00-09:00', '08:00-08:00', '8:00-9:00']) assert.equal(parseHours(text), null, text);
});
