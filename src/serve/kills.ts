/** `/api/v1/kills`, and the latest of them for the status. */
import type { PostMortem } from '../model/kill.ts';
import type { KillsDocument, PostMortemDocument, StatusDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

const recentMs = 86_400_000;
const maxRecent = 5;

export function killsDocument(source: LiveSource): KillsDocument {
  return { schema: 'stanch.kills/1', time: new Date(source.scan().timeMs).toISOString(), kills: source.kills().map(postMortemDocument) };
}

export function postMortemDocument({ id, kill, victim, culprit, lost, prevention, sentence }: PostMortem): PostMortemDocument {
  const { by, scope, limitCgroup, limitBytes, swapTotalBytes, swapFreeBytes, askedBy, sinceBootMs, tasks, taskCount } = kill;
  return {
    id,
    time: timeOf(kill.atMs),
    sinceBootMs,
    by,
    scope,
    limitCgroup,
    limitBytes,
    swapTotalBytes,
    swapFreeBytes,
    askedBy,
    sentence,
    victim: { ...victim, pid: kill.victim.pid, task: kill.victim.name, cgroup: kill.victim.cgroup, oomScoreAdj: kill.victim.oomScoreAdj },
    culprit,
    lost,
    prevention,
    tasks,
    taskCount,
  };
}

export function recentKills(source: LiveSource): StatusDocument['kills'] {
  const afterMs = source.scan().timeMs - recentMs;
  return source
    .kills()
    .filter(({ kill }) => kill.atMs === null || kill.atMs >= afterMs)
    .slice(0, maxRecent)
    .map(({ id, kill, sentence }) => ({ id, time: timeOf(kill.atMs), sentence }));
}

function timeOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
