import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

/** The program as it is shipped: what is measured is the bundle on its own runtime, not the sources. */
export const stanchProgram = join(root, 'bin', 'stanch');

export function requireBuild(): void {
  if (!existsSync(join(root, 'dist', 'stanch.cjs'))) throw new Error('expected dist/stanch.cjs; found none. Build it: npm run build');
}
