/**
 * Names of apps under pm2: it keeps a file `pids/<name>-<number>.pid` for each process of each app in its folder.
 * The folder is a user's, and the process that named it is too: nothing but file names and numbers is taken from it.
 */
import { isValue } from '../../model/reading.ts';
import { filesOfFolder } from './ordinaryFile.ts';

const maxFiles = 256;
const pidFile = /^([\w.@ -]{1,128})-\d{1,6}\.pid$/;

/** null when pm2 has no file for this process, or it may not be read. */
export function pm2AppName(pm2Home: string, pid: number): string | null {
  for (const file of filesOfFolder(`${pm2Home}/pids`).slice(0, maxFiles)) {
    const name = pidFile.exec(file.name)?.[1];
    if (name === undefined) continue;
    const found = file.read(16);
    if (isValue(found) && found.text.trim() === String(pid)) return name;
  }
  return null;
}
