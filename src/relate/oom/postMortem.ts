/**
 * Who was killed, who made the memory short, what was lost, what would have prevented it. Pure: a kill and the history before it.
 *
 * The kernel ends the largest, which is often the database; the culprit is who *grew*. So history decides where there is one. Without it
 * the sizes at the kill are all there is, and it is said that they are.
 */
import type { Culprit, Kill, PostMortem, Prevention } from '../../model/kill.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';

/** One workload before the kill. */
export interface WorkloadBefore {
  subjectId: string;
  name: string;
  /** Name of its systemd unit, where it has one. */
  unit: string | null;
  /** Private memory when the time looked at began, or when it started; and right before the kill. */
  startBytes: number;
  endBytes: number;
  overMs: number;
  processes: number | null;
  /** The detector says that it leaks, or suspects it. */
  isLeaking: boolean;
}

export interface KillHistory {
  workloads: readonly WorkloadBefore[];
  /** Whose process was killed, and who could have been killed: workloads by process, as of the scan before. Null: not known any more. */
  workloadOf: ReadonlyMap<number, string> | null;
}

/** A growth smaller than this part of what the largest one grew does not make a leaker the culprit. */
const worthBlamingRatio = 0.25;
/** What grew by less than this part of itself did not grow. */
const hardlyGrewRatio = 0.05;
/** Of what the culprit had when memory ended: a limit there leaves the rest of it to the others. */
const limitRatio = 0.8;
const MiB = 1024 ** 2;

export function postMortem(kill: Kill, history: KillHistory | null): PostMortem {
  const victimWorkload = victimAmong(kill, history);
  const victim = {
    name: victimWorkload?.name ?? unitOf(kill.victim.cgroup) ?? kill.victim.name,
    subjectId: victimWorkload?.subjectId ?? null,
    bytes: victimBytes(kill),
  };
  const culprit = culpritByHistory(kill, history, victimWorkload) ?? culpritBySize(kill);
  return {
    id: killId(kill),
    kill,
    victim,
    culprit,
    lost: lostOf(kill, victim),
    prevention: preventionOf(kill, victim, culprit, history),
    sentence: sentenceOf(kill, victim, culprit),
  };
}

/** The same whoever reads the log: moment since boot where it is told, else the day's. */
export function killId({ sinceBootMs, atMs, victim }: Kill): string {
  const moment = sinceBootMs === null ? `t${Math.round((atMs ?? 0) / 1000)}` : `b${sinceBootMs}`;
  return `kill-${moment}-${victim.pid ?? 'group'}`;
}

function victimBytes({ victim: { anonBytes, swapBytes, shmemBytes } }: Kill): number | null {
  return anonBytes === null ? null : anonBytes + (swapBytes ?? 0) + (shmemBytes ?? 0);
}

function victimAmong({ victim }: Kill, history: KillHistory | null): WorkloadBefore | null {
  if (history === null) return null;
  const id = victim.pid === null ? undefined : history.workloadOf?.get(victim.pid);
  const unit = unitOf(victim.cgroup);
  return (
    history.workloads.find(({ subjectId }) => subjectId === id) ??
    history.workloads.find((workload) => unit !== null && workload.unit === unit) ??
    null
  );
}

/** `/system.slice/mariadb.service` → `mariadb.service`: the unit that a person knows, whatever lies below it. */
export function unitOf(cgroup: string | null): string | null {
  const units = (cgroup ?? '').split('/').filter((name) => /^[\w:.@\\-]{1,200}\.(?:service|scope)$/.test(name));
  // What a user's own manager runs says more than the manager.
  return units.find((name) => !/^user@\d+\.service$|^init\.scope$/.test(name)) ?? units[0] ?? null;
}

function culpritByHistory(kill: Kill, history: KillHistory | null, victim: WorkloadBefore | null): Culprit | null {
  if (history === null) return null;
  const couldBe = candidates(kill, history, victim);
  const byGrowth = [...couldBe].sort((a, b) => grewOf(b) - grewOf(a));
  const most = byGrowth[0];
  if (most === undefined || grewOf(most) <= Math.max(MiB, most.endBytes * hardlyGrewRatio)) return null;
  const leaker = byGrowth.find((workload) => workload.isLeaking && grewOf(workload) >= grewOf(most) * worthBlamingRatio);
  const { subjectId, name, endBytes, processes, overMs, ...rest } = leaker ?? most;
  const bytes = bytesAtKill(kill, history, subjectId) ?? endBytes;
  return {
    name,
    subjectId,
    bytes,
    processes,
    grewBytes: bytes - rest.startBytes,
    overMs,
    isVictim: subjectId === victim?.subjectId,
    from: 'history',
  };
}

const grewOf = ({ startBytes, endBytes }: WorkloadBefore) => endBytes - startBytes;

/** Where a cgroup was at its limit only those in it count: the kernel lists no others. */
function candidates(kill: Kill, { workloads, workloadOf }: KillHistory, victim: WorkloadBefore | null): readonly WorkloadBefore[] {
  if (kill.scope !== 'cgroup') return workloads;
  const listed = new Set(kill.tasks.flatMap(({ pid }) => workloadOf?.get(pid) ?? []));
  const unit = unitOf(kill.limitCgroup);
  const inside = workloads.filter((workload) => listed.has(workload.subjectId) || (unit !== null && workload.unit === unit));
  return inside.length > 0 ? inside : victim === null ? [] : [victim];
}

/** The kernel's own sizes of its processes, where it is known which they were. */
function bytesAtKill(kill: Kill, { workloadOf }: KillHistory, subjectId: string): number | null {
  const own = kill.tasks.filter(({ pid }) => workloadOf?.get(pid) === subjectId);
  return own.length === 0 ? null : own.reduce((sum, task) => sum + task.residentBytes + task.swapBytes, 0);
}

