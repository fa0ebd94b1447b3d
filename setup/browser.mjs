import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runChild } from './runChild.mjs';
import { SetupError } from './setupError.mjs';

const byHand = 'apt-get install -y chromium';

/**
 * A Chromium for the tests of the page: Debian's own, installed when this is root.
 * An ordinary user is told the command; the tests of the page then skip, except under CI, where a skipped test would go unseen.
 */
export async function ensureBrowser() {
  if (findOnPath('chromium') !== null) return;
  if (process.getuid() === 0 && findOnPath('apt-get') !== null) return installChromium();
  const message = `the tests of the page need Chromium and there is none. Install it with: sudo ${byHand}`;
  if (process.env.CI) throw new SetupError(message);
  process.stderr.write(`stanch: ${message}\nstanch: going on without the tests of the page.\n`);
}

async function installChromium() {
  process.stderr.write('stanch: installing chromium for the tests of the page (apt-get) …\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runChild('updating the package lists', 'apt-get', ['-q', 'update'], env);
  await runChild('installing chromium', 'apt-get', ['-q', 'install', '-y', '--no-install-recommends', 'chromium'], env);
  if (findOnPath('chromium') === null)
    throw new SetupError(`expected chromium in the PATH after installing it; found none. Try: ${byHand}`);
}

function findOnPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch (error) {
      if (!['ENOENT', 'EACCES', 'ENOTDIR'].includes(error.code)) throw error;
    }
  }
  return null;
}
