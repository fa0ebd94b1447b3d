import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

/** The program as it is shipped: what is measured is the bundle on its own runtime, not the sources. */
export const stanchProgram = join(root, 'bin', 'stanch');

export function requireBuild(): void {
  if (!existsSync(join(root, 'dist', 'stanch.cjs'))) throw new Error('expected dist/stanch.cjs; found none. Build it: npm run build');
}

/** What the start script gives the runtime of the daemon. */
export function daemonFlags(): string[] {
  const flags = /exec "\$node" (--\S.*) "\$program"/.exec(readFileSync(stanchProgram, 'utf8'))?.[1];
  if (flags === undefined) throw new Error(`expected the flags of the daemon in ${stanchProgram}; found none`);
  return flags.split(' ');
}