/** Without history: the program whose processes had the most. */
function culpritBySize({ tasks, victim }: Kill): Culprit | null {
  const groups = new Map<string, { bytes: number; processes: number }>();
  for (const { name, residentBytes, swapBytes } of tasks) {
    const group = groups.get(name) ?? { bytes: 0, processes: 0 };
    groups.set(name, { bytes: group.bytes + residentBytes + swapBytes, processes: group.processes + 1 });
  }
  const [largest] = [...groups].sort(([, a], [, b]) => b.bytes - a.bytes);
  if (largest === undefined) return null;
  const [name, { bytes, processes }] = largest;
  return { name, subjectId: null, bytes, processes, grewBytes: null, overMs: null, isVictim: name === victim.name, from: 'task-table' };
}

function lostOf({ victim, by, aftermath }: Kill, { name, bytes }: PostMortem['victim']): string[] {
  const who =
    victim.pid === null ? `every process of ${name}` : `process ${victim.pid} (${victim.name})${name === victim.name ? '' : ` of ${name}`}`;
  const size = bytes === null ? '' : `, with ${formatBytes(bytes)} of its memory`;
  const how = by === 'kernel' ? 'at once, without a chance to save anything' : `by ${by}`;
  return [`${who} ended ${how}${size}: requests, connections and unsaved work that it had are gone`, ...aftermath];
}

function sentenceOf(kill: Kill, victim: PostMortem['victim'], culprit: Culprit | null): string {
  const victimSize = victim.bytes === null ? '' : ` (${formatBytes(victim.bytes)})`;
  const killed = `${kill.by === 'kernel' ? 'The kernel' : kill.by} killed ${victim.name}${victimSize} because ${reasonOf(kill)}`;
  if (culprit === null) return `${killed}; who used it up is not known.`;
  const size = `${formatBytes(culprit.bytes)}${culprit.processes !== null && culprit.processes > 1 ? ` in ${culprit.processes} processes` : ''}`;
  if (culprit.from === 'task-table') {
    return culprit.isVictim
      ? `${killed}; it was also the largest, ${size}.`
      : `${killed}; the largest was ${culprit.name}, ${size}. Who grew is not known: there is no history.`;
  }
  const grew = `grew by ${formatBytes(culprit.grewBytes ?? 0)} in ${formatDuration(culprit.overMs ?? 0)} to ${size}`;
  return culprit.isVictim ? `${killed}; it was the one that ${grew}.` : `${killed}, but the culprit is ${culprit.name}: it ${grew}.`;
}

function reasonOf(kill: Kill): string {
  if (kill.scope === 'unknown') return 'memory had run out';
  if (kill.scope !== 'cgroup') return 'the server was out of memory';
  return `${unitOf(kill.limitCgroup) ?? kill.limitCgroup ?? 'a cgroup'} was at its own limit${limitText(kill)}`;
}

function limitText({ limitBytes }: Kill): string {
  return limitBytes === null ? '' : ` of ${formatBytes(limitBytes)}`;
}

/** A name as a word of a command: only where a shell takes it as it stands, or as it stands in quotes. */
function wordOf(name: string): string | null {
  if (/^[\w:.@][\w:.@-]{0,199}$/.test(name)) return name;
  return /^[\w:.@/][\w:.@/ ,*()-]{0,199}$/.test(name) ? `'${name}'` : null;
}

function preventionOf(kill: Kill, victim: PostMortem['victim'], culprit: Culprit | null, history: KillHistory | null): Prevention[] {
  const found: Prevention[] = [];
  const add = (text: string, command: string, word: string | null) => found.push({ text, command: word === null ? null : command });
  if (culprit !== null && kill.scope !== 'cgroup') {
    const limit = limitOf(kill, culprit, history);
    if (limit !== null) found.push(limit);
  }
  if (culprit?.from === 'history') {
    const [culpritWord, victimWord] = [wordOf(culprit.name), wordOf(victim.name)];
    if (!culprit.isVictim) add(`Protected, ${victim.name} would not have been chosen`, `stanch do protect ${victimWord}`, victimWord);
    add(`Find where ${culprit.name} keeps what it should free`, `stanch why ${culpritWord}`, culpritWord);
    add('Limits, and how often to recycle it until then', `stanch advise ${culpritWord}`, culpritWord);
  }
  if (kill.swapTotalBytes === 0 && kill.scope === 'host') {
    found.push({ text: 'There was no swap: some would have bought time to act', command: 'stanch advise' });
  }
  if (culprit?.from !== 'history') {
    found.push({ text: 'With stanch running before it happens, the next post-mortem knows who grew', command: 'stanch run' });
  }
  return found;
}

/** One that is met before the server is out of memory. Null: what it runs in is not known. */
function limitOf(kill: Kill, culprit: Culprit, history: KillHistory | null): Prevention | null {
  const limitMiB = Math.max(1, Math.floor((culprit.bytes * limitRatio) / MiB));
  const left = formatBytes(culprit.bytes - limitMiB * MiB);
  const text = (name: string) =>
    `A limit of its own at ${Math.round(limitRatio * 100)} % of what it had would have ended ${name} inside it, and left ${left} to the others`;
  if (culprit.from === 'history') {
    const word = wordOf(culprit.name);
    return { text: text(culprit.name), command: word === null ? null : `stanch do limit ${word} --max ${limitMiB}MiB` };
  }
  const unit = culprit.isVictim && history === null ? unitOf(kill.victim.cgroup) : null;
  const word = unit === null ? null : wordOf(unit);
  return unit === null || word === null ? null : { text: text(unit), command: `systemctl set-property ${word} MemoryMax=${limitMiB}M` };
}
