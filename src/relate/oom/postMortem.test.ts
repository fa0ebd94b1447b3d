/** Victim against culprit: by history where there is one, by sizes else, and never pretending to know more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kill, KillTask } from '../../model/kill.ts';
import { killForTests } from '../conditionForTests.ts';
import { type KillHistory, postMortem, unitOf, type WorkloadBefore } from './postMortem.ts';

const MiB = 1024 ** 2;

function task(pid: number, name: string, mebibytes: number): KillTask {
  return { pid, name, uid: 33, residentBytes: mebibytes * MiB, swapBytes: 0, oomScoreAdj: 0 };
}

const workers = Array.from({ length: 16 }, (_, index) => task(380 + index, 'php-fpm8.2', 30));

/** As recorded: the database has 121 MiB in one process, the leaking workers 480 in sixteen. */
function databaseKilled(change: Partial<Kill> = {}): Kill {
  const { kill } = killForTests();
  return {
    ...kill,
    victim: { ...kill.victim, name: 'mariadbd' },
    tasks: [task(172, 'mariadbd', 121), ...workers],
    taskCount: 17,
    ...change,
  };
}

function before(subjectId: string, name: string, startMiB: number, endMiB: number, change: Partial<WorkloadBefore> = {}): WorkloadBefore {
  return {
    subjectId,
    name,
    unit: /\.service$/.test(name) ? name : null,
    startBytes: startMiB * MiB,
    endBytes: endMiB * MiB,
    overMs: 3_600_000,
    processes: 1,
    isLeaking: false,
    ...change,
  };
}

const pids = new Map([...workers.map(({ pid }): [number, string] => [pid, 'w-fpm']), [172, 'w-db']]);
const history: KillHistory = {
  workloadOf: pids,
  workloads: [before('w-db', 'mariadb.service', 118, 121), before('w-fpm', 'php-fpm: pool www', 120, 470, { processes: 16 })],
};

test('the database was killed, the pool grew: both named, with what each had', () => {
  const { victim, culprit, sentence, prevention } = postMortem(databaseKilled(), history);
  assert.deepEqual([victim.name, victim.subjectId], ['mariadb.service', 'w-db']);
  assert.deepEqual(
    [culprit?.name, culprit?.isVictim, culprit?.from, culprit?.bytes, culprit?.grewBytes, culprit?.processes],
    ['php-fpm: pool www', false, 'history', 480 * MiB, 360 * MiB, 16],
  );
  assert.equal(
    sentence,
    'The kernel killed mariadb.service (121 MiB) because the server was out of memory, but the culprit is php-fpm: pool www: it grew by 360 MiB in 1 h to 480 MiB in 16 processes.',
  );
  assert.deepEqual(
    prevention.map(({ command }) => command),
    [
      "stanch do limit 'php-fpm: pool www' --max 384MiB",
      'stanch do protect mariadb.service',
      "stanch why 'php-fpm: pool www'",
      "stanch advise 'php-fpm: pool www'",
      'stanch advise',
    ],
  );
});

test('the limit is below what the culprit had, and without history it is for the unit of the victim', () => {
  const [limit] = postMortem(databaseKilled(), history).prevention;
  assert.match(limit?.text ?? '', /left 96 MiB to the others/);
  const { kill } = killForTests();
  const alone = databaseKilled({ victim: { ...kill.victim, name: 'php-fpm8.2', cgroup: '/system.slice/php8.2-fpm.service' } });
  assert.equal(postMortem(alone, null).prevention[0]?.command, 'systemctl set-property php8.2-fpm.service MemoryMax=384M');
});

test('a leaker that grew less than a database that warmed up is still the culprit; one that hardly grew is not', () => {
  const grown = (leakMiB: number): KillHistory => ({
    workloadOf: null,
    workloads: [before('w-db', 'mariadb.service', 20, 220), before('w-leak', 'app.service', 100, 100 + leakMiB, { isLeaking: true })],
  });
  assert.equal(postMortem(databaseKilled(), grown(80)).culprit?.name, 'app.service');
  assert.equal(postMortem(databaseKilled(), grown(20)).culprit?.name, 'mariadb.service');
});

test('nobody grew: the sizes at the kill are all there is, and it says so', () => {
  const still = { workloadOf: null, workloads: [before('w-db', 'mariadb.service', 120, 121)] };
  for (const known of [still, null]) {
    const { culprit, sentence } = postMortem(databaseKilled(), known);
    assert.deepEqual([culprit?.name, culprit?.from, culprit?.bytes], ['php-fpm8.2', 'task-table', 480 * MiB]);
    assert.match(sentence, /the largest was php-fpm8\.2, 480 MiB in 16 processes\. Who grew is not known/);
  }
  assert.equal(postMortem(databaseKilled({ tasks: [], taskCount: 0 }), null).culprit, null);
});

test('at the limit of a cgroup only those in it can be the culprit', () => {
  const kill = databaseKilled({
    scope: 'cgroup',
    limitCgroup: '/system.slice/app.service',
    limitBytes: 150 * MiB,
    victim: { ...killForTests().kill.victim, pid: 500, name: 'node', cgroup: '/system.slice/app.service', anonBytes: 140 * MiB },
    tasks: [task(500, 'node', 140), task(501, 'node', 5)],
  });
  const workloads = [...history.workloads, before('w-app', 'app.service', 40, 145, { processes: 2 })];
  const { culprit, sentence, prevention } = postMortem(kill, {
    workloads,
    workloadOf: new Map([
      [500, 'w-app'],
      [501, 'w-app'],
    ]),
  });
  assert.deepEqual([culprit?.name, culprit?.isVictim], ['app.service', true]);
  assert.match(
    sentence,
    /^The kernel killed app\.service \(140 MiB\) because app\.service was at its own limit of 150 MiB; it was the one that grew by 105 MiB in 1 h/,
  );
  assert.ok(!prevention.some(({ command }) => command?.includes('limit')), 'a limit is what it ran into');
});

test('no name gets into a command but as it stands', () => {
  for (const name of ['x;reboot.service', "x' $(reboot) '", '-rf', 'a\nb', '`id`', 'a"b']) {
    const hostile = before('w-x', name, 10, 500, { unit: name });
    const { prevention } = postMortem(databaseKilled(), { workloadOf: new Map([[172, 'w-x']]), workloads: [hostile] });
    const commands = prevention.flatMap(({ command }) => command ?? []);
    assert.deepEqual(commands, ['stanch advise'], name);
  }
});

test('the unit of a cgroup: what a person knows, whatever lies below or above', () => {
  const units = ['/system.slice/mariadb.service', '/system.slice/a.service/b', '/user.slice/user-0.slice/user@0.service/init.scope'];
  units.push('/user.slice/user-1.slice/user@1.service/app.slice/bot.service', '/system.slice/docker-0a1b.scope/x.service', '/', '/lxc/1');
  assert.deepEqual(units.map(unitOf), ['mariadb.service', 'a.service', 'user@0.service', 'bot.service', 'docker-0a1b.scope', null, null]);
  assert.equal(unitOf(null), null);
});
