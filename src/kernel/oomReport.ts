/**
 * What the kernel writes when it ends a process for want of memory, line by line, as Linux 5.0 and later do:
 *
 *   php invoked oom-killer: gfp_mask=0x100cca(…), order=0, oom_score_adj=0
 *   memory: usage 153600kB, limit 153600kB, failcnt 318                       only of a cgroup
 *   Free swap  = 0kB                                                          only of the host
 *   Tasks state (memory values in pages):
 *   [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
 *   [    402]    33   402    53831    41734   413696        0             0 php
 *   oom-kill:constraint=CONSTRAINT_MEMCG,…,oom_memcg=/a,task_memcg=/a,task=php,pid=402,uid=33
 *   Memory cgroup out of memory: Killed process 402 (php) total-vm:215324kB, anon-rss:153008kB, file-rss:…
 *
 * Linux 5.0 has the last one in two: `… Kill process 402 (php) score 800 or sacrifice child`, then `Killed process 402 (php) total-vm:…`.
 * Columns of the table differ between versions; the heading names them. mm/oom_kill.c
 */
import type { Kill, KillTask } from '../model/kill.ts';
import type { KernelLogLine } from './kernelLogText.ts';

const maxTasks = 5000;
/** Of each kill, largest first. */
const keptTasks = 40;
const maxAftermath = 12;
/** Of which systemd may still have something to say. */
const keptKills = 50;
const usualPageBytes = 4096;

/** The report that is being read. */
interface Context {
  askedBy: string | null;
  limitBytes: number | null;
  swapTotalBytes: number | null;
  swapFreeBytes: number | null;
  columns: string[];
  rows: Row[];
  scope: Kill['scope'];
  limitCgroup: string | null;
  /** By pid. */
  victimCgroup: { pid: number; path: string } | null;
}

interface Row {
  pid: number;
  uid: number;
  totalPages: number;
  residentPages: number;
  swapPages: number;
  oomScoreAdj: number;
  name: string;
}

function emptyContext(askedBy: string | null): Context {
  return {
    askedBy,
    limitBytes: null,
    swapTotalBytes: null,
    swapFreeBytes: null,
    columns: [],
    rows: [],
    scope: 'unknown',
    limitCgroup: null,
    victimCgroup: null,
  };
}

/** `kswapd0: page allocation failure: order:0, mode:…`: small ones only, as large ones fail for want of pages that lie together. */
export function isFailedAllocation({ source, message }: KernelLogLine): boolean {
  return source === 'kernel' && /^.{1,64}: page allocation failure: order:[01],/.test(message);
}

/** Takes lines in their order, and answers with a kill as soon as its last line was seen. */
export class OomReader {
  #context = emptyContext(null);
  /** The newest last. */
  #recent: Kill[] = [];

  push(line: KernelLogLine): Kill | null {
    const kill = line.source === 'kernel' ? this.#ofKernel(line) : this.#ofProgram(line);
    if (kill !== null) this.#recent = [...this.#recent, kill].slice(-keptKills);
    return kill;
  }

