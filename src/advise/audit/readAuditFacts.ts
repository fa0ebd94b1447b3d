/** What the audit looks at, from files alone: nothing is started, nothing is asked over a bus. `root` has another file system, for tests. */
import { existsSync } from 'node:fs';
import { parseKeyedNumbers } from '../../kernel/keyedNumbers.ts';
import { listFolder, parseUnitFile } from '../unitFiles.ts';
import type { AuditFacts } from './check.ts';
import { textOf } from './quietly.ts';
import { readServices } from './readServices.ts';

export interface AuditRoot {
  root?: string;
  isRoot?: boolean;
  /** Of the processes that are asked for their name; left out: all. */
  pids?: readonly number[];
}

const sysctlNames = ['vm.overcommit_memory', 'vm.swappiness', 'vm.panic_on_oom', 'fs.file-nr', 'kernel.core_pattern'];
const maxProcesses = 20_000;

export function readAuditFacts({ root = '', isRoot = process.geteuid?.() === 0, pids = pidsIn(root) }: AuditRoot = {}): AuditFacts {
  const meminfo = parseKeyedNumbers(textOf(`${root}/proc/meminfo`) ?? '');
  const bytesOf = (key: string) => (meminfo.has(key) ? (meminfo.get(key) ?? 0) * 1024 : null);
  const hasSystemd = existsSync(`${root}/run/systemd/system`);
  const programs = readPrograms(root, pids);
  return {
    isRoot,
    hasSystemd,
    hasCgroup2: existsSync(`${root}/sys/fs/cgroup/cgroup.controllers`),
    memTotalBytes: bytesOf('MemTotal'),
    memAvailableBytes: bytesOf('MemAvailable'),
    swapTotalBytes: bytesOf('SwapTotal'),
    committedBytes: bytesOf('Committed_AS'),
    commitLimitBytes: bytesOf('CommitLimit'),
    sysctls: new Map(sysctlNames.flatMap((name) => readSysctl(root, name))),
    transparentHugePages: /\[(\w+)\]/.exec(textOf(`${root}/sys/kernel/mm/transparent_hugepage/enabled`) ?? '')?.[1] ?? null,
    services: hasSystemd ? readServices(root, isRoot) : [],
    programs: new Set(programs.keys()),
    journald: readDaemonConfig(root, 'journald.conf'),
    coredump: readDaemonConfig(root, 'coredump.conf'),
    oomd: readDaemonConfig(root, 'oomd.conf'),
    earlyoomArguments: commandOf(root, programs.get('earlyoom')),
    journalOnDisk: existsSync(`${root}/var/log/journal`),
    swapOnZram: /^\/dev\/zram/m.test(textOf(`${root}/proc/swaps`) ?? ''),
  };
}

function readSysctl(root: string, name: string): [string, string][] {
  const text = textOf(`${root}/proc/sys/${name.replaceAll('.', '/')}`);
  return text === null ? [] : [[name, text.trim()]];
}

/** For whoever knows the processes and need not ask thousands: those that may be one of what acts before the kernel does, and stanch. */
export function mayKillEarly(processes: Iterable<{ id: { pid: number }; command: string }>): number[] {
  const pids = [process.pid];
  for (const { id, command } of processes) if (/oomd|earlyoom|nohang|psi-monitor/.test(command)) pids.push(id.pid);
  return pids;
}

function pidsIn(root: string): number[] {
  return listFolder(`${root}/proc`)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** One pid for each short name. */
function readPrograms(root: string, pids: readonly number[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const pid of pids.slice(0, maxProcesses)) {
    const name = textOf(`${root}/proc/${pid}/comm`, 64)?.trim();
    if (name !== undefined && name !== '') found.set(name, pid);
  }
  return found;
}

function commandOf(root: string, pid: number | undefined): string | null {
  return pid === undefined ? null : (textOf(`${root}/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? null);
}

/** The main file, then the drop-ins; the last value counts. */
function readDaemonConfig(root: string, name: string): Map<string, string> {
  const folders = ['/usr/lib/systemd', '/run/systemd', '/etc/systemd'];
  const dropIns = folders.flatMap((folder) => listFolder(`${root}${folder}/${name}.d`).map((file) => `${folder}/${name}.d/${file}`));
  const files = [...folders.map((folder) => `${folder}/${name}`), ...dropIns.filter((file) => file.endsWith('.conf'))];
  const values = new Map<string, string>();
  for (const file of files) for (const { key, value } of parseUnitFile(textOf(`${root}${file}`) ?? '')) values.set(key, value);
  return values;
}
