import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Change, sinceWhen } from './changes.ts';
import { parseDpkgLog, readChanges } from './readChanges.ts';

const onsetMs = new Date('2026-05-04T12:00:00').getTime();
const min = 60_000;
const php = { name: 'php-fpm: pool www, PHP 8.2', unit: 'php8.2-fpm.service', exe: 'php-fpm:' };

function upgrade(name: string, minutesBefore: number): Change {
  return { atMs: onsetMs - minutesBefore * min, kind: 'package', name, text: `${name} was upgraded from 1 to 2`, source: 'dpkg' };
}

test('the upgrade of its own package shortly before is named, though others came later', () => {
  const found = sinceWhen(onsetMs, php, [upgrade('php8.2-fpm', 14), upgrade('tzdata', 3), upgrade('vim', 1)]);
  assert.equal(found.sentence, 'it began 14 min after php8.2-fpm was upgraded from 1 to 2 (dpkg)');
  assert.equal(found.changes[0]?.name, 'php8.2-fpm');
});

test('what has nothing to do with it, came after it began, or long before, is not blamed', () => {
  assert.equal(sinceWhen(onsetMs, php, [upgrade('vim', 5), upgrade('tzdata', 20)]).sentence, null);
  assert.equal(sinceWhen(onsetMs, php, [upgrade('php8.2-fpm', -60)]).sentence, null);
  assert.equal(sinceWhen(onsetMs, php, [upgrade('php8.2-fpm', 4 * 24 * 60)]).sentence, null);
  assert.equal(sinceWhen(onsetMs, php, []).sentence, null);
});

test('an upgrade outranks the restart that came with it; libc is a suspect of everybody', () => {
  const restart: Change = { atMs: onsetMs - 9 * min, kind: 'restart', name: '', text: 'it was started', source: '/proc' };
  assert.match(sinceWhen(onsetMs, php, [restart, upgrade('php8.2-cli', 10)]).sentence ?? '', /php8\.2-cli/);
  assert.match(sinceWhen(onsetMs, php, [upgrade('libc6', 30)]).sentence ?? '', /30 min after libc6/);
});

test('the log of dpkg: upgrades, installations and removals, whatever else is in it', () => {
  const log = `2026-05-04 11:46:00 startup archives unpack
2026-05-04 11:46:01 upgrade php8.2-fpm:amd64 8.2.7-1~deb12u1 8.2.20-1~deb12u1
2026-05-04 11:46:02 status installed php8.2-fpm:amd64 8.2.20-1~deb12u1
2026-05-04 11:47:00 install htop:amd64 <none> 3.2.2-2
2026-05-04 11:48:00 upgrade nginx:amd64 1.22 1.22
`;
  assert.deepEqual(
    parseDpkgLog(log).map(({ name, text, atMs }) => [name, text, onsetMs - atMs]),
    [
      ['php8.2-fpm', 'php8.2-fpm was upgraded from 8.2.7-1~deb12u1 to 8.2.20-1~deb12u1', 839_000],
      ['htop', 'htop was installed', 780_000],
      ['nginx', 'nginx was installed anew, version 1.22', 720_000],
    ],
  );
  fc.assert(fc.property(fc.string(), (garbage) => Array.isArray(parseDpkgLog(garbage))));
});

test('a server: its log, files below /etc by their time; nothing older, nothing later, nothing restless', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'stanch-changes-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['var/log', 'etc/php/8.2/fpm/pool.d', 'etc/systemd/system/a.service.d', 'etc/cron.d', 'var/spool/cron/crontabs'])
    mkdirSync(join(root, folder), { recursive: true });
  appendFileSync(join(root, 'var/log/dpkg.log'), '2026-05-04 11:46:01 upgrade php8.2-fpm:amd64 1 2\n');
  const at = (path: string, atMs: number) => {
    writeFileSync(join(root, path), '');
    utimesSync(join(root, path), atMs / 1000, atMs / 1000);
  };
  at('etc/php/8.2/fpm/pool.d/www.conf', onsetMs - 5 * min);
  at('etc/systemd/system/a.service.d/x.conf', onsetMs - 6 * min);
  at('etc/cron.d/job', onsetMs - 7 * min);
  at('var/spool/cron/crontabs/deploy', onsetMs - 8 * min);
  at('etc/old.conf', onsetMs - 30 * 24 * 60 * min);
  at('etc/later.conf', onsetMs + 60 * min);
  at('etc/ld.so.cache', onsetMs - min);
  const found = readChanges({ onsetMs, pid: null, startMs: null, root });
  assert.deepEqual(found.map(({ kind }) => kind).sort(), ['config', 'cron', 'cron', 'package', 'unit']);
  const seen = readChanges({ onsetMs, pid: null, startMs: null, untilMs: onsetMs - 6.5 * min, root });
  assert.deepEqual(seen.map(({ kind }) => kind).sort(), ['cron', 'cron', 'package'], 'what came after it was seen is no reason');
  assert.match(sinceWhen(onsetMs, php, found).sentence ?? '', /(?:php8\.2-fpm was upgraded|www\.conf was changed)/);
});