  #ofKernel(line: KernelLogLine): Kill | null {
    const { message } = line;
    const asked = /^(.{1,64}) invoked oom-killer: /.exec(message);
    if (asked !== null) this.#context = emptyContext(asked[1] ?? null);
    else if (message.startsWith('[')) this.#tableLine(message);
    else if (message.startsWith('oom-kill:constraint=')) this.#summary(message);
    else if (message.includes('Kill')) return this.#killed(line);
    else this.#figure(message);
    return null;
  }

  #figure(message: string): void {
    const figure = /^(memory: usage \d{1,15}kB, limit|Free swap {1,2}=|Total swap =) (\d{1,15})kB/.exec(message);
    if (figure === null) return;
    const bytes = Number(figure[2]) * 1024;
    if (figure[1]?.startsWith('memory')) this.#context.limitBytes = bytes;
    else if (figure[1]?.startsWith('Free')) this.#context.swapFreeBytes = bytes;
    else this.#context.swapTotalBytes = bytes;
  }

  #tableLine(message: string): void {
    const heading = /^\[ {1,8}pid {1,8}\] {1,8}(uid .{1,200}) name$/.exec(message);
    if (heading !== null) {
      this.#context.columns = (heading[1] ?? '').trim().split(/ +/);
      this.#context.rows = [];
      return;
    }
    const { columns, rows } = this.#context;
    const match = /^\[ {0,20}(\d{1,10})\] {1,20}(.{1,400})$/.exec(message);
    if (match === null || columns.length === 0 || rows.length >= maxTasks) return;
    const words = (match[2] ?? '').split(/ +/, columns.length);
    if (words.length < columns.length || !words.every((word) => /^-?\d{1,20}$/.test(word))) return;
    const at = (name: string) => Number(words[columns.indexOf(name)] ?? Number.NaN);
    const row = { totalPages: at('total_vm'), residentPages: at('rss'), swapPages: at('swapents'), oomScoreAdj: at('oom_score_adj') };
    if (!Object.values(row).every(Number.isFinite) || !Number.isFinite(at('uid'))) return;
    rows.push({ pid: Number(match[1]), uid: at('uid'), ...row, name: afterWords(match[2] ?? '', columns.length) });
  }

  /** Names of cgroups and tasks may hold commas: each is looked for from its own side. */
  #summary(message: string): void {
    const constraint = /^oom-kill:constraint=CONSTRAINT_(NONE|MEMCG|CPUSET|MEMORY_POLICY),/.exec(message)?.[1];
    const taskCgroupAt = message.indexOf(',task_memcg=');
    const taskAt = message.indexOf(',task=', taskCgroupAt);
    const end = /,pid=(\d{1,10}),uid=\d{1,10}$/.exec(message.slice(-40));
    if (constraint === undefined) return;
    this.#context.scope = constraint === 'NONE' ? 'host' : constraint === 'MEMCG' ? 'cgroup' : 'nodes';
    if (taskCgroupAt < 0 || taskAt < 0 || end === null) return;
    const limitAt = message.indexOf(',oom_memcg=');
    if (limitAt >= 0) this.#context.limitCgroup = message.slice(limitAt + ',oom_memcg='.length, taskCgroupAt);
    this.#context.victimCgroup = { pid: Number(end[1]), path: message.slice(taskCgroupAt + ',task_memcg='.length, taskAt) };
  }

  #killed(line: KernelLogLine): Kill | null {
    const scope = /^(?:Memory cgroup out of memory|(Out of memory))[^:]{0,60}: Kill/.exec(line.message);
    // Without a summary, as it may be in a log that was cut, the first words still tell.
    if (scope !== null && this.#context.scope === 'unknown') this.#context.scope = scope[1] === undefined ? 'cgroup' : 'host';
    // The name may hold whatever a program likes: it ends where the sizes begin for the last time.
    const match =
      /(?:^|: )Killed process (\d{1,10}) \((.{0,64})\),? total-vm:(\d{1,18})kB, anon-rss:(\d{1,18})kB, file-rss:(\d{1,18})kB(.{0,200})$/.exec(
        line.message,
      );
    if (match === null) return null;
    const [, pidText, name = '', totalKb, anonKb, fileKb, more = ''] = match;
    const pid = Number(pidText);
    const after = (pattern: RegExp): number | null => {
      const found = pattern.exec(more)?.[1];
      return found === undefined ? null : Number(found);
    };
    const { rows, columns: _, victimCgroup, ...told } = this.#context;
    const row = rows.find((task) => task.pid === pid);
    const pageBytes = pageBytesOf(row, Number(totalKb) * 1024);
    const shmemKb = after(/shmem-rss:(\d{1,18})kB/);
    return {
      by: 'kernel',
      atMs: line.atMs,
      sinceBootMs: line.sinceBootMs,
      ...told,
      victim: {
        pid,
        name,
        cgroup: victimCgroup?.pid === pid ? victimCgroup.path : null,
        uid: after(/UID:(\d{1,10})/) ?? row?.uid ?? null,
        anonBytes: Number(anonKb) * 1024,
        fileBytes: Number(fileKb) * 1024,
        shmemBytes: shmemKb === null ? null : shmemKb * 1024,
        swapBytes: row === undefined ? null : row.swapPages * pageBytes,
        oomScoreAdj: after(/oom_score_adj:(-?\d{1,4})/) ?? row?.oomScoreAdj ?? null,
      },
      tasks: largest(rows, pageBytes),
      taskCount: rows.length,
      aftermath: [],
    };
  }

  #ofProgram(line: KernelLogLine): Kill | null {
    if (line.source === 'systemd-oomd') return byOomd(line);
    if (line.source === 'earlyoom') return byEarlyoom(line);
    this.#takeAftermath(line.message);
    return null;
  }

  /** What systemd says of a unit belongs to the last kill in it. */
  #takeAftermath(message: string): void {
    const match = aftermath.exec(message);
    const unit = match?.[1] ?? match?.[2];
    const kill = this.#recent.findLast(({ victim }) => unit !== undefined && victim.cgroup?.split('/').includes(unit));
    if (kill !== undefined && kill.aftermath.length < maxAftermath) kill.aftermath.push(message);
  }
}

