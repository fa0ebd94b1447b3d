import { existsSync } from 'node:fs';
import { canInstallPackages, installPackages, isOnPath } from './debianPackages.mjs';
import { SetupError } from './setupError.mjs';

/**
 * What workloads are recognised by is tested on these, where they are there, nft loses packets on purpose, and Prometheus, Alertmanager and a mail
 * server take what stanch tells; musl and jemalloc are other mallocs; zsh and fish complete, mandoc reads the man pages. By program or file, and the package of Debian that brings it.
 */
const packages = {
  nft: 'nftables',
  ip: 'iproute2',
  apache2: 'apache2-bin',
  'php-fpm8.2': 'php8.2-fpm',
  cron: 'cron',
  supervisord: 'supervisor',
  podman: 'podman',
  runc: 'runc',
  aiosmtpd: 'python3-aiosmtpd',
  prometheus: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
  'musl-gcc': 'musl-tools',
  zsh: 'zsh',
  fish: 'fish',
  mandoc: 'mandoc',
  '/usr/lib/x86_64-linux-gnu/libjemalloc.so.2': 'libjemalloc2',
};

/** What the disposable test server is made with and runs on. */
const packagesOfTestServer = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  eatmydata: 'eatmydata',
  cpio: 'cpio',
  lz4: 'lz4',
  'mkfs.ext4': 'e2fsprogs',
  'ssh-keygen': 'openssh-client',
};

export const servers = step(packages);
export const testServer = step(packagesOfTestServer);

/**
 * Only on a machine made for tests, which says so with `CI` in the environment: installed on a server they would be started on it.
 * Elsewhere those tests are skipped.
 */
function step(byProgram) {
  const isThere = (name) => (name.startsWith('/') ? existsSync(name) : isOnPath(name));
  const missing = () => Object.keys(byProgram).filter((name) => !isThere(name));
  return {
    isDone: () => !process.env.CI || !canInstallPackages() || missing().length === 0,
    run: () => install(missing().map((program) => byProgram[program])),
  };
}

async function install(names) {
  process.stderr.write(`stanch: installing ${names.join(', ')} for the tests (apt-get) …\n`);
  try {
    await installPackages(names);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`stanch: ${error.message}\nstanch: the tests on ${names.join(', ')} are skipped.\n`);
  }
}
