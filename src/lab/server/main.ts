/**
 * The disposable test server: `npm run test:server`.
 *
 * main.ts test [--all] [NAME]   every story of stories/, or those whose name has NAME; --all: the long ones too
 * main.ts build                 only make and freeze the server
 * main.ts shell                 a server with stanch on it: each line of stdin is run there as root
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NoPackages, whyNoServer } from './image.ts';
import { frozenServer } from './snapshot.ts';
import { putStanchOn } from './stanchOn.ts';
import { VM } from './vm.ts';

const storyMs = 2_400_000;
const stories = join(import.meta.dirname, 'stories');

/** On a machine that can't have one nothing is tested, which is no failure. */
function noServer(why: string): number {
  process.stderr.write(`stanch: no test server here, so nothing is tested on it: ${why}.\n`);
  return 0;
}

async function test(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--all');
  if (unknown !== undefined) return usage(unknown);
  const names = args.filter((arg) => arg !== '--all');
  const files = readdirSync(stories).filter((file) => file.endsWith('.story.ts') && names.every((name) => file.includes(name)));
  if (files.length === 0) return usage(names.join(' '));
  await frozenServer();
  // One server at a time: two of them slow each other down until the services of both time out.
  const more = (process.env.TEST_FLAGS ?? '').split(' ').filter(Boolean);
  const flags = ['--test', '--test-concurrency=1', `--test-timeout=${storyMs}`, ...more, ...files.map((file) => join(stories, file))];
  const env = { ...process.env, STANCH_LONG_STORIES: args.includes('--all') ? '1' : '' };
  const child = spawn(process.execPath, flags, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}

async function shell(): Promise<number> {
  const vm = await VM.start(await frozenServer());
  try {
    await putStanchOn(vm);
    const { ssh, http, ftp, api } = vm.ports;
    process.stderr.write(
      `stanch: up. On 127.0.0.1: ssh ${ssh}, http ${http}, ftp ${ftp}, stanch ${api} (after: stanch install). Each line is run in it; Ctrl-D ends it.\n`,
    );
    for await (const line of createInterface({ input: process.stdin })) {
      const { code, stdout, stderr } = await vm.exec(line);
      process.stdout.write(stdout);
      process.stderr.write(code === 0 ? stderr : `${stderr}(${code})\n`);
    }
    return 0;
  } finally {
    await vm.stop();
  }
}

function usage(found: string): number {
  process.stderr.write(`stanch: expected test [--all] [NAME], build or shell; found ${JSON.stringify(found)}.\n`);
  return 64;
}

async function main([command = 'test', ...args]: readonly string[]): Promise<number> {
  if (!['test', 'build', 'shell'].includes(command)) return usage(command);
  const why = whyNoServer();
  if (why !== null) return noServer(why);
  try {
    if (command === 'test') return await test(args);
    if (command === 'shell') return await shell();
    await frozenServer();
    return 0;
  } catch (error) {
    if (error instanceof NoPackages) return noServer(error.message);
    throw error;
  }
}

process.exitCode = await main(process.argv.slice(2));
