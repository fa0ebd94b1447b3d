/** tracefs for a test, mounted where nobody has mounted it yet; what is traced in it, is so for the whole system. */
import { accessSync, constants } from 'node:fs';
import { findTracefs } from '../kernel/tracefs.ts';
import { mountOwn, type OwnMount } from './ownMount.ts';

/** Why there are no uprobes here, in words, for whoever skips. */
export function mountTracefs(): OwnMount | string {
  if (process.arch !== 'x64') return 'uprobes are only used on x86-64';
  if (process.geteuid?.() !== 0) return 'only root may use tracefs';
  const there = findTracefs();
  const mount = there === null ? mountOwn('tracefs', 'mode=700') : { folder: there, remove: () => undefined };
  if (typeof mount === 'string') return mount;
  try {
    accessSync(`${mount.folder}/uprobe_events`, constants.W_OK);
    return mount;
  } catch {
    mount.remove();
    return 'this kernel has no uprobes';
  }
}
