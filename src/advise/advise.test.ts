import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Recommendation } from '../model/advice.ts';
import { actionPlan } from './actionPlan.ts';
import { advise } from './advise.ts';
import { fileDiff } from './fileDiff.ts';
import { iniValues, setIniValue } from './iniValue.ts';
import type { Measurements } from './measurements.ts';
import { healthyBasis, leakingBasis, measurementsForTests, poolForTests } from './measurementsForTests.ts';
import { recogniseRuntime } from './runtimes/recognise.ts';
import { parseUnitFile, unitBytes } from './unitFiles.ts';

const MiB = 1024 ** 2;

function find(measured: Measurements, id: string): Recommendation | undefined {
  return advise(measured).recommendations.find((each) => each.id === id);
}

function must(measured: Measurements, id: string): Recommendation {
  const found = find(measured, id);
  assert.ok(
    found !== undefined,
    `${id} in ${advise(measured)
      .recommendations.map((each) => each.id)
      .join(', ')}`,
  );
  return found;
}

function advised({ settings }: Recommendation, name: string): string | undefined {
  return settings.find((setting) => setting.name === name)?.advised;
}

describe('a memory limit', () => {
  test('of a healthy service stands above the highest that was seen, as a drop-in', () => {
    const limit = must(measurementsForTests(), 'memory-limit');
    // 400 MiB × 1.25 + 48 MiB and × 1.5 + 96 MiB, up to whole 16 MiB.
    assert.equal(advised(limit, 'MemoryHigh'), '560M');
    assert.equal(advised(limit, 'MemoryMax'), '704M');
    assert.equal(limit.change?.path, '/etc/systemd/system/app.service.d/90-stanch-limit.conf');
    assert.match(limit.change?.after ?? '', /^\[Service\]\nMemoryHigh=560M\nMemoryMax=704M\n$/m);
    assert.deepEqual(limit.apply, ['systemctl daemon-reload']);
    assert.equal(limit.buys, null);
  });

  test('is not fed by a leak: it follows what was needed before, and says in hours what raising it buys', () => {
    const healthy = must(measurementsForTests(), 'memory-limit');
    const measured = measurementsForTests({ basis: leakingBasis, privateBytes: 600 * MiB });
    const leaking = must(measured, 'memory-limit');
    assert.equal(advised(leaking, 'MemoryMax'), advised(healthy, 'MemoryMax'));
    assert.equal(advised(leaking, 'MemorySwapMax'), '0');
    // (2048 - 704) MiB at 10 MiB an hour, and at 12 and 8.
    assert.equal(leaking.buys, 'raising MemoryMax to 2 GiB buys 5 d 14 h (4 d 16 h to 7 d), and no more');
  });

  test('below what it holds now comes after the restart, or it would be ended at once', () => {
    const limit = must(measurementsForTests({ basis: leakingBasis, privateBytes: 900 * MiB }), 'memory-limit');
    assert.deepEqual(limit.apply, ['systemctl restart app.service', 'systemctl daemon-reload']);
    assert.match(limit.risk ?? '', /restart below comes first/);
  });

  test("an owner's own limit that is near or lower stays", () => {
    const values = new Map([['Service.MemoryMax', ['512M']]]);
    const config = { path: null, masked: false, dropIns: [], values };
    const unit = { name: 'app.service', config, cgroup: null, live: new Map([['MemoryMax', 'infinity']]) };
    assert.equal(find(measurementsForTests({ unit }), 'memory-limit'), undefined);
    values.set('Service.MemoryMax', ['3G']);
    const [, max] = must(measurementsForTests({ unit }), 'memory-limit').settings;
    assert.deepEqual([max?.now, max?.live], ['3G', 'infinity']);
  });

  test('is not guessed: not from minutes of history, not from a leak whose start was not seen', () => {
    const young = measurementsForTests({ basis: { ...healthyBasis, historyMs: 600_000 } });
    assert.equal(find(young, 'memory-limit'), undefined);
    assert.match(advise(young).unknown.join(), /10 min of history/);
    const unseen = measurementsForTests({ basis: { ...leakingBasis, healthyBytes: null } });
    assert.equal(find(unseen, 'memory-limit'), undefined);
    assert.match(advise(unseen).unknown.join(), /Ask again after a restart/);
  });

  test('outside of a service there is none to set, and that is said', () => {
    const measured = measurementsForTests({ unit: null, basis: leakingBasis });
    assert.equal(find(measured, 'memory-limit'), undefined);
    assert.match(advise(measured).unknown.join(), /does not run in one systemd service/);
  });
});

