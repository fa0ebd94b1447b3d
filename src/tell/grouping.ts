/**
 * Findings, thresholds and events to incidents: one for each cause. The cause is the subject that leaks, whatever it leaks; the trouble of
 * the host belongs to the leak that fills it, and is an incident of its own only while nobody is known to do so. Pure: incidents and news
 * in, incidents out, the same objects where nothing changed.
 */
import type { ServerEvent } from '../model/event.ts';
import type { Finding } from '../model/finding.ts';
import { type Concern, type Incident, type IncidentFix, isOpen } from '../model/incident.ts';
import { formatDuration } from '../model/units.ts';
import type { Resource } from '../model/verdict.ts';
import { severityOf } from './severity.ts';

export interface News {
  nowMs: number;
  /** Every finding that is followed, the resolved ones among them. */
  findings: readonly Finding[];
  /** Everything that stands. */
  concerns: readonly Concern[];
  /** What happened since the step before. */
  events: readonly ServerEvent[];
  /** What new builds did to leaks, as far as it was judged since the step before. */
  fixes: readonly FixNews[];
  /** What happened in the time before that, for the beginning of a timeline. */
  before: readonly ServerEvent[];
  nameOf(subjectId: string): string;
}

export interface FixNews {
  subjectId: string;
  /** Null: it does not run, was not started anew since its leak began, or nothing can be said yet. */
  fix: Omit<IncidentFix, 'sinceMs'> | null;
}

export const maxEvents = 200;
const keptFirst = 50;
/** What comes back later is a new incident. */
const recurrenceMs = 30 * 86_400_000;
/** After a kill it is over when so long nothing more happens. */
const calmAfterKillMs = 1_800_000;
const hostName = 'the server';

export function stepIncidents(incidents: readonly Incident[], news: News): Incident[] {
  const draft = new Draft(incidents, news);
  draft.takeFixes();
  draft.takeFindings();
  draft.takeConcerns();
  draft.takeEvents();
  return draft.settled();
}

/** Suspicions are told only where waiting for certainty would be too late. */
function tells({ state, verdict }: Finding): boolean {
  return state === 'confirmed' || state === 'recurred' || (state === 'suspect' && verdict.urgency.level === 'now');
}

class Draft {
  readonly #news: News;
  readonly #all: Incident[];
  readonly #standing = new Map<string, { findings: Finding[]; concerns: Concern[] }>();

  constructor(incidents: readonly Incident[], news: News) {
    this.#all = [...incidents];
    this.#news = news;
  }

