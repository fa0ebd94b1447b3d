import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const dist = join(root, 'dist');
/** The runtime that comes as a dependency; bin/stanch finds it by the same path. */
export const bundledNode = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
