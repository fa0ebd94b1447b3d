import { canInstallPackages, installPackages, isOnPath } from './debianPackages.mjs';
import { SetupError } from './setupError.mjs';

const byHand = 'apt-get install -y chromium';

/** As the tests look for it. */
const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** A Chromium for the tests of the page: Debian's own, installed when this is root; anybody else is told the command. */
export const browser = { isDone: () => names.some(isOnPath), run };

async function run() {
  if (!canInstallPackages()) throw new SetupError(`the tests of the page need Chromium and there is none. Install it with: sudo ${byHand}`);
  process.stderr.write('stanch: installing chromium for the tests of the page (apt-get) …\n');
  await installPackages(['chromium']);
  if (!browser.isDone()) throw new SetupError(`expected chromium in the PATH after installing it; found none. Try: ${byHand}`);
}