  /** A new build that is free of the leak excuses what was found before it; one that is not keeps the incident open, or opens it again. */
  takeFixes(): void {
    for (const { subjectId, fix } of this.#news.fixes) {
      const incident = this.#latestOf(subjectId);
      if (incident === null || !isProcessMemory(incident.verdict?.resource ?? 'fds')) continue;
      if (fix === null) {
        if (incident.fix !== null && incident.fix.word !== 'gone') this.#change(incident.id, { fix: null });
        continue;
      }
      const known = incident.fix;
      if (known !== null && known.restartMs === fix.restartMs && known.word === fix.word) continue;
      const { nowMs } = this.#news;
      const recurs = !isOpen(incident) && fix.word !== 'gone' && fix.newBuild !== null && nowMs - incident.stateSinceMs <= recurrenceMs;
      if (recurs) this.#recur(incident);
      this.#change(incident.id, { fix: { ...fix, sinceMs: nowMs } });
      this.#tell(incident.id, { atMs: nowMs, kind: 'change', subjectId, severity: 'info', text: fixSentence(fix) });
    }
    for (const incident of this.#all.filter((candidate) => this.#isStillThere(candidate))) {
      const { subjectId, subjectName, fix } = incident;
      const { newBuild, text, sinceMs } = fix ?? { newBuild: null, text: '', sinceMs: 0 };
      this.#stand(incident.id).concerns.push({
        key: 'fix',
        subjectId,
        subjectName,
        severity: 'warning',
        sinceMs,
        text: `after a new build (${newBuild}) ${text}`,
      });
    }
  }

  /** A new build that leaks as well holds it open until the detector, which saw it later, says that it is over. */
  #isStillThere({ subjectId, state, fix }: Incident): boolean {
    if (state === 'resolved' || fix === null || fix.word === 'gone' || fix.newBuild === null) return false;
    return !this.#news.findings.some(
      (finding) =>
        finding.subjectId === subjectId &&
        isProcessMemory(finding.verdict.resource) &&
        finding.state === 'resolved' &&
        finding.stateSinceMs > fix.sinceMs,
    );
  }

  #isExcused({ subjectId, stateSinceMs, verdict }: Finding): boolean {
    const fix = this.#latestOf(subjectId)?.fix ?? null;
    return fix?.word === 'gone' && fix.newBuild !== null && isProcessMemory(verdict.resource) && stateSinceMs <= fix.sinceMs;
  }

  takeFindings(): void {
    const told = this.#news.findings.filter((finding) => tells(finding) && !this.#isExcused(finding));
    const hasCulprit = told.some(({ subjectId, verdict }) => subjectId !== 'host' && isProcessMemory(verdict.resource));
    for (const finding of told) {
      // The host's own growth is what the culprit's growth looks like from outside.
      if (finding.subjectId === 'host' && hasCulprit && isProcessMemory(finding.verdict.resource)) continue;
      const isHost = finding.subjectId === 'host';
      const incident = this.#incidentOf(
        isHost ? null : finding.subjectId,
        isHost ? hostName : finding.subjectName,
        finding.stateSinceMs,
        fillsHost(finding.verdict.resource),
      );
      if (incident === null) continue;
      const isNew = !incident.findingIds.includes(finding.id);
      if (isNew) this.#change(incident.id, { findingIds: [...incident.findingIds, finding.id].slice(-50) });
      if (isNew || finding.stateSinceMs > incident.lastSeenMs) this.#tell(incident.id, findingEvent(finding));
      this.#stand(incident.id).findings.push(finding);
    }
  }

  takeConcerns(): void {
    for (const concern of this.#news.concerns) {
      const leading = concern.subjectId === null ? this.#leading() : null;
      const incident =
        leading ?? this.#incidentOf(concern.subjectId, concern.subjectId === null ? hostName : concern.subjectName, concern.sinceMs);
      if (incident === null) continue;
      if (!incident.concerns.some(({ key }) => key === concern.key)) {
        const { sinceMs: atMs, severity, subjectId, text } = concern;
        if (concern.key !== 'stage')
          this.#tell(incident.id, { atMs, kind: 'finding', subjectId, severity, text: `${concern.subjectName}: ${text}.` });
      }
      this.#stand(incident.id).concerns.push(concern);
    }
  }

  takeEvents(): void {
    for (const told of this.#news.events) {
      const event = told.subjectId === 'host' ? { ...told, subjectId: null } : told;
      const owner = this.#ownerOf(event);
      if (owner !== null) this.#tell(owner.id, event);
    }
  }

  #ownerOf(event: ServerEvent): Incident | null {
    const own = event.subjectId === null ? null : this.#openOf(event.subjectId);
    if (own !== null) return own;
    if (event.kind === 'kill') {
      const { subjectId } = event;
      return this.#incidentOf(subjectId, subjectId === null ? hostName : this.#news.nameOf(subjectId), event.atMs);
    }
    return event.subjectId === null ? (this.#leading() ?? this.#openOf(null)) : null;
  }

  /** The incident whose leak fills the host: the one that ends it first. */
  #leading(): Incident | null {
    const filling = this.#all.filter(
      (incident) => isOpen(incident) && incident.verdict !== null && fillsHost(incident.verdict.resource) && incident.subjectId !== null,
    );
    return filling.sort((a, b) => endOf(a) - endOf(b))[0] ?? this.#standingLeader();
  }

  /** One that was opened in this very step has no verdict yet. */
  #standingLeader(): Incident | null {
    for (const [id, { findings }] of this.#standing) {
      const incident = this.#get(id);
      if (incident.subjectId !== null && findings.some(({ verdict }) => fillsHost(verdict.resource))) return incident;
    }
    return null;
  }

  #openOf(subjectId: string | null): Incident | null {
    return this.#all.find((incident) => incident.subjectId === subjectId && isOpen(incident)) ?? null;
  }

  /** The open one; the one that was over and has come back; the host's trouble, whose culprit is known now; or a new one. Null: somebody said that it is done. */
  #incidentOf(subjectId: string | null, subjectName: string, sinceMs: number, fills = false): Incident | null {
    const open = this.#openOf(subjectId);
    if (open !== null) return open;
    const over = this.#latestOf(subjectId);
    if (over !== null && this.#news.nowMs - over.stateSinceMs <= recurrenceMs)
      return sinceMs <= over.stateSinceMs ? null : this.#recur(over);
    const host = subjectId === null || !fills ? null : this.#openOf(null);
    // A kill alone says nothing of who fills the host.
    if (host !== null && host.concerns.length > 0) return this.#change(host.id, { subjectId, subjectName });
    return this.#open(subjectId, subjectName);
  }

  #latestOf(subjectId: string | null): Incident | null {
    const own = this.#all.filter((incident) => incident.subjectId === subjectId);
    return this.#openOf(subjectId) ?? own.sort((a, b) => b.stateSinceMs - a.stateSinceMs)[0] ?? null;
  }

  #recur({ id, recurrences }: Incident): Incident {
    return this.#change(id, { state: 'recurred', stateSinceMs: this.#news.nowMs, recurrences: recurrences + 1, concerns: [] });
  }

  #open(subjectId: string | null, subjectName: string): Incident {
    const { nowMs, before } = this.#news;
    const incident: Incident = {
      id: `i-${subjectId ?? 'host'}-${Math.round(nowMs).toString(36)}`,
      subjectId,
      subjectName,
      state: 'open',
      stateSinceMs: nowMs,
      severity: 'info',
      openedMs: nowMs,
      lastSeenMs: nowMs,
      silencedUntilMs: null,
      owner: null,
      notes: [],
      verdict: null,
      concerns: [],
      findingIds: [],
      fix: null,
      timeline: before.filter((event) => event.subjectId === subjectId || isOfAll(event)).slice(-keptFirst),
      droppedEvents: 0,
      recurrences: 0,
    };
    this.#all.push(incident);
    return incident;
  }

  settled(): Incident[] {
    return this.#all.map((incident) => (isOpen(incident) ? this.#settle(incident) : incident));
  }

  #settle(incident: Incident): Incident {
    const { nowMs } = this.#news;
    const { findings, concerns } = this.#standing.get(incident.id) ?? { findings: [], concerns: [] };
    const latestKillMs = incident.timeline.findLast(({ kind }) => kind === 'kill')?.atMs ?? Number.NEGATIVE_INFINITY;
    const recentKill = nowMs - latestKillMs < calmAfterKillMs;
    if (findings.length === 0 && concerns.length === 0 && !recentKill) return this.#resolved(incident);
    const verdict = gravest(findings) ?? (recentKill || !isDisproved(incident, concerns) ? incident.verdict : null);
    const isHeard = incident.state === 'silenced' && (incident.silencedUntilMs ?? 0) <= nowMs;
    const standing = { ...incident, verdict, concerns, lastSeenMs: nowMs };
    const severity = recentKill ? 'critical' : severityOf({ verdict: findings.length === 0 ? null : verdict, concerns }, nowMs);
    const state = isHeard ? ({ state: 'open', stateSinceMs: nowMs, silencedUntilMs: null } as const) : {};
    return { ...standing, severity, ...state };
  }

  #resolved(incident: Incident): Incident {
    const { nowMs } = this.#news;
    const text = `Over, after ${formatDuration(nowMs - incident.openedMs)}.`;
    const event: ServerEvent = { atMs: nowMs, kind: 'change', subjectId: incident.subjectId, severity: 'info', text };
    return { ...withEvent(incident, event), state: 'resolved', stateSinceMs: nowMs, silencedUntilMs: null };
  }

  #stand(id: string): { findings: Finding[]; concerns: Concern[] } {
    const known = this.#standing.get(id) ?? { findings: [], concerns: [] };
    this.#standing.set(id, known);
    return known;
  }

  #get(id: string): Incident {
    const found = this.#all.find((incident) => incident.id === id);
    if (found === undefined) throw new Error(`no incident ${id}`);
    return found;
  }

  #change(id: string, values: Partial<Incident>): Incident {
    const changed = { ...this.#get(id), ...values };
    this.#all[this.#all.findIndex((incident) => incident.id === id)] = changed;
    return changed;
  }

  #tell(id: string, event: ServerEvent): void {
    this.#change(id, withEvent(this.#get(id), event));
  }
}

