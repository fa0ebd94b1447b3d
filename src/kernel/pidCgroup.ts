/**
 * /proc/[pid]/cgroup: lines `id:controllers:path`; id 0 without controllers is cgroup v2.
 * A path may end in ` (deleted)` and, seen from another cgroup namespace, start with `/..`.
 * https://man7.org/linux/man-pages/man7/cgroups.7.html
 */
export interface PidCgroup {
  /** Path in the v2 hierarchy. */
  unified: string | null;
  /** Path in systemd's own named v1 hierarchy. */
  systemd: string | null;
  /** Path in the v1 hierarchy that has the memory controller. */
  memory: string | null;
}

const maxLines = 64;

export function parsePidCgroup(text: string): PidCgroup {
  const cgroup: PidCgroup = { unified: null, systemd: null, memory: null };
  for (const line of text.split('\n', maxLines)) {
    const afterId = line.indexOf(':');
    const afterControllers = line.indexOf(':', afterId + 1);
    // systemd's name holds no colon, but a path may.
    if (afterId < 0 || afterControllers < 0) continue;
    const controllers = line.slice(afterId + 1, afterControllers);
    const path = line.slice(afterControllers + 1).replace(/ \(deleted\)$/, '');
    if (!path.startsWith('/')) continue;
    if (controllers === '') cgroup.unified = path;
    else if (controllers === 'name=systemd') cgroup.systemd = path;
    else if (controllers.split(',').includes('memory')) cgroup.memory = path;
  }
  return cgroup;
}
