/** Whether new builds ended the leaks that incidents are about: each that was started anew is judged now and then, in the judge's idle time. */
import { type Incident, isOpen } from '../model/incident.ts';
import { newBuild, restartFix, runningSubject } from '../relate/restartFix.ts';
import type { Scan } from '../sample/scan.ts';
import type { SeriesStore } from '../series/store.ts';
import { findTarget } from '../stabilise/target.ts';
import type { FixNews } from './grouping.ts';

/** It takes hours until anything can be said. */
const againMs = 600_000;
/** What was over for longer is a new incident when it comes back. */
const followMs = 14 * 86_400_000;
const mostSubjects = 20;
/** Below, an incident stays as it is. */
const sureEnough = 0.9;

export class FixWatch {
  readonly #store: Pick<SeriesStore, 'read'>;
  readonly #judgedMs = new Map<string, number>();
  #news: FixNews[] = [];

  constructor(store: Pick<SeriesStore, 'read'>) {
    this.#store = store;
  }

  /** Judges one that is due. False: there is none. */
  step(scan: Scan, incidents: readonly Incident[]): boolean {
    const nowMs = scan.timeMs;
    const followed = incidents.filter(
      ({ subjectId, verdict, ...rest }) =>
        subjectId !== null && verdict?.resource === 'memory' && (isOpen(rest) || nowMs - rest.stateSinceMs < followMs),
    );
    const latest = new Map<string, Incident>();
    for (const incident of followed) if (!latest.has(incident.subjectId ?? '')) latest.set(incident.subjectId ?? '', incident);
    const subjects = [...latest].slice(0, mostSubjects);
    const due = subjects.find(([id]) => nowMs - (this.#judgedMs.get(id) ?? Number.NEGATIVE_INFINITY) >= againMs);
    if (due === undefined) return false;
    const [id, incident] = due;
    this.#judgedMs.set(id, nowMs);
    for (const known of this.#judgedMs.keys()) if (!latest.has(known)) this.#judgedMs.delete(known);
    this.#news.push({ subjectId: id, fix: this.#judge(scan, id, incident) });
    return true;
  }

  /** What was judged since it was last asked. */
  take(): FixNews[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  #judge(scan: Scan, subjectId: string, { subjectName, verdict, fix: known }: Incident): FixNews['fix'] {
    const runs = scan.workloads.some(({ subject, memberIds }) => subject.id === subjectId && memberIds.length > 0);
    if (!runs || verdict === null) return null;
    const running = runningSubject(scan, subjectId, subjectName, findTarget(scan, subjectId, null).unit);
    const fix = restartFix(this.#store, { subjectId, verdict }, running, scan.timeMs);
    if (fix === null || fix.word === 'unknown' || (fix.probability ?? 0) < sureEnough) return null;
    const { word, restartMs, sentence: text } = fix;
    // The search for what was changed is dear, and its answer stays.
    const build = known?.restartMs === restartMs ? known.newBuild : newBuild(running, fix);
    return { word, restartMs, text, newBuild: build };
  }
}
