/** A small Debian 12 server as files: sshd, MariaDB, nginx, php-fpm, Avahi; nothing set up against running out of memory. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface Cleaning {
  after(fn: () => void): void;
}

const service = (lines: string) => `[Unit]\nDescription=x\n\n[Service]\n${lines}\n\n[Install]\nWantedBy=multi-user.target\n`;
const statOf = (pid: number, name: string) => `${pid} (${name}) S 1 1 1 0 -1 4194560 100 0 0 0 5 5 0 0 20 0 1 0 1000 0 0\n`;

const files: Record<string, string> = {
  'proc/meminfo': 'MemTotal: 2000000 kB\nMemAvailable: 900000 kB\nSwapTotal: 0 kB\nCommitLimit: 1000000 kB\nCommitted_AS: 700000 kB\n',
  'proc/uptime': '500000.00 900000.00\n',
  'proc/swaps': 'Filename Type Size Used Priority\n',
  'proc/sys/vm/overcommit_memory': '0\n',
  'proc/sys/vm/swappiness': '60\n',
  'proc/sys/vm/panic_on_oom': '0\n',
  'proc/sys/fs/file-nr': '3000 0 9223372036854775807\n',
  'proc/sys/kernel/core_pattern': 'core\n',
  'proc/net/tcp': [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 701 1 0',
    '   1: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 702 1 0',
    '   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 703 1 0',
    '   3: 0A00000A:0016 0B00000A:D431 01 00000000:00000000 00:00000000 00000000     0        0 704 1 0\n',
  ].join('\n'),
  'sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never\n',
  'sys/fs/cgroup/cgroup.controllers': 'cpu memory pids\n',
  'run/systemd/system/.keep': '',
  'var/log/journal/.keep': '',
  'etc/systemd/journald.conf': '[Journal]\n#Storage=auto\n#SystemMaxUse=\n',
  'lib/systemd/system/ssh.service': service('ExecStart=/usr/sbin/sshd -D\nRestart=on-failure'),
  'lib/systemd/system/mariadb.service': service('ExecStart=/usr/sbin/mariadbd\nRestart=on-abort'),
  'lib/systemd/system/php8.2-fpm.service': service('ExecStart=/usr/sbin/php-fpm8.2 --nodaemonize'),
  'lib/systemd/system/avahi-daemon.service': service('ExecStart=/usr/sbin/avahi-daemon -s'),
  'lib/systemd/system/forgotten.service': service('ExecStart=/opt/forgotten/server'),
};

const running: [unit: string, pid: number, name: string, memoryBytes: number, cpuUsec: number, socket: number | null][] = [
  ['ssh.service', 500, 'sshd', 5_000_000, 90_000_000, 701],
  ['mariadb.service', 600, 'mariadbd', 300_000_000, 900_000_000, 702],
  ['php8.2-fpm.service', 700, 'php-fpm8.2', 400_000_000, 9_000_000_000, null],
  ['avahi-daemon.service', 800, 'avahi-daemon', 2_000_000, 1_000_000, null],
  ['forgotten.service', 900, 'server', 60_000_000, 2_000_000, 703],
];

/** `changes`: files with another content; null: there is no such file. Gone after the test. */
export function debianTree(t: Cleaning, changes: Record<string, string | null> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'stanch-tree-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const all: Record<string, string | null> = { ...files };
  for (const [unit, pid, name, memoryBytes, cpuUsec] of running) {
    const group = `sys/fs/cgroup/system.slice/${unit}`;
    all[`${group}/cgroup.procs`] = `${pid}\n`;
    all[`${group}/memory.current`] = `${memoryBytes}\n`;
    all[`${group}/memory.max`] = 'max\n';
    all[`${group}/cpu.stat`] = `usage_usec ${cpuUsec}\nuser_usec 0\n`;
    all[`proc/${pid}/comm`] = `${name}\n`;
    all[`proc/${pid}/stat`] = statOf(pid, name);
    all[`proc/${pid}/oom_score_adj`] = '0\n';
    all[`proc/${pid}/limits`] = 'Limit Soft Hard Units\nMax open files            1024                 524288               files\n';
  }
  for (const [path, content] of Object.entries({ ...all, ...changes })) {
    if (content === null) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  for (const [, pid, , , , socket] of running) {
    mkdirSync(join(root, `proc/${pid}/fd`), { recursive: true });
    if (socket !== null) symlinkSync(`socket:[${socket}]`, join(root, `proc/${pid}/fd/3`));
  }
  return root;
}
