/**
 * The life of a finding: when a verdict has lasted long enough to be told, and when it is over.
 * Pure: state and verdict in, state out. The detector asks for evidence before it says `leak`, so that a leak is told at once;
 * a suspicion must last, and a finding ends only when the contrary has lasted as well.
 *
 *   none ──suspect lasts──▶ suspect ──leak──▶ confirmed ──no leak lasts, or gone──▶ resolved ──leak──▶ recurred
 */
import type { Finding } from '../model/finding.ts';
import type { Subject } from '../model/subject.ts';
import type { ResourceVerdict } from '../model/verdict.ts';

export interface FindingTrack {
  finding: Finding | null;
  /** Since when the verdict has been pulling towards another state, ms since the epoch. */
  pullingSinceMs: number | null;
}

export interface FindingPace {
  suspectAfterMs: number;
  resolveAfterMs: number;
}

/** A leak that comes back later than this is a new finding. */
const recurrenceMs = 30 * 86_400_000;

export function findingPace(intervalMs: number): FindingPace {
  return { suspectAfterMs: intervalMs * 6, resolveAfterMs: Math.max(intervalMs * 60, 600_000) };
}

/** One step. `verdict` null: the subject is gone. Returns the same object when nothing changed. */
export function stepFinding(
  track: FindingTrack,
  subject: Subject,
  verdict: ResourceVerdict | null,
  nowMs: number,
  pace: FindingPace,
): FindingTrack {
  const open = track.finding !== null && track.finding.state !== 'resolved' ? track.finding : null;
  if (verdict?.verdict === 'leak') return confirm(track, subject, verdict, nowMs);
  if (verdict?.verdict === 'suspect') return suspect(track, open, subject, verdict, nowMs, pace);
  if (open === null) return track.pullingSinceMs === null ? track : { finding: track.finding, pullingSinceMs: null };
  // Undecided is not the contrary: only a clear no, or the end of the subject, resolves.
  if (verdict?.verdict === 'undecided') return settle(open, verdict, nowMs);
  return resolve(track, open, verdict, nowMs, pace);
}

function confirm(track: FindingTrack, subject: Subject, verdict: ResourceVerdict, nowMs: number): FindingTrack {
  const old = track.finding;
  const fresh = old === null || (old.state === 'resolved' && nowMs - old.stateSinceMs > recurrenceMs);
  if (fresh) return { finding: newFinding('confirmed', subject, verdict, nowMs), pullingSinceMs: null };
  if (old.state === 'confirmed' || old.state === 'recurred') return settle(old, verdict, nowMs);
  const state = old.state === 'resolved' ? 'recurred' : 'confirmed';
  return { finding: { ...old, state, stateSinceMs: nowMs, lastSeenMs: nowMs, verdict }, pullingSinceMs: null };
}

function suspect(
  track: FindingTrack,
  open: Finding | null,
  subject: Subject,
  verdict: ResourceVerdict,
  nowMs: number,
  pace: FindingPace,
): FindingTrack {
  // A confirmed leak that is merely suspected now has not ended.
  if (open !== null) return settle(open, verdict, nowMs);
  // After a resolved finding only a leak is news again; a new suspicion would hide that it came back.
  if (track.finding !== null && nowMs - track.finding.stateSinceMs <= recurrenceMs) return track;
  const sinceMs = track.pullingSinceMs ?? nowMs;
  if (nowMs - sinceMs < pace.suspectAfterMs) return { finding: track.finding, pullingSinceMs: sinceMs };
  return { finding: newFinding('suspect', subject, verdict, nowMs), pullingSinceMs: null };
}

function resolve(track: FindingTrack, open: Finding, verdict: ResourceVerdict | null, nowMs: number, pace: FindingPace): FindingTrack {
  const sinceMs = track.pullingSinceMs ?? nowMs;
  if (nowMs - sinceMs < pace.resolveAfterMs) return { finding: open, pullingSinceMs: sinceMs };
  const finding: Finding = { ...open, state: 'resolved', stateSinceMs: nowMs, verdict: verdict ?? open.verdict };
  return { finding, pullingSinceMs: null };
}

function settle(open: Finding, verdict: ResourceVerdict, nowMs: number): FindingTrack {
  return { finding: { ...open, lastSeenMs: nowMs, verdict }, pullingSinceMs: null };
}

function newFinding(state: Finding['state'], subject: Subject, verdict: ResourceVerdict, nowMs: number): Finding {
  return {
    id: `f-${subject.id}-${verdict.resource}-${nowMs.toString(36)}`,
    subjectId: subject.id,
    subjectName: subject.name,
    state,
    stateSinceMs: nowMs,
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
    verdict,
  };
}
