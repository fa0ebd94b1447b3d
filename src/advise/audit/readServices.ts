/** Services that are enabled or run: their configuration, what their cgroup holds, where they listen. Only files are read. */

import { parseCgroupLimit } from '../../kernel/cgroupMemory.ts';
import { parseKeyedNumbers } from '../../kernel/keyedNumbers.ts';
import { readLink } from '../../kernel/read.ts';
import { isValue } from '../../model/reading.ts';
import { listFolder, readUnitConfig, unitFolders } from '../unitFiles.ts';
import type { ServiceFacts } from './check.ts';
import { textOf } from './quietly.ts';

const maxServices = 500;
const maxPids = 200;
const maxFds = 4096;
const unitName = /^[\w.@\\:-]{1,255}\.service$/;

export function readServices(root: string, isRoot: boolean): ServiceFacts[] {
  const cgroup = `${root}/sys/fs/cgroup/system.slice`;
  const groups = findGroups(cgroup, '', 0);
  const enabled = readEnabled(root);
  const sockets = readTcp(root);
  const uptimeMs = Number((textOf(`${root}/proc/uptime`) ?? '').split(' ')[0]) * 1000;
  const units = [...new Set([...groups.keys(), ...enabled])].sort().slice(0, maxServices);
  return units.map((unit) => {
    const folder = groups.get(unit);
    const pids = folder === undefined ? [] : pidsOf(`${cgroup}${folder}`);
    const inodes = isRoot ? new Set(pids.flatMap((pid) => socketsOf(root, pid))) : null;
    const ports =
      inodes === null ? null : [...new Set(sockets.filter((each) => each.listens && inodes.has(each.inode)).map(({ port }) => port))];
    return {
      unit,
      config: readUnitConfig(unit, root),
      enabled: enabled.has(unit),
      running: pids.length > 0,
      pids,
      ...(folder === undefined ? { memoryBytes: null, memoryMaxBytes: null, cpuSeconds: null } : readGroup(`${cgroup}${folder}`)),
      runningMs: runningMs(root, pids, uptimeMs),
      oomScoreAdj: lowestScore(root, pids),
      openFiles: isRoot ? nearestToLimit(root, pids) : null,
      ports,
      connections: ports === null ? 0 : sockets.filter((each) => !each.listens && ports.includes(each.port)).length,
    };
  });
}

/** Folders of services below a slice, and in slices below that. */
function findGroups(base: string, path: string, depth: number): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of listFolder(`${base}${path}`)) {
    if (unitName.test(name)) found.set(name, `${path}/${name}`);
    else if (name.endsWith('.slice') && depth < 4)
      for (const [unit, at] of findGroups(base, `${path}/${name}`, depth + 1)) found.set(unit, at);
  }
  return found;
}

/** What a target wants or requires, by the links that systemctl enable makes. */
function readEnabled(root: string): Set<string> {
  const names = new Set<string>();
  for (const folder of unitFolders.filter((each) => each.startsWith('/etc'))) {
    for (const entry of listFolder(`${root}${folder}`)) {
      if (!/\.(?:wants|requires)$/.test(entry)) continue;
      for (const unit of listFolder(`${root}${folder}/${entry}`)) if (unitName.test(unit)) names.add(unit);
    }
  }
  return names;
}

/** With those of cgroups below: a service may have made some. */
function pidsOf(folder: string, depth = 0): number[] {
  const own = (textOf(`${folder}/cgroup.procs`) ?? '')
    .split('\n')
    .filter((line) => /^\d+$/.test(line))
    .map(Number);
  const below =
    depth < 3 && own.length === 0
      ? listFolder(folder).filter((name) => !name.includes('.') || /\.(?:scope|slice|service)$/.test(name))
      : [];
  return [...own, ...below.flatMap((name) => pidsOf(`${folder}/${name}`, depth + 1))].slice(0, maxPids);
}

function readGroup(folder: string): Pick<ServiceFacts, 'memoryBytes' | 'memoryMaxBytes' | 'cpuSeconds'> {
  const bytesOf = (name: string) => {
    const text = textOf(`${folder}/${name}`, 64);
    const bytes = text === null ? null : parseCgroupLimit(text);
    return bytes !== null && isValue(bytes) ? bytes : null;
  };
  const used = parseKeyedNumbers(textOf(`${folder}/cpu.stat`) ?? '').get('usage_usec');
  return {
    memoryBytes: bytesOf('memory.current'),
    memoryMaxBytes: bytesOf('memory.max'),
    cpuSeconds: used === undefined ? null : used / 1e6,
  };
}

/** Since the oldest process started; field 22 of stat is in hundredths of a second since boot. */
function runningMs(root: string, pids: readonly number[], uptimeMs: number): number | null {
  const started = pids.map((pid) => {
    const text = textOf(`${root}/proc/${pid}/stat`, 4096) ?? '';
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? Number.NaN) * 10;
  });
  const first = Math.min(...started.filter((ms) => ms >= 0));
  return Number.isFinite(first) && uptimeMs >= first ? uptimeMs - first : null;
}

function lowestScore(root: string, pids: readonly number[]): number | null {
  const scores = pids.flatMap((pid) => {
    const text = textOf(`${root}/proc/${pid}/oom_score_adj`, 16);
    return text === null || !/^-?\d+\s*$/.test(text) ? [] : [Number(text)];
  });
  return scores.length === 0 ? null : Math.min(...scores);
}

function nearestToLimit(root: string, pids: readonly number[]): ServiceFacts['openFiles'] {
  let nearest: ServiceFacts['openFiles'] = null;
  for (const pid of pids) {
    const limit = Number(/^Max open files\s+(\d+)/m.exec(textOf(`${root}/proc/${pid}/limits`) ?? '')?.[1] ?? 0);
    const used = listFolder(`${root}/proc/${pid}/fd`).length;
    if (limit > 0 && used > 0 && (nearest === null || used / limit > nearest.used / nearest.limit)) nearest = { used, limit };
  }
  return nearest;
}

function socketsOf(root: string, pid: number): number[] {
  const folder = `${root}/proc/${pid}/fd`;
  return listFolder(folder)
    .slice(0, maxFds)
    .flatMap((fd) => {
      const inode = /^socket:\[(\d{1,15})\]$/.exec(readLink(`${folder}/${fd}`) ?? '')?.[1];
      return inode === undefined ? [] : [Number(inode)];
    });
}

interface TcpSocket {
  port: number;
  inode: number;
  listens: boolean;
}

/** Listening sockets and those with a connection, of this network namespace. */
function readTcp(root: string): TcpSocket[] {
  return ['tcp', 'tcp6'].flatMap((name) =>
    Array.from(
      (textOf(`${root}/proc/net/${name}`, 8 << 20) ?? '').matchAll(
        /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} (01|0A) \S+ \S+ \S+ +\d+ +\d+ (\d+)/gm,
      ),
      ([, port = '0', state, inode]) => ({ port: Number.parseInt(port, 16), inode: Number(inode), listens: state === '0A' }),
    ),
  );
}
