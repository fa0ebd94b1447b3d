import { spawn } from 'node:child_process';
import { SetupError } from './setupError.mjs';
import { root } from './where.mjs';

const parentPollMs = 500;

/**
 * Runs a program to its end; its output goes to stderr, so that stdout stays free for results.
 * Ends it when this process is told to end or when the parent is gone: npm signals the shell between, which dies without a word to us.
 */
export async function runChild(what, command, args, env = process.env) {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 2, 2] });
  const parent = process.ppid;
  let interrupted = false;
  const end = () => {
    interrupted = true;
    child.kill('SIGTERM');
  };
  const watch = setInterval(() => process.ppid !== parent && end(), parentPollMs);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, end);
  try {
    const [code, signal] = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (...outcome) => resolve(outcome));
    });
    if (interrupted) process.exit(130);
    if (code !== 0) throw new SetupError(`${what} failed (${signal ?? `exit code ${code}`}). Command: ${[command, ...args].join(' ')}`);
  } finally {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, end);
  }
}
