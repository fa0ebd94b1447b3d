/** What advice on a workload stands on, read from the latest scan, the history, the process and the files of configuration. */
import { existsSync } from 'node:fs';
import { parsePidCmdline } from '../kernel/pidCmdline.ts';
import { readPidMaps } from '../kernel/pidMaps.ts';
import { readLink, readText } from '../kernel/read.ts';
import { mayNeverAnswer } from '../kernel/remoteFiles.ts';
import type { AdviceBasis, RuntimeName } from '../model/advice.ts';
import { privateMemory } from '../model/gauge.ts';
import { isValue, valueOrNull } from '../model/reading.ts';
import type { ProcessSample, Scan, WorkloadSample } from '../sample/scan.ts';
import { liveLimitNames, readLiveLimit } from '../stabilise/liveLimits.ts';
import { findTarget } from '../stabilise/target.ts';
import { hasGoBuildId } from './goBuildId.ts';
import { iniValues } from './iniValue.ts';
import type { MeasuredUnit, Measurements, PoolSettings } from './measurements.ts';
import { poolName } from './recyclers/phpFpm.ts';
import { recogniseRuntime } from './runtimes/recognise.ts';
import { listFolder, readUnitConfig } from './unitFiles.ts';

export interface MeasuredFrom {
  scan: Scan;
  basis: AdviceBasis;
  procRoot?: string;
  /** Where the file system of the server begins. */
  root?: string;
}

const maxConfigBytes = 64 * 1024;

/** Null: no workload of that id runs. */
export function readMeasurements(workloadId: string, from: MeasuredFrom): Measurements | null {
  const { scan, basis, procRoot = '/proc', root = '' } = from;
  const workload = scan.workloads.find(({ subject }) => subject.id === workloadId);
  if (workload === undefined || workload.memberIds.length === 0) return null;
  const members = scan.processes.filter(({ subject }) => subject.workloadId === workloadId);
  const target = findTarget(scan, workloadId, null, procRoot);
  const largest = largestOf(members);
  const process = largest === null ? noProcess : readProcess(largest, procRoot);
  const sizes = members.map(({ sample }) => privateMemory(sample)).filter((bytes) => bytes >= 0);
  return {
    subject: workload.subject,
    basis,
    privateBytes: privateMemory(workload.sample) || 0,
    processes: {
      count: members.length,
      largestBytes: Math.max(0, ...sizes),
      smallestBytes: sizes.length === 0 ? 0 : Math.min(...sizes),
      fdLimit: valueOrNull(workload.sample.fdLimit),
    },
    host: hostOf(scan, workload),
    unit: target.unit === null ? null : readUnit(target.unit, target.unitCgroup, root),
    sharesUnitWith: target.sharesUnitWith,
    ...process,
    jemallocPath: findJemalloc(root),
    pool: workload.subject.origin === 'php-fpm-pool' ? findPool(workload.subject.name, root) : null,
    existing: (path) => configText(`${root}${path}`),
  };
}

function readUnit(name: string, cgroup: string | null, root: string): MeasuredUnit {
  const folder = `${root}/sys/fs/cgroup${cgroup ?? ''}`;
  const live = new Map<string, string>();
  for (const limit of cgroup === null ? [] : liveLimitNames) {
    const value = readLiveLimit(folder, limit);
    if (value !== null) live.set(limit, value);
  }
  return { name, config: readUnitConfig(name, root), cgroup, live };
}

function largestOf(members: readonly ProcessSample[]): ProcessSample | null {
  const bytesOf = ({ sample }: ProcessSample) => privateMemory(sample) || 0;
  return members.reduce<ProcessSample | null>((most, each) => (most === null || bytesOf(each) > bytesOf(most) ? each : most), null);
}

function hostOf({ host, workloads }: Scan, { subject }: WorkloadSample): Measurements['host'] {
  const others = workloads.filter((workload) => workload.subject.id !== subject.id).map(({ sample }) => privateMemory(sample) || 0);
  return {
    memTotalBytes: valueOrNull(host.memTotalBytes),
    swapTotalBytes: valueOrNull(host.swapTotalBytes),
    othersBytes: others.reduce((sum, bytes) => sum + bytes, 0),
    cpuCount: host.cpuCount,
  };
}

