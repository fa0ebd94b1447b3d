/** The judge loop's work: verdicts of subjects whose watch has moved, the life of their findings, and the saved state of the watches. */
import type { Finding } from '../model/finding.ts';
import type { Resource, ResourceVerdict } from '../model/verdict.ts';
import type { SeriesStore } from '../series/store.ts';
import { type FindingPace, type FindingTrack, stepFinding } from './findingLife.ts';
import type { WatchBook, WatchEntry } from './watchBook.ts';

/** An open finding's `lastSeen` is written no more often than this. */
const refreshMs = 600_000;
const noTrack: FindingTrack = { finding: null, pullingSinceMs: null };

export class Judge {
  private readonly book: WatchBook;
  private readonly store: SeriesStore;
  private pace: FindingPace;
  private readonly writtenMs = new Map<string, number>();
  private round: WatchEntry[] = [];
  private changes = 0;

  constructor(book: WatchBook, store: SeriesStore, pace: FindingPace) {
    this.book = book;
    this.store = store;
    this.pace = pace;
  }

  /** Goes up whenever a verdict changed. */
  get revision(): number {
    return this.changes;
  }

  setPace(pace: FindingPace): void {
    this.pace = pace;
  }

  /** Takes findings of an earlier run up again, after the first scan. What is open on a subject nobody knows any more is over. */
  resume(findings: readonly Finding[], nowMs: number): void {
    for (const finding of findings) {
      const entry = this.book.get(finding.subjectId);
      if (entry === undefined && finding.state !== 'resolved') {
        this.store.putFinding({ ...finding, state: 'resolved', stateSinceMs: nowMs });
      }
      const known = entry?.tracks.get(finding.verdict.resource)?.finding;
      if (entry === undefined || (known && known.firstSeenMs >= finding.firstSeenMs)) continue;
      entry.tracks.set(finding.verdict.resource, { finding, pullingSinceMs: null });
      this.writtenMs.set(finding.id, finding.lastSeenMs);
    }
  }

  /** Starts a round over everything watched, unless the last one is still going on. */
  startRound(): void {
    if (this.round.length === 0) this.round = [...this.book.all()];
  }

  /** Judges one subject. Returns false when the round is done. */
  step(nowMs: number): boolean {
    const entry = this.round.pop();
    if (entry === undefined) return false;
    const moved = entry.watch.revision !== entry.judgedRevision;
    if (moved) this.judge(entry);
    if (entry.subject.kind !== 'process' && entry.verdict !== null) this.stepFindings(entry, nowMs);
    return this.round.length > 0;
  }

  private judge(entry: WatchEntry): void {
    const before = entry.verdict;
    entry.judgedRevision = entry.watch.revision;
    entry.verdict = entry.watch.verdict();
    if (before === null || before.verdict !== entry.verdict.verdict || before.class !== entry.verdict.class) this.changes += 1;
  }

  private stepFindings(entry: WatchEntry, nowMs: number): void {
    const verdicts = new Map<Resource, ResourceVerdict>((entry.verdict?.resources ?? []).map((verdict) => [verdict.resource, verdict]));
    for (const resource of new Set([...verdicts.keys(), ...entry.tracks.keys()])) {
      const track = entry.tracks.get(resource) ?? noTrack;
      const verdict = entry.present ? (verdicts.get(resource) ?? null) : null;
      // Gone before anything was found: nothing to follow.
      if (verdict === null && track.finding === null) continue;
      const next = stepFinding(track, entry.subject, verdict, nowMs, this.pace);
      if (next === track) continue;
      entry.tracks.set(resource, next);
      if (next.finding !== null) this.write(track.finding, next.finding);
    }
  }

  private write(before: Finding | null, finding: Finding): void {
    const written = this.writtenMs.get(finding.id);
    const changed = before === null || before.id !== finding.id || before.state !== finding.state;
    if (!changed && written !== undefined && finding.lastSeenMs - written < refreshMs) return;
    this.store.putFinding(finding);
    if (finding.state === 'resolved') this.writtenMs.delete(finding.id);
    else this.writtenMs.set(finding.id, finding.lastSeenMs);
  }

  /** Every finding that is followed, the resolved ones among them. */
  *findings(): Generator<Finding> {
    for (const { tracks } of this.book.all()) for (const { finding } of tracks.values()) if (finding !== null) yield finding;
  }

  /** Findings as they stand, for a clean exit. */
  writeOpenFindings(): void {
    for (const entry of this.book.all()) {
      for (const { finding } of entry.tracks.values()) {
        if (finding !== null && finding.state !== 'resolved') this.store.putFinding(finding);
      }
    }
  }
}
