import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { absent } from '../model/reading.ts';
import { Sampler } from './sampler.ts';
import type { ProcessSample, Scan, WorkloadSample } from './scan.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../kernel/fixtures/${name}`, import.meta.url));
const KiB = 1024;

const sampler = new Sampler({
  procRoot: fixture('debian12'),
  cgroupRoot: fixture('cgroup-v2'),
  passwdFile: fixture('debian12/passwd'),
});
after(() => sampler.close());
const scan = sampler.scan(1_795_000_100_000);

function workload(name: string, from: Scan = scan): WorkloadSample {
  const found = from.workloads.find((candidate) => candidate.subject.name === name);
  assert.ok(found, `${name} among ${from.workloads.map((candidate) => candidate.subject.name).join(' | ')}`);
  return found;
}

function processOf(pid: number, from: Scan = scan): ProcessSample {
  const found = from.processes.find((candidate) => candidate.id.pid === pid);
  assert.ok(found, `process ${pid}`);
  return found;
}

test('a unit is one workload over all its users: sums, oldest start, nearest limit, and the open files at which the fullest process has none left', () => {
  const { subject, sample, memberIds } = workload('nginx.service');
  assert.equal(subject.origin, 'systemd-unit');
  assert.deepEqual(memberIds, [processOf(340).subject.id, processOf(341).subject.id]);
  assert.equal(sample.anonBytes, 7000 * KiB);
  assert.equal(sample.swapBytes, 1000 * KiB);
  assert.equal(sample.processes, 2);
  assert.equal(sample.fds, 8);
  assert.equal(sample.fdLimit, 8 + (512 - 5));
  assert.equal(sample.limitBytes, 256 * KiB * KiB);
  assert.equal(sample.startTimeMs, 1_795_000_000_000 + 9000);
  assert.equal(sample.cpuSeconds, 3);
});

test('a pool of PHP-FPM is a workload of its own and the master stays with the service', () => {
  const pool = workload('php-fpm: pool www, PHP 8.2');
  assert.equal(pool.subject.origin, 'php-fpm-pool');
  assert.equal(pool.subject.user, 'www-data');
  assert.equal(pool.sample.anonBytes, 70000 * KiB);
  assert.equal(workload('php8.2-fpm.service').sample.processes, 1);
});

test('a program of a login session is known by its script and user, without options, ports and secrets', () => {
  const server = workload('node /srv/app/server.js --port N --password=*** (deploy)');
  assert.equal(server.subject.user, 'deploy');
  assert.equal(server.sample.threads, 11);
  assert.equal(server.sample.limitBytes, 2 ** 31);
  assert.equal(
    processOf(600).command,
    '/usr/bin/node --max-old-space-size=512 -r dotenv/config /srv/app/server.js --port 3000 --password=***',
  );
});

test('a hostile name is shown with its control characters written out', () => {
  const odd = processOf(700);
  assert.equal(odd.command, '/opt/odd name \\xff\\xfe\\x1b[31m\\n');
  assert.doesNotMatch(JSON.stringify(scan.workloads.map((one) => one.subject.name)), /\\u001b|\\n(?!\\)/);
});

test('a zombie is a child of its parent, belongs to its workload and holds nothing', () => {
  const dead = processOf(800);
  assert.equal(dead.state, 'Z');
  assert.equal(dead.sample.anonBytes, absent);
  assert.equal(dead.sample.fds, absent);
  assert.equal(processOf(600).sample.processes, 1);
  assert.equal(processOf(600).zombies, 1);
  const parents = workload('node /srv/app/server.js --port N --password=*** (deploy)');
  assert.equal(dead.subject.workloadId, parents.subject.id);
  assert.equal(parents.zombies, 1);
  assert.equal(parents.sample.threads, processOf(600).sample.threads, 'a zombie runs no thread');
});

test('threads of the kernel are one workload without memory, and no processes', () => {
  const kernel = workload('kernel threads');
  assert.equal(kernel.subject.origin, 'kernel');
  assert.equal(kernel.sample.processes, 2);
  assert.equal(kernel.sample.anonBytes, absent);
  assert.ok(scan.processes.every((one) => one.id.pid !== 2 && one.id.pid !== 15));
});

test('the host: memory by kind, what is left, the limit, the stall', () => {
  const { host } = scan;
  assert.equal(host.sample.anonBytes, 1500000 * KiB);
  assert.equal(host.sample.swapBytes, 300000 * KiB);
  assert.equal(host.sample.fileBytes, 1050000 * KiB);
  assert.equal(host.sample.headroomBytes, 2200000 * KiB);
  assert.equal(host.sample.limitBytes, 5000000 * KiB);
  // Stacks are inside vmalloc: 90000 + 20000 + 0 + 4000 + max(8000, 30000).
  assert.equal(host.sample.kernelBytes, 144000 * KiB);
  assert.deepEqual(host.memoryPressure, { some10: 0.1234, full10: 0.04 });
  assert.equal(processOf(600).sample.headroomBytes, 2200000 * KiB);
  assert.deepEqual([host.sockets.used, host.sockets.tcpTimeWait], [312, 12]);
});

test('nothing is hidden here, and nothing is said', () => {
  assert.deepEqual(scan.notices, []);
  assert.equal(scan.startedCount, 11);
});

test('ids are the same in the next run of the daemon', () => {
  const next = new Sampler({ procRoot: fixture('debian12'), cgroupRoot: fixture('cgroup-v2'), passwdFile: fixture('debian12/passwd') });
  const again = next.scan(1_795_000_200_000);
  next.close();
  assert.deepEqual(
    again.workloads.map((one) => one.subject.id),
    scan.workloads.map((one) => one.subject.id),
  );
  assert.match(workload('nginx.service').subject.id, /^w-[0-9a-f]{12}$/);
  assert.equal(processOf(600, again).subject.id, 'p-600-2000-1f3c');
});

test('an older kernel with cgroup v1: what it does not tell is absent, the unit and its limit are found', () => {
  const old = new Sampler({ procRoot: fixture('linux-4.18'), cgroupRoot: fixture('cgroup-v1'), passwdFile: '/nonexistent' });
  const seen = old.scan(1_700_000_100_000);
  old.close();
  const { sample } = workload('mariadb.service', seen);
  assert.equal(sample.anonBytes, absent);
  assert.equal(sample.swapBytes, 0);
  assert.equal(sample.limitBytes, 512 * KiB * KiB);
  assert.equal(processOf(900, seen).subject.user, '27');
  assert.equal(seen.host.memoryPressure.some10, absent);
});

test('a clock that jumps back moves the time of samples and nothing else', () => {
  const jumping = new Sampler({ procRoot: fixture('debian12'), cgroupRoot: fixture('cgroup-v2'), passwdFile: fixture('debian12/passwd') });
  jumping.scan(1_795_000_100_000);
  const back = jumping.scan(1_700_000_000_000);
  jumping.close();
  const { sample } = workload('nginx.service', back);
  assert.equal(sample.timeMs, 1_700_000_000_000);
  assert.equal(sample.startTimeMs, 1_795_000_000_000 + 9000);
  assert.equal(sample.cpuSeconds, 3);
});

test('without a /proc it says what to do', () => {
  assert.throws(() => new Sampler({ procRoot: fixture('no-such-folder') }), { code: 'STANCH_E_NO_INPUT' });
});