const aftermath =
  /^(?:(\S{1,200}): (?:Failed with result 'oom-kill'|Main process exited, code=killed|Scheduled restart job)|Started (\S{1,200}\.service))/;

/** systemd-oomd(8): it ends whole cgroups, and says so only in the journal. */
function byOomd(line: KernelLogLine): Kill | null {
  const match = /^Killed (\/.{1,1000}) due to (memory|swap|.{1,40}?) .{1,600}$/.exec(line.message);
  const cgroup = match?.[1];
  if (cgroup === undefined) return null;
  return { ...byProgram(line, 'systemd-oomd'), victim: { ...unknownVictim, name: cgroup.slice(cgroup.lastIndexOf('/') + 1), cgroup } };
}

function byEarlyoom(line: KernelLogLine): Kill | null {
  const match = /^sending SIG(?:TERM|KILL) to process (\d{1,10}) uid (\d{1,10}) "(.{0,64}?)": .{0,60}VmRSS (\d{1,12}) MiB/.exec(
    line.message,
  );
  if (match === null) return null;
  const victim = {
    ...unknownVictim,
    pid: Number(match[1]),
    uid: Number(match[2]),
    name: match[3] ?? '',
    anonBytes: Number(match[4]) * 1024 ** 2,
  };
  return { ...byProgram(line, 'earlyoom'), victim };
}

const unknownVictim: Kill['victim'] = {
  pid: null,
  name: '',
  cgroup: null,
  uid: null,
  anonBytes: null,
  fileBytes: null,
  shmemBytes: null,
  swapBytes: null,
  oomScoreAdj: null,
};

function byProgram({ atMs, sinceBootMs }: KernelLogLine, by: Kill['by']): Omit<Kill, 'victim'> {
  const { askedBy, limitBytes, swapTotalBytes, swapFreeBytes, limitCgroup } = emptyContext(null);
  return {
    by,
    atMs,
    sinceBootMs,
    scope: 'host',
    limitCgroup,
    limitBytes,
    swapTotalBytes,
    swapFreeBytes,
    askedBy,
    tasks: [],
    taskCount: 0,
    aftermath: [],
  };
}

/** The table is in pages and does not say how large they are; the line of the victim is in kB. */
function pageBytesOf(row: Row | undefined, totalBytes: number): number {
  if (row === undefined || row.totalPages <= 0 || totalBytes <= 0) return usualPageBytes;
  return 2 ** Math.round(Math.log2(totalBytes / row.totalPages));
}

function largest(rows: readonly Row[], pageBytes: number): KillTask[] {
  return rows
    .map(({ pid, name, uid, residentPages, swapPages, oomScoreAdj }) => ({
      pid,
      name,
      uid,
      residentBytes: residentPages * pageBytes,
      swapBytes: swapPages * pageBytes,
      oomScoreAdj,
    }))
    .sort((a, b) => b.residentBytes + b.swapBytes - a.residentBytes - a.swapBytes)
    .slice(0, keptTasks);
}

/** What follows the first `count` words: a name, blanks and all. */
function afterWords(text: string, count: number): string {
  let at = 0;
  for (let word = 0; word < count; word += 1) {
    while (text[at] === ' ') at += 1;
    while (at < text.length && text[at] !== ' ') at += 1;
  }
  return text.slice(at + 1, at + 65);
}
