/** Explanations that the daemon takes: one at a time, because somebody asked or, where the owner wants it, because a leak was confirmed. */
import { StanchError } from '../model/errors.ts';
import type { ServerEvent } from '../model/event.ts';
import type { Evidence, EvidenceCost, EvidenceSubject } from '../model/evidence.ts';
import { formatBytes } from '../model/units.ts';
import { estimateFor, type Headroom, memoryCapBytes, readHeadroom } from './cost.ts';
import { EvidenceFolder } from './evidenceFolder.ts';
import { openTarget } from './openTarget.ts';
import { runExplain } from './runExplain.ts';
import { sweepProbes } from './uprobes/uprobes.ts';

const intervalMs = 30_000;
const deadlineMs = 240_000;
const againAfterMs = 86_400_000;
const mostRemembered = 1_000;
const mostEvents = 100;

export interface ExplainJob {
  subject: EvidenceSubject;
  startedMs: number;
  /** What it was expected to cost. */
  estimate: EvidenceCost;
  /** 0 to 1. */
  done: number;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  /** Once it is done. */
  evidenceId: string | null;
  /** Why it failed. */
  error: string | null;
}

/** What an explanation would do, before anybody wants it. */
export interface ExplainPlan {
  subject: EvidenceSubject;
  estimate: EvidenceCost;
  /** null: the system does not say. */
  headroom: Headroom | null;
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
  /** When a subject was explained without being asked. */
  readonly #explainedMs = new Map<string, number>();

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

  /** Counts the pages of the process, and does nothing else. Errors: STANCH_E_GONE, STANCH_E_NOT_PERMITTED. */
  plan(subject: EvidenceSubject): ExplainPlan {
    const memory = openTarget(subject);
    try {
      const estimate = estimateFor(memory, intervalMs);
      return { subject, estimate, headroom: readHeadroom(estimate.rssBytes) };
    } finally {
      memory.close();
    }
  }

  /** Errors: STANCH_E_BUDGET while another one runs or without room, STANCH_E_GONE, STANCH_E_NOT_PERMITTED. */
  begin(subject: EvidenceSubject): ExplainJob {
    if (this.#running !== null) throw busy(this.#latest);
    const { estimate, headroom } = this.plan(subject);
    if (headroom !== null && !headroom.isEnough) throw noRoom(estimate.rssBytes, headroom.bytes);
    const job: ExplainJob = {
      subject,
      startedMs: this.#options.nowMs(),
      estimate,
      done: 0,
      state: 'running',
      evidenceId: null,
      error: null,
    };
    this.#latest = job;
    this.#abort = new AbortController();
    this.#running = this.#run(job, memoryCapBytes(estimate), this.#abort.signal);
    return job;
  }

  /** Ends the one that runs. False: none does. The process was only read, and goes on. */
  cancel(): boolean {
    if (this.#running === null) return false;
    this.#abort?.abort();
    return true;
  }

  /** Where the owner wants it: once a day for each that leaks. */
  onLeak(subjectId: string, findSubject: () => EvidenceSubject): void {
    const nowMs = this.#options.nowMs();
    if (!this.#automatic || this.#running !== null || nowMs - (this.#explainedMs.get(subjectId) ?? Number.NEGATIVE_INFINITY) < againAfterMs)
      return;
    if (this.#explainedMs.size >= mostRemembered) this.#explainedMs.clear();
    this.#explainedMs.set(subjectId, nowMs);
    try {
      this.begin(findSubject());
    } catch (error) {
      if (!(error instanceof StanchError)) throw error;
      // Another process of it is there at the next scan.
      if (error.code === 'STANCH_E_GONE') this.#explainedMs.delete(subjectId);
      this.#options.log('warning', `a leak is not explained: ${error.message}`);
    }
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

  async #run(job: ExplainJob, memoryCap: number, signal: AbortSignal): Promise<void> {
    try {
      const evidence = await runExplain(
        { subject: job.subject, intervalMs, showTexts: false },
        {
          entry: this.#options.entry,
          deadlineMs,
          memoryCapBytes: memoryCap,
          signal,
          onProgress: (done) => {
            job.done = done;
          },
        },
      );
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

function noRoom(neededBytes: number, foundBytes: number): StanchError {
  return new StanchError('STANCH_E_BUDGET', {
    expected: `twice ${formatBytes(neededBytes)} of memory to be free`,
    found: formatBytes(foundBytes),
    next: 'Make room first: stanch do throttle WORKLOAD.',
  });
}
