import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './runChild.mjs';
import { SetupError } from './setupError.mjs';
import { root } from './where.mjs';

/** 25 MB with 76 others: for one test, and so no dependency. */
const version = '7.0.4';
const folder = join(root, '.stanch', 'pm2');

/** pm2, to see how it restarts what stanch ends. Only on a machine made for tests, which says so with `CI`; elsewhere that test is skipped. */
export const pm2 = {
  isDone: () => !process.env.CI || existsSync(join(folder, 'node_modules', 'pm2', 'bin', 'pm2')),
  async run() {
    const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', `pm2@${version}`];
    try {
      await runChild('installing pm2 for its test', 'npm', args);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      process.stderr.write(`stanch: ${error.message}\nstanch: the test on pm2 is skipped.\n`);
    }
  },
};