type OfProcess = Pick<Measurements, 'runtime' | 'argv' | 'environment' | 'heap'>;
const noProcess: OfProcess = { runtime: null, argv: [], environment: new Map(), heap: null };

/** Settings of runtimes; no other variable is kept, for they hold secrets. */
const wantedVariables = new Set([
  'NODE_OPTIONS',
  'JAVA_TOOL_OPTIONS',
  'GOMEMLIMIT',
  'GOGC',
  'MALLOC_ARENA_MAX',
  'MALLOC_TRIM_THRESHOLD_',
  'LD_PRELOAD',
]);

function readProcess({ id: { pid }, command, sample }: ProcessSample, procRoot: string): OfProcess {
  const folder = `${procRoot}/${pid}`;
  const cmdline = readText(`${folder}/cmdline`, 65_536);
  const bytes = Buffer.from(isValue(cmdline) ? cmdline : '', 'latin1');
  const argv = parsePidCmdline(bytes, bytes.length);
  const maps = readPidMaps(procRoot, pid);
  const exe = readLink(`${folder}/exe`);
  const comm = readText(`${folder}/comm`, 64);
  const files = isValue(maps) ? maps.files : [];
  const isUnknown = exe === null && argv.length === 0;
  const traits = { exe, comm: isValue(comm) ? comm.trim() : command, argv, mappedFiles: files };
  const mayRead = exe !== null && !mayNeverAnswer(exe, procRoot, pid);
  const named: RuntimeName | null = isUnknown ? null : recogniseRuntime({ ...traits, hasGoBuildId: null });
  return {
    runtime: named === 'native' ? recogniseRuntime({ ...traits, hasGoBuildId: mayRead ? hasGoBuildId(`${folder}/exe`) : null }) : named,
    argv,
    environment: environmentOf(readText(`${folder}/environ`, 1 << 18)),
    heap: isValue(maps) ? { arenas: maps.arenas + 1, threads: valueOrNull(sample.threads) ?? 1, allocator: allocatorOf(files) } : null,
  };
}

function environmentOf(text: ReturnType<typeof readText>): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of isValue(text) ? text.split('\0') : []) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    if (equals > 0 && wantedVariables.has(name)) found.set(name, entry.slice(equals + 1));
  }
  return found;
}

function allocatorOf(files: readonly string[]): NonNullable<OfProcess['heap']>['allocator'] {
  if (files.some((file) => /\/libjemalloc[\d.]*\.so/.test(file))) return 'jemalloc';
  if (files.some((file) => /\/libtcmalloc\w*\.so/.test(file))) return 'tcmalloc';
  return files.some((file) => /\/libc(?:-2\.\d+)?\.so(?:\.6)?$/.test(file)) ? 'glibc' : 'other';
}

function findJemalloc(root: string): string | null {
  const places = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];
  return places.map((place) => `${place}/libjemalloc.so.2`).find((path) => existsSync(`${root}${path}`)) ?? null;
}

/** Debian, Ubuntu and Sury; RHEL and Remi; cPanel. */
function findPool(subjectName: string, root: string): PoolSettings | null {
  const pool = poolName(subjectName);
  if (pool === null) return null;
  const debian = listFolder(`${root}/etc/php`).map((version) => `/etc/php/${version}/fpm/pool.d`);
  const wanted = /PHP (\d+\.\d+)/.exec(subjectName)?.[1];
  const ea = listFolder(`${root}/opt/cpanel`).map((name) => `/opt/cpanel/${name}/root/etc/php-fpm.d`);
  const folders = [...debian, ...ea, '/etc/php-fpm.d'].sort(
    (a, b) => Number(b.includes(`/${wanted}/`)) - Number(a.includes(`/${wanted}/`)),
  );
  for (const folder of folders) {
    for (const file of listFolder(`${root}${folder}`)) {
      const text = file.endsWith('.conf') ? configText(`${root}${folder}/${file}`) : null;
      if (text === null) continue;
      const values = iniValues(text, pool);
      if (values.size > 0) return { path: `${folder}/${file}`, text, values };
    }
  }
  return null;
}

/** As it is written back: in UTF-8. null: there is none, or it is not to be read. */
function configText(path: string): string | null {
  const text = readText(path, maxConfigBytes);
  return isValue(text) ? Buffer.from(text, 'latin1').toString('utf8') : null;
}