describe('recycling', () => {
  test('a pool of PHP-FPM: requests a worker from bytes a request, with the restarts an hour, in the line of its file', () => {
    const recycling = must(poolForTests(), 'pm-max-requests');
    // Headroom (560 - 400) / 10 = 16 MiB a worker; 10 MiB / 20,000 = 524 bytes a request: 32,000 requests; 20,000 / 32,000.
    assert.equal(advised(recycling, 'pm.max_requests'), '32000');
    assert.match(recycling.reason, /at 0\.63 worker restarts an hour/);
    const after = recycling.change?.after ?? '';
    assert.equal(iniValues(after, 'www').get('pm.max_requests'), '32000');
    assert.equal(iniValues(after, 'other').get('pm.max_requests'), '7');
    assert.deepEqual(recycling.apply, ['systemctl reload php8.2-fpm.service']);
    const diff = fileDiff(recycling.change ?? { path: '', before: null, after: '' });
    assert.deepEqual(
      diff.filter((line) => /^[+-][^+-]/.test(line)),
      ['+pm.max_requests = 32000'],
    );
  });

  test('without a count of requests no number is made up: time is known, and what would make it known is said', () => {
    const measured = poolForTests({ basis: leakingBasis });
    const recycling = must(measured, 'pm-max-requests');
    assert.equal(advised(recycling, 'pm.max_requests'), 'N');
    assert.equal(recycling.change, null);
    assert.match(recycling.arithmetic.join('\n'), /lasts 16 h/);
    assert.match(advise(measured).unknown.join(), /--requests-per-hour/);
  });

  test('no more workers than there is memory for, by the largest of them', () => {
    const children = must(poolForTests(), 'pm-max-children');
    // 4096 × 0.9 - 800 = 2886 MiB for workers of 100 MiB.
    assert.equal(advised(children, 'pm.max_children'), '28');
  });

  test('what does not leak is not recycled', () => {
    assert.equal(find(poolForTests({ basis: healthyBasis }), 'pm-max-requests'), undefined);
  });

  test('pm2 and uWSGI go by size and need no requests; gunicorn has jitter; Apache a file of its own', () => {
    const of = (changes: Partial<Measurements>) =>
      measurementsForTests({ basis: { ...leakingBasis, requestsPerHour: 20_000 }, ...changes });
    const pm2 = must(
      of({ unit: null, subject: { id: 'w', kind: 'workload', name: 'pm2: shop', origin: 'pm2' }, basis: leakingBasis }),
      'pm2-max-memory-restart',
    );
    assert.equal(pm2.line, "max_memory_restart: '560M',");
    const workers = { count: 5, largestBytes: 1, smallestBytes: 1, fdLimit: 1024 };
    assert.match(must(of({ argv: ['/usr/bin/uwsgi'], processes: workers }), 'uwsgi-reload-on-rss').line, /^reload-on-rss = 140\n/);
    const gunicorn = must(of({ argv: ['/usr/bin/python3', '/usr/bin/gunicorn', 'app:app'], processes: workers }), 'gunicorn-max-requests');
    assert.equal(gunicorn.line, '--max-requests 80000 --max-requests-jitter 8000');
    const apache = must(
      of({
        subject: { id: 'w', kind: 'workload', name: 'apache2.service', origin: 'apache' },
        unit: {
          name: 'apache2.service',
          config: { path: null, masked: false, dropIns: [], values: new Map() },
          cgroup: null,
          live: new Map(),
        },
        processes: workers,
      }),
      'max-connections-per-child',
    );
    assert.equal(apache.change?.after, '# Written by stanch\nMaxConnectionsPerChild 80000\n');
  });

  test('a service of one program goes by time, and only where systemd brings it back', () => {
    const unitWith = (restart: string) => ({
      name: 'app.service',
      config: { path: null, masked: false, dropIns: [], values: new Map([['Service.Restart', [restart]]]) },
      cgroup: null,
      live: new Map(),
    });
    // (400 MiB × 1.25 + 48 MiB, in steps of 16 - 400 MiB) / 10 MiB an hour × 0.8
    const advised = must(measurementsForTests({ basis: leakingBasis, unit: unitWith('always') }), 'runtime-max-sec');
    assert.equal(advised.line, 'RuntimeMaxSec=46080');
    assert.match(advised.reason, /at 0\.078 restarts an hour/);
    assert.equal(find(measurementsForTests({ basis: leakingBasis, unit: unitWith('no') }), 'runtime-max-sec'), undefined);
    assert.equal(find(measurementsForTests({ basis: healthyBasis, unit: unitWith('always') }), 'runtime-max-sec'), undefined);
    const shared = measurementsForTests({ basis: leakingBasis, unit: unitWith('always'), sharesUnitWith: ['other'] });
    assert.equal(find(shared, 'runtime-max-sec'), undefined);
  });
});