/** With an event in its place; the middle of a long timeline makes room. */
export function withEvent(incident: Incident, event: ServerEvent): Incident {
  const timeline = [...incident.timeline];
  const at = timeline.findLastIndex(({ atMs }) => atMs <= event.atMs) + 1;
  timeline.splice(at, 0, event);
  if (timeline.length <= maxEvents) return { ...incident, timeline };
  timeline.splice(keptFirst, 1);
  return { ...incident, timeline, droppedEvents: incident.droppedEvents + 1 };
}

/** What went on in the whole server. A kill of which nobody is known to be the cause, such as one at the limit of a container, is not of all. */
function isOfAll({ subjectId, kind }: ServerEvent): boolean {
  return subjectId === null && kind !== 'kill';
}

function isProcessMemory(resource: Resource): boolean {
  return resource === 'memory' || resource === 'shmem';
}

function fillsHost(resource: Resource): boolean {
  return isProcessMemory(resource) || resource === 'kernel';
}

/** Nothing is found any more: a suspicion was none, and what stands on the workload itself is something else than its leak was. */
function isDisproved({ verdict, subjectId }: Incident, concerns: readonly Concern[]): boolean {
  const others = concerns.filter(({ key }) => key !== 'fix');
  return others.length > 0 && (verdict?.verdict !== 'leak' || others.some((concern) => concern.subjectId === subjectId));
}