test('what a process runs is asked for on a disk, and not on a server that may be gone', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'stanch-changes-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const app = join(root, 'srv', 'shop');
  for (const folder of [app, join(root, 'proc', '42')]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(app, 'shop.js'), '');
  writeFileSync(join(root, 'proc/42/cmdline'), 'node\0shop.js\0');
  symlinkSync(app, join(root, 'proc/42/cwd'));
  symlinkSync('/', join(root, 'proc/42/root'));
  const elsewhere = join(root, 'nas');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'package.json'), '');
  symlinkSync(join(elsewhere, 'package.json'), join(app, 'package.json'));
  const changes = (fileSystem: string) => {
    writeFileSync(
      join(root, 'proc/42/mountinfo'),
      `22 1 8:1 / / rw - ext4 /dev/sda1 rw\n24 22 0:45 / ${app} rw - ${fileSystem} x rw\n25 22 0:46 / ${elsewhere} rw - nfs4 x rw\n`,
    );
    return readChanges({ onsetMs: Date.now(), pid: 42, startMs: null, root }).map(({ text }) => text);
  };
  assert.deepEqual(changes('ext4'), ['its shop.js was written', 'the folder it runs in was put there']);
  assert.deepEqual(changes('nfs4'), []);
});

test('the scripts of a pool, which no command line names, and what a deployment wrote beside them', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'stanch-changes-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const app = join(root, 'srv', 'shop');
  for (const folder of [app, join(root, 'proc', '42')]) mkdirSync(folder, { recursive: true });
  for (const file of ['cart.php', 'composer.lock', 'other.php']) writeFileSync(join(app, file), '');
  writeFileSync(join(root, 'proc/42/cmdline'), 'php-fpm: pool shop');
  for (const link of ['cwd', 'root']) symlinkSync('/', join(root, 'proc/42', link));
  writeFileSync(join(root, 'proc/42/mountinfo'), '22 1 8:1 / / rw - ext4 /dev/sda1 rw\n');
  const scripts = [join(app, 'cart.php'), 'relative.php', '/nowhere/x.php', `${app}/a b.php`];
  const found = readChanges({ onsetMs: Date.now(), pid: 42, startMs: null, scripts, root }).map(({ text }) => text);
  assert.deepEqual(found, [`${app}/cart.php was written`, `${app}/composer.lock was written`]);
});

test("an application is known by its folder where its script has the name of everybody's; another one's is not meant", () => {
  const shop = { name: 'node /srv/shop/current/server.js (deploy)', unit: null, exe: 'node' };
  const config = (path: string): Change => ({
    atMs: onsetMs - 5 * min,
    kind: 'config',
    name: path,
    text: `${path} was changed`,
    source: 'mtime',
  });
  assert.match(
    sinceWhen(onsetMs, shop, [config('/etc/shop/limits.conf')]).sentence ?? '',
    /5 min after \/etc\/shop\/limits\.conf was changed/,
  );
  assert.equal(sinceWhen(onsetMs, shop, [config('/etc/blog/current.conf')]).sentence, null);
});

test('a library of its language that was installed is not blamed on every program in it, its interpreter is', () => {
  const shop = { name: 'python3 /srv/shop/server.py (deploy)', unit: null, exe: '/usr/bin/python3' };
  assert.equal(sinceWhen(onsetMs, shop, [upgrade('python3-attr', 5)]).sentence, null);
  assert.match(sinceWhen(onsetMs, shop, [upgrade('python3.11-minimal', 5)]).sentence ?? '', /python3\.11-minimal/);
  assert.match(sinceWhen(onsetMs, shop, [upgrade('python3-shop', 5)]).sentence ?? '', /python3-shop/);
});

test('of two that fit about as well both are named', () => {
  const config: Change = {
    atMs: onsetMs - min / 2,
    kind: 'config',
    name: '/etc/php/www.conf',
    text: '/etc/php/www.conf was changed',
    source: 'mtime',
  };
  assert.equal(
    sinceWhen(onsetMs, php, [upgrade('php8.2-fpm', 14), config]).sentence,
    'it began 14 min after php8.2-fpm was upgraded from 1 to 2 (dpkg), or about when /etc/php/www.conf was changed (mtime)',
  );
  const script: Change = { ...config, kind: 'application', name: '', text: 'its cart.php was written', source: 'its file' };
  assert.equal(
    sinceWhen(onsetMs, php, [upgrade('php8.2-fpm', 90), script]).sentence,
    'it began about when its cart.php was written (its file)',
  );
});
