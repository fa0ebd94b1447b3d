import { spawn } from 'node:child_process';
import { once } from 'node:events';

export class ProgramFailed extends Error {
  /** null: ended by a signal. */
  readonly code: number | null;

  constructor(message: string, code: number | null) {
    super(message);
    this.code = code;
  }
}

/** Its stdout goes to stderr: what is printed there is for people. Throws ProgramFailed when it fails or takes longer. */
export async function runProgram(program: string, args: readonly string[], timeoutMs: number): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 2, 'inherit'], timeout: timeoutMs, killSignal: 'SIGKILL' });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new ProgramFailed(`${program} ${args.join(' ')} ended with ${code ?? signal}`, code);
}
