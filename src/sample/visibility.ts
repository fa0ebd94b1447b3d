/** What this account cannot see of the host, said instead of guessed. Texts stay the same from scan to scan. */
import type { Mount } from '../kernel/mountinfo.ts';
import type { Notice } from '../model/notice.ts';
import { isValue, type Reading } from '../model/reading.ts';
import type { Permissions } from './permissions.ts';

export interface Visibility {
  /** Processes that are listed and may not be read. */
  unreadableProcesses: number;
  /** Processes whose open files may not be counted. */
  uncountedFds: number;
  /** Processes whose memory may not be read. */
  unreadableMemory: number;
  /** Processes, the first of the system or a container among them, that are seen. */
  firstProcessSeen: boolean;
  kernelThreadsSeen: number;
  visibleThreads: number;
  machineThreads: Reading<number>;
  hidepid: string | null;
  permissions: Permissions;
}

/** `hidepid=` of the mount at `procRoot`: null when everybody may see everything. */
export function hidepidOf(mounts: Reading<Mount[]>, procRoot: string): string | null {
  if (!isValue(mounts)) return null;
  // The last mount at a place covers the ones before it.
  const mount = mounts.findLast((candidate) => candidate.fileSystem === 'proc' && candidate.mountPoint === procRoot);
  const option = mount?.options.find((candidate) => candidate.startsWith('hidepid='));
  const level = option?.slice('hidepid='.length);
  return level === undefined || level === '0' || level === 'off' ? null : level;
}

/** Threads start and end while they are counted. */
const countingSlack = 0.2;

export class VisibilityNotices {
  readonly #since = new Map<string, number>();

  notices(seen: Visibility, nowMs: number): Notice[] {
    const texts = textsOf(seen);
    for (const known of this.#since.keys()) if (!texts.includes(known)) this.#since.delete(known);
    return texts.map((text) => {
      const sinceMs = this.#since.get(text) ?? nowMs;
      this.#since.set(text, sinceMs);
      return { code: 'STANCH_E_NOT_PERMITTED', text, sinceMs };
    });
  }
}

function textsOf(seen: Visibility): string[] {
  const texts: string[] = [];
  const hidden = seen.unreadableProcesses > 0 || !seen.firstProcessSeen;
  if (seen.hidepid !== null && hidden) {
    texts.push(
      `Processes of other users are hidden: /proc is mounted with hidepid=${seen.hidepid}. Their memory is counted in the host's figures only. Run as root, or as a member of the group named by the gid= option of the mount.`,
    );
  } else if (seen.unreadableProcesses > 0) {
    texts.push(
      "Some processes are listed but may not be read. Their memory is counted in the host's figures only. Run as root to see them.",
    );
  } else if (looksConfined(seen)) {
    texts.push(
      "Only some processes of this machine are visible, as in a container: the host's figures count the others as well. Run on the host to see them.",
    );
  }
  if (seen.unreadableMemory > 0)
    texts.push('The memory of some processes may not be read. Sums of their workloads are without them. Run as root to see it.');
  if (seen.uncountedFds > 0) {
    texts.push(
      'Open files of other users’ processes may not be counted. Sums of their workloads are without them. Run as root, or with CAP_SYS_PTRACE.',
    );
  }
  const { unseenOfProcesses, unseenOfKernel } = seen.permissions;
  if (unseenOfProcesses.length > 0) {
    texts.push(
      `Of the processes of other users this account may not see ${listed(unseenOfProcesses)}. Their memory and open files are counted and judged all the same. Run as root, or with CAP_SYS_PTRACE, to see all.`,
    );
  }
  if (unseenOfKernel.length > 0) texts.push(`Of the kernel this account may not see ${listed(unseenOfKernel)}. Run as root to see all.`);
  return texts;
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** On a whole machine the kernel's own threads are seen, and nearly as many threads as the kernel counts. */
function looksConfined(seen: Visibility): boolean {
  if (seen.kernelThreadsSeen > 0 || !isValue(seen.machineThreads)) return false;
  return seen.visibleThreads < seen.machineThreads * (1 - countingSlack);
}
