import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FdKind, readFdLink } from '../kernel/pidFd.ts';
import { isValue } from '../model/reading.ts';
import {
  countedKinds,
  type ProgramKind,
  type ProgramLanguage,
  programKinds,
  programLanguages,
  startProgram,
  whyNotRunnable,
} from './programs.ts';

const mebibyte = 1024 ** 2;

const sizeBytes = 16 * mebibyte;

function start(context: TestContext, language: ProgramLanguage, kind: ProgramKind) {
  const program = startProgram({ language, kind, rateBytesPerSecond: 16 * mebibyte, sizeBytes, noise: 0.05, seed: 7 });
  context.after(() => program.stop());
  return program;
}

function residentAnonBytes(pid: number): number {
  const match = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  assert.ok(match, `process ${pid} has resident memory`);
  return Number(match[1]) * 1024;
}

/** Polls until what was seen of a process's memory is enough: the wait is as long as the machine needs. */
async function watchAnon(pid: number, isEnough: (seen: { first: number; least: number; most: number; now: number }) => boolean) {
  const seen = { first: residentAnonBytes(pid), least: Number.POSITIVE_INFINITY, most: 0, now: 0 };
  do {
    await sleep(20);
    seen.now = residentAnonBytes(pid);
    seen.least = Math.min(seen.least, seen.now);
    seen.most = Math.max(seen.most, seen.now);
  } while (!isEnough(seen));
}

const heldKinds: Record<(typeof countedKinds)[number], FdKind> = { 'fd-leak': 'deleted', 'close-wait': 'socket' };

function openFiles(pid: number, kind: FdKind): number {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readFdLink(`/proc/${pid}/fd/${fd}`));
  return links.filter((link) => isValue(link) && link.kind === kind).length;
}

async function untilGone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) await sleep(50);
}

for (const language of programLanguages) {
  const skip = whyNotRunnable(language) ?? false;

  test(`${language}: a leak grows for ever and its healthy twins do not`, { skip, timeout: 600_000 }, async (context) => {
    const healthy: { kind: ProgramKind; pid: number; atReadyBytes: number }[] = [];
    for (const kind of programKinds.filter((each) => each !== 'leak')) {
      const program = start(context, language, kind);
      await program.ready;
      healthy.push({ kind, pid: program.pid, atReadyBytes: residentAnonBytes(program.pid) });
    }
    const leak = start(context, language, 'leak');
    await leak.ready;
    await watchAnon(leak.pid, ({ first, now }) => now > first + 5 * sizeBytes);
    for (const { kind, pid, atReadyBytes } of healthy) {
      const bytes = residentAnonBytes(pid);
      assert.ok(bytes < atReadyBytes + 3 * sizeBytes, `${kind} holds ${bytes} bytes after ${atReadyBytes} at first`);
    }
  });

  for (const kind of ['load', 'gc-sawtooth'] as const) {
    test(`${language}: ${kind} gives its memory back, again and again`, { skip, timeout: 600_000 }, async (context) => {
      const program = start(context, language, kind);
      await program.ready;
      for (let wave = 0; wave < 2; wave += 1) {
        await watchAnon(program.pid, ({ least, now }) => now > least + 0.5 * sizeBytes);
        await watchAnon(program.pid, ({ most, now }) => now < most - 0.5 * sizeBytes);
      }
    });
  }

  for (const kind of countedKinds) {
    test(`${language}: ${kind} keeps ever more open files`, { skip, timeout: 600_000 }, async (context) => {
      const program = start(context, language, kind);
      await program.ready;
      while (openFiles(program.pid, heldKinds[kind]) < 300) await sleep(20);
    });
  }

  test(`${language}: a program is gone once it is stopped`, { skip, timeout: 600_000 }, async (context) => {
    const program = start(context, language, 'leak');
    await program.ready;
    await program.stop();
    assert.ok(!existsSync(`/proc/${program.pid}`));
  });
}

test('a program ends when whoever started it is killed', { timeout: 60_000 }, async () => {
  const starter = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `const { startProgram } = await import(${JSON.stringify(join(import.meta.dirname, 'programs.ts'))});
       const program = startProgram({ language: 'node', kind: 'leak', rateBytesPerSecond: 1048576, noise: 0, seed: 1 });
       await program.ready;
       console.log(program.pid);
       setInterval(() => undefined, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(starter.stdout, 'data');
  const pid = Number(String(line));
  assert.ok(existsSync(`/proc/${pid}`), 'the program runs');
  starter.kill('SIGKILL');
  await untilGone(pid);
});

test('a program that cannot start says why', async () => {
  const program = startProgram({ language: 'node', kind: 'leak', rateBytesPerSecond: Number.NaN, noise: 0, seed: 1 });
  await assert.rejects(program.ready, /expected a size such as 512KiB; found NaNB/);
});
