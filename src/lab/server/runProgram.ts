import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Its stdout goes to stderr: what is printed there is for people. Throws when it fails or takes longer. */
export async function runProgram(program: string, args: readonly string[], timeoutMs: number): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 2, 'inherit'], timeout: timeoutMs, killSignal: 'SIGKILL' });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code ?? signal}`);
}
