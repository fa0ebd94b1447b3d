import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProgramKind, type ProgramLanguage, programKinds, programLanguages, startProgram, whyNotRunnable } from './programs.ts';

const mebibyte = 1024 ** 2;

const sizeBytes = 8 * mebibyte;

function start(language: ProgramLanguage, kind: ProgramKind) {
  return startProgram({ language, kind, rateBytesPerSecond: 8 * mebibyte, sizeBytes, noise: 0.05, seed: 7 });
}

function residentAnonBytes(pid: number): number {
  const match = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  assert.ok(match, `process ${pid} has resident memory`);
  return Number(match[1]) * 1024;
}

/** Polls until the memory of the process is what is wanted: the wait is as long as the machine needs. */
async function untilAnonBytes(pid: number, wanted: (bytes: number) => boolean): Promise<number> {
  for (;;) {
    const bytes = residentAnonBytes(pid);
    if (wanted(bytes)) return bytes;
    await sleep(50);
  }
}

async function untilGone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) await sleep(50);
}

for (const language of programLanguages) {
  const skip = whyNotRunnable(language) ?? false;

  test(`${language}: a leak grows for ever and its healthy twins do not`, { skip, timeout: 120_000 }, async () => {
    const programs = programKinds.map((kind) => ({ kind, program: start(language, kind), atReadyBytes: 0 }));
    for (const each of programs) {
      await each.program.ready;
      each.atReadyBytes = residentAnonBytes(each.program.pid);
    }
    for (const { kind, program, atReadyBytes } of programs) {
      await untilAnonBytes(program.pid, (bytes) => bytes > atReadyBytes + (kind === 'leak' ? 8 : 0.6) * sizeBytes);
    }
    for (const { kind, program, atReadyBytes } of programs.filter((each) => each.kind !== 'leak')) {
      const bytes = residentAnonBytes(program.pid);
      assert.ok(bytes < atReadyBytes + 4 * sizeBytes, `${kind} holds ${bytes} bytes after ${atReadyBytes} at first`);
    }
    await Promise.all(programs.map(({ program }) => program.stop()));
    for (const { kind, program } of programs) assert.ok(!existsSync(`/proc/${program.pid}`), `${kind} is gone`);
  });

  for (const kind of ['load', 'gc-sawtooth'] as const) {
    test(`${language}: ${kind} gives its memory back`, { skip, timeout: 120_000 }, async () => {
      const program = start(language, kind);
      await program.ready;
      const atReadyBytes = residentAnonBytes(program.pid);
      await untilAnonBytes(program.pid, (bytes) => bytes > atReadyBytes + 0.6 * sizeBytes);
      await untilAnonBytes(program.pid, (bytes) => bytes < atReadyBytes + 0.4 * sizeBytes);
      await program.stop();
    });
  }
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
