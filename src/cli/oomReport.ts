/** The post-mortem for whoever has to explain it: the latest kill in full, those before in a line each. Pure. */
import { formatBytes, formatDuration, formatTime } from '../model/units.ts';
import type { KillsDocument, PostMortemDocument } from '../serve/schema.ts';
import { agoPhrase } from './phrases.ts';
import { printable } from './printable.ts';
import type { Look } from './statusReport.ts';

const maxTasks = 8;
const maxBefore = 10;
const maxLost = 6;

export function oomReport({ kills, time }: KillsDocument, look: Look): string {
  const [latest, ...before] = kills;
  const nowMs = Date.parse(time);
  if (latest === undefined) return 'No process was killed for want of memory, as far as the log reaches.\n';
  const blocks = [inFull(latest, nowMs, look), tasks(latest), earlier(before, nowMs)];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function momentOf({ time, sinceBootMs }: PostMortemDocument, nowMs: number): string {
  if (time !== null) return `${formatTime(Date.parse(time))}, ${agoPhrase(time, nowMs)}`;
  return sinceBootMs === null ? 'at a time the log does not tell' : `${formatDuration(sinceBootMs)} after boot`;
}

function inFull(kill: PostMortemDocument, nowMs: number, { paint }: Look): string {
  const lines = [`${paint('red', 'KILLED')}  ${printable(kill.sentence)}`, ''];
  const add = (label: string, text: string) => lines.push(`  ${label.padEnd(9)}${printable(text)}`);
  const { victim, culprit } = kill;
  add('when', momentOf(kill, nowMs));
  add('where', scopeText(kill));
  const of = victim.cgroup === null ? '' : ` in ${victim.cgroup}`;
  const score = victim.oomScoreAdj === null || victim.oomScoreAdj === 0 ? '' : `, OOM score adjusted by ${victim.oomScoreAdj}`;
  add(
    'victim',
    `${victim.task}${victim.pid === null ? '' : ` (pid ${victim.pid})`}${victim.bytes === null ? '' : `, ${formatBytes(victim.bytes)}`}${of}${score}`,
  );
  add('culprit', culprit === null ? 'not known' : culpritText(culprit));
  if (kill.askedBy !== null) add('asked by', `${kill.askedBy}: it wanted memory when there was none, which is chance`);
  for (const [index, text] of kill.lost.slice(0, maxLost).entries()) add(index === 0 ? 'lost' : '', text);
  for (const [index, { text, command }] of kill.prevention.entries()) {
    add(index === 0 ? 'prevent' : '', `${text}${command === null ? '.' : `: ${command}`}`);
  }
  return lines.join('\n');
}

function scopeText({ scope, limitCgroup, limitBytes, swapTotalBytes, swapFreeBytes, by }: PostMortemDocument): string {
  if (by !== 'kernel') return `ended by ${by}, before the kernel had to`;
  if (scope === 'cgroup')
    return `${limitCgroup ?? 'a cgroup'} at its own limit${limitBytes === null ? '' : ` of ${formatBytes(limitBytes)}`}; the server itself had memory`;
  if (scope === 'nodes') return 'the memory nodes that the task may use';
  if (scope === 'unknown') return 'it is not told whether the server or a cgroup was out of memory';
  const swap =
    swapTotalBytes === null
      ? ''
      : swapTotalBytes === 0
        ? ', without swap'
        : `, ${formatBytes(swapFreeBytes ?? 0)} of ${formatBytes(swapTotalBytes)} of swap free`;
  return `the whole server was out of memory${swap}`;
}

function culpritText({ name, bytes, processes, grewBytes, overMs, isVictim, from }: NonNullable<PostMortemDocument['culprit']>): string {
  const size = `${formatBytes(bytes)}${processes === null ? '' : ` in ${processes} ${processes === 1 ? 'process' : 'processes'}`}`;
  const grew = grewBytes === null || overMs === null ? '' : `, grew by ${formatBytes(grewBytes)} in ${formatDuration(overMs)}`;
  const basis = from === 'history' ? '' : ' (the largest; who grew is not known without history)';
  return `${name}${isVictim ? ', the victim itself' : ''}: ${size}${grew}${basis}`;
}

function tasks({ tasks: all, taskCount, victim }: PostMortemDocument): string {
  if (all.length === 0) return '';
  const rows = all.slice(0, maxTasks).map(({ pid, name, residentBytes, swapBytes, oomScoreAdj }) => {
    const mark = pid === victim.pid ? '  killed' : '';
    return `${formatBytes(residentBytes).padStart(11)} ${formatBytes(swapBytes).padStart(9)} ${`${oomScoreAdj}`.padStart(6)}  ${pid} ${printable(name)}${mark}`;
  });
  const more = taskCount > rows.length ? [`            … ${taskCount - rows.length} more processes`] : [];
  return ['   resident      swap    adj  process at the moment of the kill', ...rows, ...more].join('\n');
}

function earlier(before: readonly PostMortemDocument[], nowMs: number): string {
  const lines = before.slice(0, maxBefore).map((kill) => `before     ${momentOf(kill, nowMs)}: ${printable(kill.sentence)}`);
  const rest = before.length - lines.length;
  return [...lines, ...(rest > 0 ? [`           … and ${rest} more: stanch oom --json`] : [])].join('\n');
}
