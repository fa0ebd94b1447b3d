/**
 * On the software itself, where it is installed: no record of a process title is as good as the program that writes it.
 * Everything runs in a folder of its own, on loopback, and ends with the test.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { emptyPidStat, parsePidStat } from '../../kernel/pidStat.ts';
import { Sampler } from '../sampler.ts';

const patienceMs = 30_000;
const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? null : 'only root may run processes as other users';
/** No account of this machine: to the sampler alone it has a name. */
const customer = { uid: 45678, name: 'alice' };
const cpanelRoot = fileURLToPath(new URL('../names/fixtures/cpanel', import.meta.url));
const apacheModules = '/usr/lib/apache2/modules';

/** The path of the newest program of the name, or why there is none. */
function findProgram(name: RegExp, debianPackage: string): { path: string } | { missing: string } {
  for (const folder of [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin']) {
    const found = existsSync(folder)
      ? readdirSync(folder)
          .filter((file) => name.test(file))
          .sort()
          .at(-1)
      : undefined;
    if (found !== undefined) return { path: join(folder, found) };
  }
  return { missing: `it is not installed (apt-get install ${debianPackage})` };
}

/** Named so that the folder is the same workload in every run. */
function scratchFolder(t: TestContext, name: string): string {
  const folder = join(tmpdir(), `stanch-${name}-${process.pid}`);
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function start(t: TestContext, command: string, args: string[], options: SpawnOptions = {}): ChildProcess {
  // In a group of its own: Apache ends the whole group that it is in.
  const child = spawn(command, args, { stdio: 'ignore', detached: true, ...options });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill(options.killSignal ?? 'SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(patience);
  });
  return child;
}

/** What the program and everything that it started are to the sampler: `origin name user account domain`, once for each process. */
function seenOf(child: ChildProcess): string[] {
  const passwdFile = join(tmpdir(), `stanch-passwd-${process.pid}`);
  writeFileSync(passwdFile, `${readFileSync('/etc/passwd', 'utf8')}${customer.name}:x:${customer.uid}:${customer.uid}::/home:/bin/sh\n`);
  const sampler = new Sampler({ passwdFile, cpanelRoot, keptFds: 0 });
  try {
    const { processes, workloads } = sampler.scan(0);
    const subjects = new Map(workloads.map(({ subject }) => [subject.id, subject]));
    const family = familyOf(child.pid ?? 0);
    return processes
      .filter(({ id }) => family.has(id.pid))
      .map(({ subject }) => {
        const { origin, name, account, domain } = subjects.get(subject.workloadId ?? '') ?? {};
        return [`${origin} | ${name}`, account, domain].filter((text) => text !== undefined).join(' | ');
      })
      .sort();
  } finally {
    sampler.close();
    rmSync(passwdFile);
  }
}

function familyOf(root: number): Set<number> {
  const parents = new Map<number, number>();
  const stat = emptyPidStat();
  for (const name of readdirSync('/proc').filter((file) => /^\d+$/.test(file))) {
    const path = `/proc/${name}/stat`;
    const bytes = existsSync(path) ? readOrNothing(path) : Buffer.alloc(0);
    if (parsePidStat(bytes, bytes.length, stat)) parents.set(Number(name), stat.parentPid);
  }
  const family = new Set([root]);
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid);
  }
  return family;
}

function readOrNothing(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    // It ended meanwhile.
    return Buffer.alloc(0);
  }
}

