/** Real trouble on this machine: packets lost in a network namespace of the test's own, and CPUs that are asked for too much. Each is named right. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { causes, stages } from '../model/cascade.ts';

const told = v.object({
  stage: v.picklist(stages),
  cause: v.nullable(v.picklist(causes)),
  sentence: v.nullable(v.string()),
  probe: v.nullable(v.string()),
});
type Told = v.InferOutput<typeof told>;

const program = fileURLToPath(new URL('./watchHostForTests.ts', import.meta.url));

/** Every look of the program until one is as wanted, which the time limit of the test bounds. */
async function looksUntil(child: ChildProcess, wanted: (look: Told) => boolean): Promise<Told[]> {
  assert.ok(child.stdout);
  const looks: Told[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const look = v.parse(told, JSON.parse(line));
    looks.push(look);
    if (wanted(look)) return looks;
  }
  throw new Error(`ended without it: ${JSON.stringify(looks.slice(-3))}`);
}

/** A quarter of what comes in is lost. */
function lossRules(of: string): string {
  return `add table inet loss { chain in { type filter hook input priority 0; ${of} numgen random mod 100 < 25 drop; }; }`;
}

function whyNoLoss(): string | false {
  if (process.getuid?.() !== 0) return 'only root may make a network namespace';
  const tried = spawnSync('unshare', ['-n', 'sh', '-c', 'ip link set lo up && nft "$1"', 'sh', lossRules('')], { encoding: 'utf8' });
  return tried.status === 0 ? false : `packets can't be lost here on purpose: ${tried.error?.message ?? tried.stderr.trim()}`;
}

const losses: [what: string, of: string, evidence: RegExp][] = [
  ['all packets', '', /packets \(.*(?:sent again|loopback loss \d+ of 20)/],
  ['the packets of TCP alone, as on the way to clients', 'meta l4proto tcp', /packets \([\d.]+ % of TCP segments sent again\)/],
];
for (const [what, of, evidence] of losses) {
  test(`a quarter of ${what} lost: the network, and never memory`, { skip: whyNoLoss(), timeout: 600_000 }, async (t) => {
    const script = 'ip link set lo up && exec "$1" "$2"';
    const child = spawn('unshare', ['-n', 'sh', '-c', script, 'sh', process.execPath, program], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const before = await looksUntil(child, ({ probe }) => probe === 'healthy');
    assert.ok(before.every(({ cause }) => cause !== 'network'));
    const lose = spawnSync('nsenter', ['-t', `${child.pid}`, '-n', 'nft', lossRules(of)], { encoding: 'utf8' });
    assert.equal(lose.status, 0, lose.stderr);
    const looks = await looksUntil(child, ({ cause }) => cause === 'network');
    assert.ok(looks.every(({ cause }) => cause !== 'memory'));
    assert.match(looks.at(-1)?.sentence ?? '', evidence);
    assert.match(looks.at(-1)?.sentence ?? '', /not because of memory/);
  });
}

test('more work than CPUs: the CPUs, and neither memory nor the network', { timeout: 600_000 }, async (t) => {
  // The lowest priority is enough to want a CPU, and leaves the others of this machine what they need.
  const hogs = Array.from({ length: availableParallelism() * 6 }, () =>
    spawn('nice', ['-n', '19', process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  t.after(() => {
    for (const hog of hogs) hog.kill('SIGKILL');
  });
  const child = spawn(process.execPath, [program, 'without-probes'], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const looks = await looksUntil(child, ({ cause }) => cause === 'cpu');
  assert.deepEqual(
    looks.filter(({ cause }) => cause === 'memory' || cause === 'network'),
    [],
  );
  assert.match(
    looks.at(-1)?.sentence ?? '',
    /the CPUs are busy \(\d+ % busy, PSI cpu some \d+ %, \d+ tasks want \d+ CPUs\), not because of memory/i,
  );
});
