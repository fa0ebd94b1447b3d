/**
 * Brings a checkout to the point where stanch runs: dependencies, build and, with `--tests`, a browser.
 * Does only what is missing. Plain JavaScript without dependencies: it runs on the system's Node, before anything is installed.
 *
 * node setup/setup.mjs [--dependencies | --rebuild | --tests]
 *   --dependencies  only install the dependencies
 *   --rebuild       build even when nothing changed
 *   --tests         also make sure that there is a browser for the tests of the page
 */
import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { ensureBuild } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { withSetupLock } from './lock.mjs';
import { SetupError } from './setupError.mjs';
import { dist } from './where.mjs';

const known = ['--dependencies', '--rebuild', '--tests'];

async function setUp(flags) {
  const unknown = flags.find((flag) => !known.includes(flag));
  if (unknown !== undefined) throw new SetupError(`expected one of ${known.join(', ')}; found ${unknown}.`);
  mkdirSync(dist, { recursive: true });
  await withSetupLock(async () => {
    await ensureDependencies();
    if (flags.includes('--dependencies')) return;
    await ensureBuild({ force: flags.includes('--rebuild') });
    if (flags.includes('--tests')) await ensureBrowser();
  });
}

try {
  await setUp(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${basename(process.argv[1])}: ${error.message}\n`);
  process.exitCode = 1;
}
