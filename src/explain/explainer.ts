/** Explanations that the daemon takes: one at a time, because somebody asked or, where the owner wants it, because a leak was confirmed. */
import { StanchError } from '../model/errors.ts';
import type { ServerEvent } from '../model/event.ts';
import type { Evidence, EvidenceCost, EvidenceSubject } from '../model/evidence.ts';
import { EvidenceFolder } from './evidenceFolder.ts';
import { type ExplainPlan, limitsOf, meansAllowed, planFor, requestFor } from './explainPlan.ts';
import type { ExplainRequest } from './explainProcess.ts';
import type { Means } from './means.ts';
import { type ExplainOptions, runExplain } from './runExplain.ts';
import { sweepProbes } from './uprobes/uprobes.ts';

const intervalMs = 30_000;
const againAfterMs = 86_400_000;
/** Where nothing came of it: the process ended meanwhile, or there was no room. */
const retryAfterMs = 3_600_000;
const mostRemembered = 1_000;
const mostEvents = 100;

export interface ExplainJob {
  subject: EvidenceSubject;
  means: Means;
  /** Of PHP-FPM, all workers of which are looked at. */
  pool: string | null;
  startedMs: number;
  /** What it was expected to cost. */
  estimate: EvidenceCost;
  /** 0 to 1. */
  done: number;
  /** What was last done to the process beyond reading its memory; null: nothing. */
  says: string | null;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  /** Once it is done. */
  evidenceId: string | null;
  /** Why it failed. */
  error: string | null;
}

export interface ExplainerOptions {
  dataDir: string;
  /** Script of stanch's command line. */
  entry: string;
  automatic: boolean;
  nowMs(): number;
  log(level: 'info' | 'warning' | 'error', text: string): void;
}

export class Explainer {
  readonly #options: ExplainerOptions;
  readonly #folder: EvidenceFolder;
  #automatic: boolean;
  #latest: ExplainJob | null = null;
  #abort: AbortController | null = null;
  #running: Promise<void> | null = null;
  #events: ServerEvent[] = [];
  /** Before this a subject is not explained again without being asked. */
  readonly #restsUntilMs = new Map<string, number>();

  constructor(options: ExplainerOptions) {
    this.#options = options;
    this.#automatic = options.automatic;
    this.#folder = new EvidenceFolder(options.dataDir);
    // Of one that was ended by force.
    sweepProbes();
  }

  setAutomatic(automatic: boolean): void {
    this.#automatic = automatic;
  }

  /** Running, or the last one. */
  job(): ExplainJob | null {
    return this.#latest;
  }

  isAt(subjectId: string): boolean {
    return this.#latest?.state === 'running' && this.#latest.subject.subjectId === subjectId;
  }

  /** Latest first. */
  evidence(limit: number, isAbout?: (subjectId: string | null) => boolean): Evidence[] {
    return this.#folder.list(limit, isAbout);
  }

  get(id: string): Evidence | null {
    return this.#folder.get(id);
  }

  /** Errors: STANCH_E_GONE, STANCH_E_NOT_PERMITTED, STANCH_E_NOT_POSSIBLE. */
  plan(subject: EvidenceSubject, means: Means): ExplainPlan & { allowed: Means[] } {
    return { ...planFor(subject, intervalMs, means), allowed: meansAllowed(subject) };
  }

  /** Errors: STANCH_E_BUDGET while another one runs or without room, STANCH_E_GONE, STANCH_E_NOT_PERMITTED, STANCH_E_NOT_POSSIBLE, STANCH_E_OUTPUT. */
  begin(subject: EvidenceSubject, means: Means): ExplainJob {
    if (this.#running !== null) throw busy(this.#latest);
    const plan = planFor(subject, intervalMs, means);
    const request = requestFor(plan, this.#folder, false);
    const job: ExplainJob = {
      subject,
      means,
      pool: plan.pool,
      startedMs: this.#options.nowMs(),
      estimate: plan.estimate,
      done: 0,
      says: null,
      state: 'running',
      evidenceId: null,
      error: null,
    };
    this.#latest = job;
    this.#abort = new AbortController();
    this.#running = this.#run(job, request, { ...limitsOf(plan), signal: this.#abort.signal });
    return job;
  }

  /** Ends the one that runs. False: none does. The process goes on. */
  cancel(): boolean {
    if (this.#running === null) return false;
    this.#abort?.abort();
    return true;
  }

  /** Where the owner wants it: once a day for each that leaks, and again in an hour where nothing came of it. */
  onLeak(subjectId: string, findSubject: () => EvidenceSubject): void {
    if (!this.#automatic || this.#latest?.state === 'running' || this.#options.nowMs() < (this.#restsUntilMs.get(subjectId) ?? 0)) return;
    try {
      const job = this.begin(findSubject(), 'memory');
      this.#restFor(subjectId, againAfterMs);
      void this.#running?.then(() => {
        if (job.state === 'failed') this.#restFor(subjectId, retryAfterMs);
      });
    } catch (error) {
      if (!(error instanceof StanchError)) throw error;
      // Another process of it is there at the next scan.
      if (error.code !== 'STANCH_E_GONE') this.#restFor(subjectId, error.code === 'STANCH_E_BUDGET' ? retryAfterMs : againAfterMs);
      this.#options.log('warning', `a leak is not explained: ${error.message}`);
    }
  }

  #restFor(subjectId: string, ms: number): void {
    if (this.#restsUntilMs.size >= mostRemembered) this.#restsUntilMs.clear();
    this.#restsUntilMs.set(subjectId, this.#options.nowMs() + ms);
  }

  takeEvents(): ServerEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  async stop(): Promise<void> {
    this.#abort?.abort();
    await this.#running;
  }

  async #run(
    job: ExplainJob,
    request: ExplainRequest,
    limits: Pick<ExplainOptions, 'deadlineMs' | 'memoryCapBytes' | 'signal'>,
  ): Promise<void> {
    const { signal } = limits;
    const onProgress: ExplainOptions['onProgress'] = (done, says) => Object.assign(job, { done, says: says ?? job.says });
    try {
      const evidence = await runExplain(request, { ...limits, entry: this.#options.entry, onProgress });
      this.#folder.put(evidence);
      Object.assign(job, { done: 1, state: 'done', evidenceId: evidence.id });
      this.#tell(evidence);
    } catch (error) {
      if (signal.aborted) Object.assign(job, { state: 'cancelled' });
      else Object.assign(job, { state: 'failed', error: error instanceof Error ? error.message : String(error) });
      if (!signal.aborted) this.#options.log('warning', `explaining ${job.subject.name}: ${job.error}`);
    } finally {
      this.#running = null;
    }
  }

  #tell({ takenAtMs, subject, answer }: Evidence): void {
    if (this.#events.length >= mostEvents) this.#events.shift();
    this.#events.push({ atMs: takenAtMs, kind: 'evidence', subjectId: subject.subjectId, severity: 'info', text: answer });
  }
}

function busy(job: ExplainJob | null): StanchError {
  return new StanchError('STANCH_E_BUDGET', {
    expected: 'no other explanation at the same time',
    found: `that of ${job?.subject.name ?? 'another process'}`,
    next: 'Try again when it is done: GET /api/v1/evidence says how far it is.',
  });
}
