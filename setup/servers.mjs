import { canInstallPackages, installPackages, isOnPath } from './debianPackages.mjs';
import { SetupError } from './setupError.mjs';

/**
 * What workloads are recognised by is tested on these, where they are there, nft loses packets on purpose, and Prometheus, Alertmanager and a mail
 * server take what stanch tells. By program, and the package of Debian that brings it.
 */
const packages = {
  nft: 'nftables',
  ip: 'iproute2',
  apache2: 'apache2-bin',
  'php-fpm8.2': 'php8.2-fpm',
  cron: 'cron',
  supervisord: 'supervisor',
  aiosmtpd: 'python3-aiosmtpd',
  prometheus: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
};

/**
 * Only on a machine made for tests, which says so with `CI` in the environment: installed on a server they would be started on it.
 * Elsewhere those tests are skipped.
 */
export const servers = { isDone: () => !process.env.CI || !canInstallPackages() || missing().length === 0, run };

function missing() {
  return Object.keys(packages).filter((program) => !isOnPath(program));
}

async function run() {
  const names = missing().map((program) => packages[program]);
  process.stderr.write(`stanch: installing ${names.join(', ')} for the tests (apt-get) …\n`);
  try {
    await installPackages(names);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`stanch: ${error.message}\nstanch: the tests on ${names.join(', ')} are skipped.\n`);
  }
}
