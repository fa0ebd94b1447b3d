/**
 * /proc/[pid]/mountinfo, as that process sees it: `id parent major:minor root mount-point options [fields] - fstype source super-options`.
 * Blanks in paths are written `\040`.
 * https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
import { isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface Mount {
  mountPoint: string;
  fileSystem: string;
  /** Mount options and those of the file system. */
  options: string[];
  /** major:minor: mounts of the same file system share it. */
  device: string;
}

const maxMounts = 16384;

export function readMountinfo(procRoot: string, process: number | 'self' = 'self'): Reading<Mount[]> {
  const text = readText(`${procRoot}/${process}/mountinfo`, 1 << 22);
  return isValue(text) ? parseMountinfo(text) : text;
}

export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n', maxMounts)) {
    const [before, after] = line.split(' - ', 2);
    const head = before?.split(' ') ?? [];
    const tail = after?.split(' ') ?? [];
    const [device, mountPoint, options] = [head[2], head[4], head[5]];
    const [fileSystem, superOptions] = [tail[0], tail[2]];
    if (device === undefined || mountPoint === undefined || options === undefined || fileSystem === undefined) continue;
    mounts.push({
      mountPoint: mountPoint.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
      fileSystem,
      options: [...options.split(','), ...(superOptions?.split(',') ?? [])],
      device,
    });
  }
  return mounts;
}