/** Looks until the processes are what is expected; then, or when patience ends, says what they are. */
async function assertSeen(child: ChildProcess, expected: readonly string[], only = /^/): Promise<void> {
  const deadline = performance.now() + patienceMs;
  const wanted = [...expected].sort();
  for (;;) {
    const seen = seenOf(child).filter((line) => only.test(line));
    if (seen.join('\n') === wanted.join('\n')) return;
    if (performance.now() > deadline || child.exitCode !== null) return assert.deepEqual(seen, wanted);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/** Writes a configuration for one instance and gives the arguments to start it with. */
function apacheInstance(folder: string, instance: string, port: number, more: readonly string[]): string[] {
  const run = join(folder, instance);
  mkdirSync(run);
  writeFileSync(join(run, 'index.html'), 'here\n');
  const config = [
    `ServerRoot ${run}`,
    'ServerName localhost',
    `PidFile ${run}/pid`,
    `DefaultRuntimeDir ${run}`,
    `ErrorLog ${run}/error.log`,
    `DocumentRoot ${run}`,
    `Listen 127.0.0.1:${port}`,
    `LoadModule authz_core_module ${apacheModules}/mod_authz_core.so`,
    ...(isRoot ? ['User www-data', 'Group www-data'] : []),
    ...more,
  ];
  writeFileSync(join(run, 'httpd.conf'), `${config.join('\n')}\n`);
  return ['-f', join(run, 'httpd.conf'), '-DFOREGROUND'];
}

function mpm(name: string): string[] {
  return [`LoadModule mpm_${name}_module ${apacheModules}/mod_mpm_${name}.so`, 'StartServers 2'];
}

const apache = findProgram(/^apache2$/, 'apache2-bin');

test('Apache: each instance is one workload with its children, prefork or event', {
  skip: 'missing' in apache && apache.missing,
}, async (t) => {
  assert.ok('path' in apache);
  const folder = scratchFolder(t, 'apache');
  const owner = isRoot ? '' : ` (${userInfo().username})`;
  for (const name of ['prefork', 'event']) {
    const args = apacheInstance(folder, name, await freePort(), [
      ...mpm(name),
      ...(name === 'event' ? ['ThreadsPerChild 2', 'MaxRequestWorkers 4'] : []),
    ]);
    const expected = `apache | apache2 -f ${tmpdir()}/stanch-apache-*/${name}/httpd.conf${owner}`;
    await assertSeen(start(t, apache.path, args), [expected, expected, expected]);
  }
});

const itk = existsSync(`${apacheModules}/mpm_itk.so`) ? null : 'mpm-itk is not installed (apt-get install libapache2-mpm-itk)';

test('Apache with mpm-itk: what serves a site as its user is of the customer', {
  skip: needsRoot ?? itk ?? ('missing' in apache && apache.missing),
}, async (t) => {
  assert.ok('path' in apache);
  const folder = scratchFolder(t, 'itk');
  const port = await freePort();
  const args = apacheInstance(folder, 'site', port, [
    ...mpm('prefork'),
    `LoadModule mpm_itk_module ${apacheModules}/mpm_itk.so`,
    `AssignUserId "#${customer.uid}" "#${customer.uid}"`,
    'KeepAliveTimeout 120',
  ]);
  const child = start(t, apache.path, args);
  const instance = `apache | apache2 -f ${tmpdir()}/stanch-itk-*/site/httpd.conf`;
  await assertSeen(child, [instance, instance, instance]);
  // The connection stays open, and with it the process that serves it.
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/index.html`)).text(), 'here\n');
  const seen = seenOf(child);
  assert.ok(seen.includes(`${instance} (alice) | alice | example.com`), seen.join('\n'));
});

const phpFpm = findProgram(/^php-fpm\d[\d.]*$/, 'php-fpm');

test('PHP-FPM: a pool is a workload, of the customer and the domain that it is named after', {
  skip: needsRoot ?? ('missing' in phpFpm && phpFpm.missing),
}, async (t) => {
  assert.ok('path' in phpFpm);
  const version = /[\d.]+$/.exec(phpFpm.path)?.[0] ?? '';
  const folder = scratchFolder(t, 'fpm');
  const pool = (name: string, user: string, children: number) =>
    `[${name}]\nuser = ${user}\ngroup = ${user}\nlisten = ${folder}/${name}.sock\npm = static\npm.max_children = ${children}\n`;
  const config = join(folder, 'php-fpm.conf');
  const global = `[global]\npid = ${folder}/pid\nerror_log = ${folder}/log\ndaemonize = no\n`;
  writeFileSync(config, global + pool('www', 'www-data', 1) + pool('my-shop_example_org', String(customer.uid), 2));
  const shop = `php-fpm-pool | php-fpm: pool my-shop_example_org, PHP ${version} | alice | my-shop.example.org`;
  const child = start(t, phpFpm.path, ['-y', config]);
  await assertSeen(child, ['executable | php-fpm (root)', shop, shop, `php-fpm-pool | php-fpm: pool www, PHP ${version}`]);
});

const phpCgi = findProgram(/^php-cgi\d[\d.]*$/, 'php-cgi');

test('php-cgi of a customer is a workload of the account', { skip: needsRoot ?? ('missing' in phpCgi && phpCgi.missing) }, async (t) => {
  assert.ok('path' in phpCgi);
  const env = { ...process.env, PHP_FCGI_CHILDREN: '2' };
  const child = start(t, phpCgi.path, ['-b', `127.0.0.1:${await freePort()}`], { uid: customer.uid, gid: customer.uid, cwd: '/', env });
  const expected = `php-cgi | ${phpCgi.path.split('/').at(-1)} (alice) | alice | example.com`;
  await assertSeen(child, [expected, expected, expected]);
});

const supervisord = findProgram(/^supervisord$/, 'supervisor');

test('supervisord: programs by their names, with what they start; all of a numprocs are one', {
  skip: 'missing' in supervisord && supervisord.missing,
}, async (t) => {
  assert.ok('path' in supervisord);
  const folder = scratchFolder(t, 'supervisord');
  const config = join(folder, 'supervisord.conf');
  mkdirSync(join(folder, 'conf.d'));
  writeFileSync(
    config,
    `[supervisord]\nlogfile=${folder}/log\npidfile=${folder}/pid\nchildlogdir=${folder}\nnodaemon=true\n[include]\nfiles = conf.d/*.conf\n`,
  );
  writeFileSync(
    join(folder, 'conf.d/all.conf'),
    `[program:shop]\ncommand=/bin/sh -c "sleep 600; true"\nstopasgroup=true\n[program:mail]\ncommand=sleep 60%(process_num)d\nprocess_name=%(program_name)s_%(process_num)d\nnumprocs=2\n`,
  );
  const child = start(t, supervisord.path, ['-c', config]);
  const { username } = userInfo();
  const program = (name: string) => `supervisord | supervisord: ${name} (${username})`;
  const own = `executable | python3 ${supervisord.path} -c ${tmpdir()}/stanch-supervisord-*/supervisord.conf (${username})`;
  await assertSeen(child, [own, program('shop'), program('shop'), program('mail'), program('mail')]);
});

const cron = findProgram(/^cron$/, 'cron');
const needsNamespaces =
  isRoot && spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0
    ? null
    : 'only root with CAP_SYS_ADMIN may make namespaces';

test('cron: a job by its command line, with what it starts', {
  skip: needsNamespaces ?? ('missing' in cron && cron.missing),
}, async (t) => {
  assert.ok('path' in cron);
  const folder = scratchFolder(t, 'cron');
  mkdirSync(join(folder, 'cron.d'));
  // A job at the start of cron, so that no test waits for a minute to be full.
  writeFileSync(
    join(folder, 'cron.d/stanch'),
    '@reboot root sleep 600 > /dev/null 2>&1; true\n@reboot www-data /usr/bin/tail -f /dev/null; true\n',
    { mode: 0o644 },
  );
  // In namespaces of its own: this machine's jobs and files stay out of it, and what it started ends with it.
  const hide = '/run /var/spool/cron/crontabs'
    .split(' ')
    .filter((path) => existsSync(path))
    .map((path) => `mount -t tmpfs none ${path}`);
  const script = [
    ...hide,
    'mount --bind "$0/cron.d" /etc/cron.d',
    'mount --bind /dev/null /etc/crontab || true',
    `exec ${cron.path} -f`,
  ].join(' && ');
  const child = start(t, 'unshare', ['--mount', '--pid', '--fork', '--kill-child', '/bin/sh', '-c', script, folder], {
    killSignal: 'SIGKILL',
  });
  const first = 'cron-job | cron: sleep 600; true (root)';
  const second = 'cron-job | cron: /usr/bin/tail -f /dev/null; true (www-data)';
  await assertSeen(child, [first, first, second, second], /^cron-job/);
});

/** Titles as pm2 sets them; pm2 itself would be 25 MB. */
const pm2StandIn = `
  const { spawn } = require('node:child_process');
  const { writeFileSync } = require('node:fs');
  const home = process.argv[1];
  process.title = 'PM2 v5.4.2: God Daemon (' + home + ')';
  for (const [number, name] of ['shop', 'my-api', 'my-api'].entries()) {
    const app = "process.title = 'node /srv/" + name + ".js'; setInterval(() => {}, 1000); process.stdin.resume(); process.stdin.on('end', () => process.exit())";
    const child = spawn(process.execPath, ['-e', app, 'x'.repeat(200)], { stdio: ['pipe', 'ignore', 'ignore'] });
    writeFileSync(home + '/pids/' + name + '-' + number + '.pid', String(child.pid));
  }
`;

test('pm2: an app by the name that pm2 has for it, all of its instances', async (t) => {
  const home = scratchFolder(t, 'pm2');
  mkdirSync(join(home, 'pids'));
  const child = start(t, process.execPath, ['-e', pm2StandIn, home, 'x'.repeat(200)]);
  const { username } = userInfo();
  const line = (name: string) => `pm2 | ${name} (${username})`;
  await assertSeen(child, [line('pm2 daemon'), line('pm2: shop'), line('pm2: my-api'), line('pm2: my-api')]);
});
