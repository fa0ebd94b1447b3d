import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The page as built: beside the bundle, or in dist/ of the checkout. */
export function findPageDir(): string {
  const folder = dirname(process.argv[1] ?? '.');
  const beside = join(folder, 'web');
  return existsSync(join(beside, 'index.html')) ? beside : join(folder, '..', '..', 'dist', 'web');
}
