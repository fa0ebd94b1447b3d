/** A program with its arguments, never a shell; bounded in time and in what it may say. */
import { spawn } from 'node:child_process';

const maxSaid = 2000;

/** Resolves when it ends with 0; rejects with how it ended and what it said. */
export function runProgram(
  command: readonly string[],
  { input, env, signal }: { input: string; env: Record<string, string>; signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = command;
    const child = spawn(file, args, { env, stdio: ['pipe', 'ignore', 'pipe'], signal, killSignal: 'SIGKILL' });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(0, maxSaid);
    });
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      if (code === 0) resolve();
      else reject(new Error(`${file} ended with ${code ?? killedBy}: ${said.trim()}`));
    });
    // A program that does not read its input is fine.
    child.stdin.on('error', () => child.stdin.destroy());
    child.stdin.end(input);
  });
}