function endOf({ verdict }: Incident): number {
  return verdict?.exhaustion ? Date.parse(verdict.exhaustion.at) : Number.MAX_SAFE_INTEGER;
}

/** A leak before a suspicion, then what ends first. */
function gravest(findings: readonly Finding[]): Incident['verdict'] {
  const end = ({ verdict: { exhaustion } }: Finding) => (exhaustion === null ? Number.MAX_SAFE_INTEGER : Date.parse(exhaustion.at));
  const rank = ({ verdict }: Finding) => (verdict.verdict === 'leak' ? 0 : 1);
  return [...findings].sort((a, b) => rank(a) - rank(b) || end(a) - end(b))[0]?.verdict ?? null;
}

/** `Fixed by a new build (its shop.js was written): the leak is gone, 97 % sure: …`. */
function fixSentence({ word, newBuild, text }: Omit<IncidentFix, 'sinceMs'>): string {
  if (newBuild === null)
    return `Since it was started anew, ${text}. Nothing is known to have been changed before, so that this settles nothing.`;
  return word === 'gone' ? `Fixed by a new build (${newBuild}): ${text}.` : `Not fixed by a new build (${newBuild}): ${text}.`;
}

function findingEvent({ subjectId, subjectName, state, stateSinceMs, verdict }: Finding): ServerEvent {
  const word = state === 'recurred' ? 'leaks again' : state === 'suspect' ? 'may leak' : 'leaks';
  const sure = `${Math.floor(verdict.probability * 1000) / 10} % sure`;
  const since = verdict.onset === null ? '' : `, since ${verdict.onset.replace(/\.\d+Z$/, 'Z')}`;
  return {
    atMs: stateSinceMs,
    kind: 'finding',
    subjectId,
    severity: 'warning',
    text: `${subjectName} ${word} ${verdict.resource}: ${sure}${since}.`,
  };
}