describe('runtimes', () => {
  test('are recognised by executable, library or build id', () => {
    const traits = { comm: 'x', argv: [], mappedFiles: [], hasGoBuildId: null };
    assert.equal(recogniseRuntime({ ...traits, exe: '/usr/bin/node' }), 'node');
    assert.equal(recogniseRuntime({ ...traits, exe: '/usr/sbin/php-fpm8.2' }), 'php');
    assert.equal(recogniseRuntime({ ...traits, exe: '/usr/bin/python3.11 (deleted)' }), 'python');
    assert.equal(recogniseRuntime({ ...traits, exe: '/opt/app/launcher', mappedFiles: ['/opt/jdk/lib/server/libjvm.so'] }), 'jvm');
    assert.equal(recogniseRuntime({ ...traits, exe: '/usr/bin/prometheus', hasGoBuildId: true }), 'go');
    assert.equal(recogniseRuntime({ ...traits, exe: '/usr/sbin/nginx', hasGoBuildId: false }), 'native');
  });

  test('their heaps end below the limit of the service, and what is set already is kept', () => {
    const node = must(
      measurementsForTests({ runtime: 'node', environment: new Map([['NODE_OPTIONS', '--enable-source-maps']]) }),
      'node-heap',
    );
    assert.equal(node.line, 'Environment="NODE_OPTIONS=--enable-source-maps --max-old-space-size=528"');
    assert.equal(find(measurementsForTests({ runtime: 'node', argv: ['node', '--max-old-space-size=400'] }), 'node-heap'), undefined);
    assert.equal(
      must(measurementsForTests({ runtime: 'jvm', argv: ['java', '-Xmx2g'] }), 'jvm-heap').line,
      'Environment=JAVA_TOOL_OPTIONS=-Xmx457m',
    );
    assert.equal(find(measurementsForTests({ runtime: 'jvm', argv: ['java', '-Xmx2g', '-Xmx300m'] }), 'jvm-heap'), undefined);
    assert.equal(must(measurementsForTests({ runtime: 'go' }), 'go-memory-limit').line, 'Environment=GOMEMLIMIT=633MiB');
    assert.equal(advised(must(poolForTests(), 'php-memory-limit'), 'php_admin_value[memory_limit]'), '72M');
  });

  test('what a process has in its environment never gets into a file of the system when it is more than words', () => {
    for (const hostile of ['--a\nExecStartPre=/bin/evil', '"x', '--title=%h', '$(x)', 'a\\']) {
      const node = must(measurementsForTests({ runtime: 'node', environment: new Map([['NODE_OPTIONS', hostile]]) }), 'node-heap');
      assert.equal(node.change, null, hostile);
    }
  });

  test('the allocator is changed only where memory is retained and not leaked', () => {
    const heap = { arenas: 12, threads: 40, allocator: 'glibc' } as const;
    const retained = { ...healthyBasis, class: 'allocator-retention' };
    assert.equal(must(measurementsForTests({ heap, basis: retained }), 'malloc-arenas').line, 'Environment=MALLOC_ARENA_MAX=2');
    assert.equal(find(measurementsForTests({ heap, basis: leakingBasis }), 'malloc-arenas'), undefined);
    assert.equal(find(measurementsForTests({ heap: { ...heap, allocator: 'jemalloc' }, basis: retained }), 'malloc-arenas'), undefined);
    assert.ok(find(measurementsForTests({ basis: retained, jemallocPath: '/usr/lib/libjemalloc.so.2' }), 'jemalloc'));
  });
});

