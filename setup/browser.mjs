import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runChild } from './runChild.mjs';
import { SetupError } from './setupError.mjs';

const byHand = 'apt-get install -y chromium';

/** As the tests look for it. */
const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** A Chromium for the tests of the page: Debian's own, installed when this is root; anybody else is told the command. */
export const browser = { isDone: () => names.some(isOnPath), run };

async function run() {
  if (process.getuid() === 0 && isOnPath('apt-get')) return installChromium();
  throw new SetupError(`the tests of the page need Chromium and there is none. Install it with: sudo ${byHand}`);
}

async function installChromium() {
  process.stderr.write('stanch: installing chromium for the tests of the page (apt-get) …\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runChild('updating the package lists', 'apt-get', ['-q', 'update'], env);
  await runChild('installing chromium', 'apt-get', ['-q', 'install', '-y', '--no-install-recommends', 'chromium'], env);
  if (!browser.isDone()) throw new SetupError(`expected chromium in the PATH after installing it; found none. Try: ${byHand}`);
}

function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch (error) {
      if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(error.code)) return false;
      throw error;
    }
  });
}
