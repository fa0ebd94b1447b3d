/**
 * Brings a checkout to the point where stanch runs: dependencies, build and, with `--tests`, a browser.
 * Does only what is missing. Plain JavaScript without dependencies: it runs on the system's Node, before anything is installed.
 *
 * node setup/setup.mjs [--dependencies | --rebuild | --tests | --server]
 *   --dependencies  only install the dependencies
 *   --rebuild       build even when nothing changed
 *   --tests         also make sure that there is a browser for the tests of the page, and under CI the programs that others are tested on
 *   --server        under CI, also what the disposable test server is made with
 */
import { basename } from 'node:path';
import { browser } from './browser.mjs';
import { build } from './build.mjs';
import { dependencies } from './dependencies.mjs';
import { withSetupLock } from './lock.mjs';
import { pm2 } from './pm2.mjs';
import { servers, testServer } from './servers.mjs';
import { SetupError } from './setupError.mjs';

const known = ['--dependencies', '--rebuild', '--tests', '--server'];

async function setUp(flags) {
  const unknown = flags.find((flag) => !known.includes(flag));
  if (unknown !== undefined) throw new SetupError(`expected one of ${known.join(', ')}; found ${unknown}.`);
  const steps = [dependencies];
  if (!flags.includes('--dependencies')) steps.push(build({ force: flags.includes('--rebuild') }));
  if (flags.includes('--tests')) steps.push(browser, servers, pm2);
  if (flags.includes('--server')) steps.push(testServer);
  // Looked at before the lock is taken: where all is done, whoever may read the checkout may run it.
  if (steps.every((step) => step.isDone())) return;
  await withSetupLock(async () => {
    for (const step of steps) if (!step.isDone()) await step.run();
  });
}

try {
  await setUp(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${basename(process.argv[1])}: ${error.message}\n`);
  process.exitCode = 1;
}
