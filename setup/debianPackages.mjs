import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runChild } from './runChild.mjs';

/** Debian's own, without what they only recommend. Throws SetupError with what apt-get said. */
export async function installPackages(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runChild('updating the package lists', 'apt-get', ['-q', 'update'], env);
  await runChild(`installing ${packages.join(', ')}`, 'apt-get', ['-q', 'install', '-y', '--no-install-recommends', ...packages], env);
}

export function canInstallPackages() {
  return process.getuid() === 0 && isOnPath('apt-get');
}

/** Among the folders of the PATH and those of the system's own programs, which not every PATH has. */
export function isOnPath(name) {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch (error) {
      if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(error.code)) return false;
      throw error;
    }
  });
}