test('open files: room where they run short, none where they leak', () => {
  const short = measurementsForTests({ basis: { ...healthyBasis, peakFds: 900 } });
  assert.equal(advised(must(short, 'limit-nofile'), 'LimitNOFILE'), '4096');
  const leaks = { memory: null, fds: { perHour: 100, low: 90, high: 110 }, threads: null };
  const leaking = must(measurementsForTests({ basis: { ...healthyBasis, peakFds: 900, leaks } }), 'limit-nofile');
  assert.equal(leaking.change, null);
  assert.equal(leaking.buys, 'raising LimitNOFILE to 4096 buys 1 d 6 h, and no more');
});

test('what stanch can write is an action like every other: the file as it was and is to be, and then what puts it into force', () => {
  const measured = measurementsForTests({ existing: () => 'old\n' });
  const advice = advise(measured);
  const plan = actionPlan(advice, must(measured, 'memory-limit'), '/system.slice/app.service');
  assert.deepEqual(
    plan?.steps.map(({ step }) => step.do),
    ['check-unit', 'check-room', 'write-file', 'reload-systemd', 'check-limits'],
  );
  const [, , write] = plan?.steps ?? [];
  assert.ok(write?.step.do === 'write-file' && write.step.before === 'old\n');
});

test('what holds more than it may have is restarted first, and the limit waits until the old processes have ended', () => {
  const measured = measurementsForTests({ privateBytes: 3000 * 1024 ** 2 });
  const steps = actionPlan(advise(measured), must(measured, 'memory-limit'), '/system.slice/app.service')?.steps ?? [];
  assert.deepEqual(
    steps.map(({ step }) => step.do),
    ['check-unit', 'write-file', 'unit', 'await-unit', 'check-room', 'reload-systemd', 'check-limits'],
  );
  const [last] = steps.slice(-1);
  assert.ok(last?.step.do === 'check-limits');
  assert.deepEqual(last.step.limits, { MemoryHigh: String(560 * 1024 ** 2), MemoryMax: String(704 * 1024 ** 2) });
});

test('a value in a file of sections is set without touching anything else', () => {
  assert.equal(setIniValue('[a]\nx = 1\n\n[b]\nx = 2\n', 'a', 'x', '9'), '[a]\nx = 9\n\n[b]\nx = 2\n');
  assert.equal(setIniValue('[a]\ny = 1\n\n[b]\n', 'a', 'x', '9'), '[a]\ny = 1\nx = 9\n\n[b]\n');
  assert.equal(setIniValue('[a]\n;x = 1\ny = 2\n', 'a', 'x', '9'), '[a]\n;x = 1\nx = 9\ny = 2\n');
  assert.deepEqual([...iniValues('x = "q"\n[a]\n; y = 3\nz=4 ; why\n', 'a')], [['z', '4']]);
});

test('unit files: sections, comments, lines that go on; sizes as systemd has them', () => {
  assert.deepEqual(parseUnitFile('[Service]\n# no\nExecStart=/bin/a \\\n  -b\nMemoryMax = 1G\nnonsense\n'), [
    { key: 'Service.ExecStart', value: '/bin/a    -b' },
    { key: 'Service.MemoryMax', value: '1G' },
  ]);
  assert.equal(unitBytes('1.5G', null), 1.5 * 1024 ** 3);
  assert.equal(unitBytes('25%', 4000), 1000);
  assert.equal(unitBytes('infinity', 4000), null);
});
