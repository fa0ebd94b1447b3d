/** What an action is about: a workload as it runs now, where it runs, and what is known of its leak. */
import { parsePidCgroup } from '../kernel/pidCgroup.ts';
import { readText } from '../kernel/read.ts';
import type { CgroupPlace } from '../model/action.ts';
import { StanchError } from '../model/errors.ts';
import type { Sample } from '../model/gauge.ts';
import { isValue, valueOrNull } from '../model/reading.ts';
import type { ProcessId, Subject } from '../model/subject.ts';
import type { Scan } from '../sample/scan.ts';
import { cgroupPlace } from './cgroupPlace.ts';
import { ownLine, parentOf } from './parentOf.ts';
import { readHeldBytes } from './unitMemory.ts';

export interface TargetProcess {
  id: ProcessId;
  parentPid: number;
  command: string;
  privateBytes: number;
  /** Of the v2 hierarchy, or systemd's own. */
  cgroup: string | null;
  oomScoreAdj: number | null;
}

export interface Target {
  subject: Subject;
  /** Largest first. */
  processes: TargetProcess[];
  privateBytes: number;
  /** The service that all of its processes run in, as systemd knows it; null: none, or several. */
  unit: string | null;
  /** Of `unit`; null without one. */
  unitCgroup: string | null;
  /** The one cgroup that all of its processes are in; null: several, or none that is known. */
  home: CgroupPlace | null;
  /** The processes of `unit` that belong to other workloads. */
  sharesUnitWith: string[];
  /** What all of `unit` holds and cannot drop, of other workloads as well: limits hold for all of it. 0 without a unit. */
  unitHeldBytes: number;
  /** By how much it grows, where it leaks. */
  bytesPerHour: number | null;
}

/** Throws STANCH_E_NO_SUBJECT. `wanted`: the id of a workload, its name, or a part of the name that only one has. */
export function findTarget(
  scan: Scan,
  wanted: string,
  bytesPerHour: number | null,
  procRoot = '/proc',
  cgroupRoot = '/sys/fs/cgroup',
): Target {
  return targetOf(scan, findWorkload(scan, wanted, procRoot), bytesPerHour, { procRoot, cgroupRoot });
}

function findWorkload(scan: Scan, wanted: string, procRoot: string): Subject {
  const subjects = scan.workloads.filter(({ memberIds }) => memberIds.length > 0).map(({ subject }) => subject);
  const exact = subjects.find(({ id, name }) => id === wanted || name === wanted || name === `${wanted}.service`);
  if (exact !== undefined) return exact;
  const pid = /^\d+$/.test(wanted) ? scan.processes.find(({ id }) => id.pid === Number(wanted)) : undefined;
  const ofPid = subjects.find(({ id }) => id === pid?.subject.workloadId);
  if (ofPid !== undefined) return ofPid;
  // The words of this very command are in its own name, and in that of what started it: sudo stanch do kill shop.
  const own = new Set(ownLine(procRoot));
  const isOthers = (subject: Subject) => scan.processes.some((each) => each.subject.workloadId === subject.id && !own.has(each.id.pid));
  const partly = subjects.filter((subject) => subject.name.includes(wanted) && isOthers(subject));
  const [only] = partly;
  if (only !== undefined && partly.length === 1) return only;
  const found =
    partly.length === 0
      ? 'none'
      : `${partly.length}: ${partly
          .slice(0, 5)
          .map(({ name }) => name)
          .join(', ')}`;
  throw new StanchError('STANCH_E_NO_SUBJECT', {
    expected: `one running workload named ${JSON.stringify(wanted)}`,
    found,
    next: 'stanch top shows them all; take the name, a part that only one has, or a pid.',
  });
}

function targetOf(
  scan: Scan,
  subject: Subject,
  bytesPerHour: number | null,
  { procRoot, cgroupRoot }: { procRoot: string; cgroupRoot: string },
): Target {
  const processes = scan.processes
    .filter((process) => process.subject.workloadId === subject.id && process.state !== 'Z')
    .map(({ id, command, sample }) => {
      const cgroup = cgroupOf(id.pid, procRoot);
      const score = readText(`${procRoot}/${id.pid}/oom_score_adj`, 64);
      return {
        id,
        parentPid: parentOf(id.pid, procRoot),
        command,
        privateBytes: privateOf(sample),
        cgroup,
        oomScoreAdj: isValue(score) && /^-?\d+\s*$/.test(score) ? Number(score) : null,
      };
    })
    .sort((a, b) => b.privateBytes - a.privateBytes);
  const unit = unitOfAll(processes);
  const unitCgroup = cgroupOfUnit(processes[0]?.cgroup ?? null, unit);
  const inUnit = unit === null ? [] : scan.processes.filter(({ id }) => unitIn(cgroupOf(id.pid, procRoot)) === unit);
  const others = new Set(inUnit.map((process) => process.subject.workloadId).filter((id) => id !== undefined && id !== subject.id));
  return {
    subject,
    processes,
    privateBytes: processes.reduce((sum, process) => sum + process.privateBytes, 0),
    unit,
    unitCgroup,
    home: homeOf(processes, cgroupRoot),
    unitHeldBytes:
      (unitCgroup === null ? null : readHeldBytes(`${cgroupRoot}${unitCgroup}`)) ??
      inUnit.reduce((sum, { sample }) => sum + privateOf(sample), 0),
    sharesUnitWith: scan.workloads.filter(({ subject: { id } }) => others.has(id)).map(({ subject: { name } }) => name),
    bytesPerHour,
  };
}

/** Whoever started others first: it ends them itself, and does not start them anew meanwhile. Else as they were. */
export function parentsFirst(processes: readonly TargetProcess[]): TargetProcess[] {
  const own = new Set(processes.map(({ id }) => id.pid));
  return [...processes].sort((a, b) => Number(own.has(a.parentPid)) - Number(own.has(b.parentPid)));
}

/** Private memory of a workload or process; what was not read counts as none. */
export function privateOf({ anonBytes, swapBytes }: Sample): number {
  return (valueOrNull(anonBytes) ?? 0) + (valueOrNull(swapBytes) ?? 0);
}

function cgroupOfUnit(cgroup: string | null, unit: string | null): string | null {
  if (cgroup === null || unit === null) return null;
  const parts = cgroup.split('/');
  return parts.slice(0, parts.indexOf(unit) + 1).join('/');
}

function homeOf(processes: readonly TargetProcess[], cgroupRoot: string): CgroupPlace | null {
  const [path, ...others] = new Set(processes.map(({ cgroup }) => cgroup));
  return path === undefined || path === null || path === '/' || others.length > 0 ? null : cgroupPlace(path, cgroupRoot);
}

function unitOfAll(processes: readonly TargetProcess[]): string | null {
  const units = new Set(processes.map(({ cgroup }) => unitIn(cgroup)));
  const [only] = units;
  return units.size === 1 ? (only ?? null) : null;
}

/** The service of the system's own systemd: not one of a user's, whose manager is another. */
function unitIn(cgroup: string | null): string | null {
  if (cgroup === null || /\/user@\d+\.service\//.test(cgroup)) return null;
  const name = cgroup.split('/').find((part) => part.endsWith('.service'));
  return name === undefined || !/^[\w.@\\:-]{1,255}$/.test(name) ? null : name;
}

function cgroupOf(pid: number, procRoot: string): string | null {
  const text = readText(`${procRoot}/${pid}/cgroup`, 16_384);
  if (!isValue(text)) return null;
  const { unified, systemd } = parsePidCgroup(text);
  return unified !== null && unified !== '/' ? unified : systemd;
}
