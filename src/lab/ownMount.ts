/** A file system of the kernel's, mounted for a test or a benchmark in a folder of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface OwnMount {
  folder: string;
  /** With what was left in it. */
  remove(): void;
}

/** Why it can't be mounted, in words, for whoever skips. */
export function mountOwn(type: string, options: string): OwnMount | string {
  const folder = mkdtempSync(join(tmpdir(), `stanch-${type}-`));
  const { status, stderr } = spawnSync('mount', ['-t', type, '-o', options, 'nodev', folder], { encoding: 'utf8' });
  if (status !== 0) {
    rmdirSync(folder);
    return `${type} can't be mounted: ${stderr.trim()}`;
  }
  const remove = () => {
    // Lazily: a stanch of another test may be looking into it.
    spawnSync('umount', ['--lazy', folder], { stdio: 'inherit' });
    rmdirSync(folder);
  };
  return { folder, remove };
}
