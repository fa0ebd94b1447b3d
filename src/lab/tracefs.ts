/** tracefs for a test, mounted where nobody has mounted it yet; what is traced in it, is so for the whole system. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTracefs } from '../kernel/tracefs.ts';

export interface OwnTracefs {
  root: string;
  remove(): void;
}

/** Why there are no uprobes here, in words, for whoever skips. */
export function mountTracefs(): OwnTracefs | string {
  if (process.arch !== 'x64') return 'uprobes are only used on x86-64';
  if (process.geteuid?.() !== 0) return 'only root may use tracefs';
  const there = findTracefs();
  const root = there ?? mkdtempSync(join(tmpdir(), 'stanch-tracefs-'));
  const remove = () => {
    if (there !== null) return;
    // Lazily: a stanch of another test may be looking whether probes were left there.
    spawnSync('umount', ['--lazy', root], { stdio: 'inherit' });
    rmdirSync(root);
  };
  if (there === null) {
    const { status, stderr } = spawnSync('mount', ['-t', 'tracefs', 'nodev', root], { encoding: 'utf8' });
    if (status !== 0) {
      rmdirSync(root);
      return `tracefs can't be mounted: ${stderr.trim()}`;
    }
  }
  try {
    accessSync(`${root}/uprobe_events`, constants.W_OK);
    return { root, remove };
  } catch {
    remove();
    return 'this kernel has no uprobes';
  }
}
