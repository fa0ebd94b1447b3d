/** Plans, carries out and proves actions on this server: for `stanch do` and for the daemon. */
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Action, ActionKind, ActionPlan, ActionProof } from '../model/action.ts';
import { isValue, valueOrNull } from '../model/reading.ts';
import { Sampler } from '../sample/sampler.ts';
import type { ProcessSample, Scan } from '../sample/scan.ts';
import { whyNotAgain } from './breaker.ts';
import { Executor } from './executor.ts';
import { ActionJournal } from './journal.ts';
import { planAction } from './plans/index.ts';
import type { PlanOptions } from './plans/plan.ts';
import { matches } from './policy.ts';
import { comesBack, type Measured, proofOf } from './proof.ts';
import { Settling } from './settling.ts';
import { SystemdOverBus } from './systemd/systemd.ts';
import { findTarget, privateOf, type Target } from './target.ts';

export interface StabiliserOptions {
  journalFile: string;
  neverTouch: readonly string[];
  procRoot?: string;
  /** Whether programs may be started, as systemctl where its socket fails. */
  mayStart?: boolean;
  /** The latest scan of a daemon; else every look is one of its own. */
  scan?: () => Scan;
}

/** Measured again and again until it has settled, for so long at most. */
const proofMs = 60_000;
const settleMs = 1000;

export class Stabiliser {
  readonly #journal: ActionJournal;
  readonly #executor: Executor;
  readonly #systemd: SystemdOverBus;
  readonly #procRoot: string;
  readonly #sampler: Sampler | null;
  readonly #scan: () => Scan;
  readonly #closed = new AbortController();
  #neverTouch: readonly string[];

  constructor({ journalFile, neverTouch, procRoot = '/proc', mayStart = true, scan }: StabiliserOptions) {
    this.#procRoot = procRoot;
    this.#neverTouch = neverTouch;
    this.#systemd = new SystemdOverBus({ mayStart });
    this.#journal = new ActionJournal(journalFile);
    this.#executor = new Executor(this.#journal, { systemd: this.#systemd, procRoot, cgroupRoot: '/sys/fs/cgroup' });
    this.#sampler = scan === undefined ? new Sampler({ procRoot, keptFds: 0 }) : null;
    this.#scan = scan ?? (() => this.#lookAnew());
  }

  /** What a stanch that died left half done. */
  recover(): Promise<Action[]> {
    return this.#executor.recover();
  }

  actions(): Action[] {
    return this.#journal.entries().map(({ action }) => action);
  }

  /** Errors: STANCH_E_NO_SUBJECT, STANCH_E_NOT_POSSIBLE. `growth`: bytes an hour by which the workload of a name leaks. */
  plan(
    kind: ActionKind,
    wanted: string,
    options: Pick<PlanOptions, 'highBytes' | 'maxBytes' | 'graceMs'> & Partial<Pick<PlanOptions, 'hasSystemd'>>,
    growth: ((name: string) => number | null) | null,
  ): { plan: ActionPlan; target: Target } {
    const found = findTarget(this.#scan(), wanted, null, this.#procRoot);
    const target = { ...found, bytesPerHour: growth?.(found.subject.name) ?? null };
    const surroundings = { hasSystemd: existsSync('/run/systemd/system'), hasCgroup2: existsSync('/sys/fs/cgroup/cgroup.controllers') };
    return { plan: planAction(kind, target, { ...surroundings, ...options }), target };
  }

  /** Why it is not to be done: the owner's list, or because the same did not help lately; null: nothing speaks against it. */
  whyNot(plan: ActionPlan, again: boolean): string | null {
    const { kind, subjectName, subjectId } = plan;
    const changes = kind !== 'protect';
    if (changes && this.#neverTouch.some((pattern) => matches(pattern, subjectName)))
      return `${subjectName} is on the list of what is never touched`;
    return again ? null : whyNotAgain(this.actions(), kind, subjectId, Date.now());
  }

  /** Errors: STANCH_E_DATA_DIR when it can't be written down; then nothing was done. */
  async execute(plan: ActionPlan, target: Target, by: string): Promise<Action> {
    return this.start(plan, target, by).finished;
  }

  /** The same, with its id known at once. `slowProbes`: names of those that were slow before, which `isWell` is asked about afterwards. */
  start(
    plan: ActionPlan,
    target: Target,
    by: string,
    probes: { slow: readonly string[]; isWell: (name: string) => boolean } = { slow: [], isWell: () => true },
  ): { id: string; finished: Promise<Action> } {
    const before = this.#measure(target);
    const startedMs = Date.now();
    const { id, finished } = this.#executor.start(plan, by);
    const proven = async (): Promise<Action> => {
      const action = await finished;
      if (action.state !== 'done') return action;
      const endMs = performance.now() + proofMs;
      const after = plan.expectedBytes === null ? this.#measure(target) : await this.#settled(plan, target, endMs);
      while (!probes.slow.every(probes.isWell) && (await this.#pause(endMs)));
      // It was done; what it brought will not be known.
      if (this.#closed.signal.aborted) return action;
      const recovered = probes.slow.map((name) => ({ name, recovered: probes.isWell(name) }));
      return this.#prove(action, proofOf(plan, before, after, Date.now() - startedMs, target.bytesPerHour, recovered));
    };
    return { id, finished: proven() };
  }

  /** Throws STANCH_E_SYSTEMD when there is none. The connection stays open. */
  connect(): Promise<void> {
    return this.#systemd.connect();
  }

  setNeverTouch(patterns: readonly string[]): void {
    this.#neverTouch = patterns;
  }

  undo(id: string): Promise<Action> {
    return this.#executor.undo(id);
  }

  #prove(action: Action, proof: ActionProof): Action {
    this.#journal.prove(action.id, proof);
    return { ...action, proof };
  }

  close(): void {
    this.#closed.abort();
    this.#systemd.close();
    this.#sampler?.close();
  }

  #lookAnew(): Scan {
    if (this.#sampler === null) throw new Error('a stabiliser of a daemon looks through the daemon');
    return this.#sampler.scan(Date.now());
  }

  #measure({ subject }: Target): Measured & { timeMs: number } {
    const { workloads, processes, host, timeMs } = this.#scan();
    const found = workloads.find((workload) => workload.subject.id === subject.id);
    // One that is ending is there still, with nothing.
    const isAlive = ({ sample }: ProcessSample) => !isValue(sample.anonBytes) || privateOf(sample) > 0;
    return {
      timeMs,
      runs: processes.some((process) => process.subject.workloadId === subject.id && isAlive(process)),
      privateBytes: found === undefined ? 0 : privateOf(found.sample),
      headroomBytes: valueOrNull(host.sample.headroomBytes),
      sharedBytes: valueOrNull(host.sample.shmemBytes),
      memTotalBytes: valueOrNull(host.memTotalBytes),
    };
  }

  /** False: the time is up, or this is closed. */
  async #pause(endMs: number): Promise<boolean> {
    const { signal } = this.#closed;
    try {
      if (performance.now() < endMs) await wait(settleMs, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return !signal.aborted && performance.now() < endMs;
  }

  async #settled(plan: ActionPlan, target: Target, endMs: number): Promise<Measured> {
    let last = this.#measure(target);
    const settling = new Settling(target.privateBytes, comesBack(plan), last);
    while (await this.#pause(endMs)) {
      last = this.#measure(target);
      if (settling.look(last)) break;
    }
    return last;
  }
}
