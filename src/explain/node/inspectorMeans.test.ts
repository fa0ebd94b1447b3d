/** The inspector of real processes: opened, asked, and closed again; and left alone where it may not be. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { answerOf, growingParts } from '../answer.ts';
import { profileByInspector } from './inspectorMeans.ts';

const program = `
const kept = [];
function rememberOrder(id) { kept.push([id, id, id, id, id, id, { id }, { id }, { id }, { id }]); }
setInterval(() => { for (let n = 0; n < 50; n += 1) rememberOrder(n); if (kept.length > 1e6) kept.length = 0; }, 5);
console.log('READY');
process.stdin.on('end', () => process.exit(0)).resume();
`;

async function withNode(node: string, args: string[], use: (pid: number) => Promise<void>): Promise<void> {
  const child = spawn(node, ['--inspect-port=0', ...args, '-e', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: 600_000,
    killSignal: 'SIGKILL',
  });
  try {
    assert.equal((await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()).value, 'READY');
    await use(child.pid ?? 0);
    assert.equal(child.exitCode ?? child.signalCode, null, 'it goes on');
  } finally {
    child.kill('SIGKILL');
  }
}

/** Sockets of the process that listen, by their inodes. */
function listeningOf(pid: number): number {
  const listening = new Set(
    readFileSync('/proc/self/net/tcp', 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === '0A')
      .map((fields) => `socket:[${fields[9]}]`),
  );
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      // Closed since the folder was read.
      return '';
    }
  });
  return links.filter((link) => listening.has(link)).length;
}

for (const node of [process.execPath, '/usr/bin/node']) {
  test(
    `${node}: the function that allocates is named, and no port is left`,
    { skip: existsSync(node) ? false : `there is no ${node}` },
    () =>
      withNode(node, [], async (pid) => {
        const things = await profileByInspector(pid, 3_000, () => undefined);
        // Where the compiler has put the function into its caller, the caller is named.
        assert.match(things[0]?.type ?? '', /^bytes allocated in (?:rememberOrder|\(anonymous\))$/);
        assert.match(
          answerOf(growingParts(things, 3_000, false), { name: 'shop', runtime: 'Node', spanMs: 6_000, grewBytes: 0 }),
          /grows: 0 B → [\d.]+ [KM]iB → /,
        );
        assert.match(things[0]?.place ?? '', /^\[eval\]:[34]$/);
        assert.equal(listeningOf(pid), 0);
      }),
  );
}

test('a process that would be ended by the signal gets none', () =>
  withNode(process.execPath, ['--disable-sigusr1'], async (pid) => {
    await assert.rejects(
      profileByInspector(pid, 1_000, () => undefined),
      { code: 'STANCH_E_NOT_POSSIBLE' },
    );
  }));
