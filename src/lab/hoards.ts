/** Programs that hold memory which no process seems to have, for what finds it to be tried on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { compileProgram } from './compileProgram.ts';

export type HoardKind = 'sysv' | 'orphan' | 'memfd' | 'deleted' | 'shared' | 'sockets' | 'slab';

export interface Hoard {
  pid: number;
  /** Everything is given back. */
  stop(): Promise<void>;
}

const source = join(import.meta.dirname, 'programs', 'c', 'hoard.c');
const patienceMs = 60_000;

/** Holds `mebibytes` when it returns. `path`: of the file that is made and deleted, for `deleted`. Its name is `hoard-KIND`. */
export async function startHoard(kind: HoardKind, mebibytes: number, path?: string): Promise<Hoard> {
  const flags = ['--kind', kind, '--mib', String(mebibytes), ...(path === undefined ? [] : ['--path', path])];
  const child = spawn(compileProgram(source, `hoard-${kind}`), flags, { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-2000);
  });
  const said = once(child.stdout, 'data', { signal: AbortSignal.timeout(patienceMs) });
  const first = await Promise.race([said.then(([chunk]) => String(chunk)), exited.then(() => null)]);
  if (first === null || !first.startsWith('READY') || child.pid === undefined) {
    throw new Error(`expected READY from ${flags.join(' ')}; found ${first ?? complaint}`);
  }
  return {
    pid: child.pid,
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
