/**
 * What the daemon does about a leak, by the owner's policy: nothing, a suggestion, a plan that waits for somebody to agree, or an action.
 * And the emergency lane: once a second it looks whether the server is about to stand still, and then restarts who leaks, with nothing
 * that has to be started first.
 */

import { randomBytes } from 'node:crypto';
import { readMeminfo } from '../kernel/meminfo.ts';
import { readPressure } from '../kernel/pressure.ts';
import { isStillRunning } from '../kernel/processIdentity.ts';
import type { Action, ActionKind, ActionPlan } from '../model/action.ts';
import { StanchError } from '../model/errors.ts';
import type { ServerEvent } from '../model/event.ts';
import type { Notice } from '../model/notice.ts';
import { isValue, valueOrNull } from '../model/reading.ts';
import type { PolicySettings } from '../model/settings.ts';
import type { Subject } from '../model/subject.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import { PressureMeter } from '../sample/pressureMeter.ts';
import type { Scan } from '../sample/scan.ts';
import type { Points } from '../series/store.ts';
import { EmergencyTrigger, isShort, leakerAmong, type Suspect, type Vital } from './emergency.ts';
import { GrowthRing } from './growthRing.ts';
import { readLeakerPressure } from './leakerPressure.ts';
import { LimitWatch } from './limitWatch.ts';
import { matches, type PolicyAnswer, policyFor } from './policy.ts';
import { quietestHour } from './quietHour.ts';
import { missingFor, readReadiness } from './readiness.ts';
import { Stabiliser } from './stabiliser.ts';
import { findTarget, privateOf, type Target } from './target.ts';
import { isVital } from './vital.ts';

export interface Proposal {
  id: string;
  atMs: number;
  plan: ActionPlan;
  /** `waits`: for somebody to agree. `suggested`: told, and not to be agreed to by the policy. */
  state: 'waits' | 'suggested';
}

export interface GuardianOptions {
  journalFile: string;
  policy: PolicySettings;
  scan: () => Scan;
  verdictOf: (subjectId: string) => SubjectVerdict | null;
  /** Names of the probes that are slow or fail now. */
  slowProbes: () => string[];
  /** Evidence is being taken of it, which an action would destroy. */
  isBeingExplained: (subjectId: string) => boolean;
  /** Cumulative CPU seconds of a workload. */
  cpuHistory: (subjectId: string, fromMs: number, toMs: number) => Pick<Points, 'timeMs' | 'last'>;
  log: (level: 'error' | 'warning' | 'info', text: string) => void;
  onBug: (error: unknown) => void;
}

const lookMs = 1000;
const graceMs = 20_000;
const emergencyGraceMs = 5000;
/** A week tells the hours, and a recycling a day is enough. */
const historyMs = 7 * 86_400_000;
const recycleEveryMs = 20 * 3_600_000;
const mostProposals = 50;
const proposalMs = 24 * 3_600_000;
const mostEvents = 200;
/** Twice as long as it takes to find out where a process leaks. */
const evidenceMs = 120_000;
/** The emergency lane lets what it did take effect before it looks again. */
const emergencyPauseMs = 120_000;
/** Where somebody else acts on the same workload, or writes the journal. */
const busyPauseMs = 5000;
/** What ended and could not be written down, as on a full disk, keeps others from its workload until it is. */
const recoverEveryMs = 600_000;

interface Kept extends Proposal {
  target: Target;
}

export class Guardian {
  readonly #options: GuardianOptions;
  readonly #stabiliser: Stabiliser;
  readonly #growth = new GrowthRing();
  readonly #trigger = new EmergencyTrigger();
  readonly #pressure = new PressureMeter();
  readonly #limits = new LimitWatch();
  readonly #quietHours = new Map<string, { atMs: number; hour: number | null }>();
  readonly #proposals = new Map<string, Kept>();
  readonly #events: ServerEvent[] = [];
  #policy: PolicySettings;
  #timer: NodeJS.Timeout | undefined;
  #notice: Notice | null = null;
  /** Actions that are carried out or proven now. */
  #underWay = 0;
  #recoverMs = 0;
  #quietUntilMs = 0;
  /** Said already, so that the same is not said with every scan. */
  readonly #said = new Map<string, string>();

  constructor(options: GuardianOptions) {
    this.#options = options;
    this.#policy = options.policy;
    this.#stabiliser = new Stabiliser({
      journalFile: options.journalFile,
      neverTouch: options.policy.neverTouch,
      scan: options.scan,
      // In an emergency there is no memory to start systemctl with.
      mayStart: !options.policy.emergency,
    });
  }

  /** Puts right what a dead stanch left half done, and finds out whether it could act in an emergency. */
  async start(): Promise<void> {
    await this.#recover();
    if (!this.#policy.emergency) return;
    await this.#getReady();
    this.#timer = setInterval(() => this.#look(), lookMs);
    this.#timer.unref();
  }

  async #recover(): Promise<void> {
    this.#recoverMs = Date.now() + recoverEveryMs;
    try {
      for (const action of await this.#stabiliser.recover()) this.#tell(action);
    } catch (error) {
      // Watching is worth more than what is left half done, which stanch undo takes back as well.
      this.#onTrouble(error);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stabiliser.close();
  }

  setPolicy(policy: PolicySettings): void {
    this.#policy = policy;
    this.#stabiliser.setNeverTouch(policy.neverTouch);
  }

  notice(): Notice | null {
    return this.#notice;
  }

  actions(): Action[] {
    return this.#stabiliser.actions();
  }

  proposals(): Proposal[] {
    return [...this.#proposals.values()].map(({ target: _target, ...proposal }) => proposal);
  }

  takeEvents(): ServerEvent[] {
    return this.#events.splice(0);
  }

  /** Errors: STANCH_E_NO_SUBJECT, STANCH_E_NOT_POSSIBLE. It is kept, to be agreed to for a day. */
  propose(kind: ActionKind, wanted: string, limits: { highBytes: number | null; maxBytes: number | null }): Proposal {
    const { plan, target } = this.#stabiliser.plan(kind, wanted, { ...limits, graceMs }, null);
    return this.#keep(plan, { ...target, bytesPerHour: this.#rateOf(target.subject.id) }, 'waits');
  }

  /** Keeps a plan that was made elsewhere, such as advice, to be agreed to. Errors: STANCH_E_NO_SUBJECT. */
  keepPlan(plan: ActionPlan): Proposal {
    const target = findTarget(this.#options.scan(), plan.subjectId, this.#rateOf(plan.subjectId));
    return this.#keep(plan, target, 'waits');
  }

  /** Begins what was proposed. Errors: STANCH_E_NO_ACTION, STANCH_E_POLICY, STANCH_E_GONE, STANCH_E_DATA_DIR. */
  agree(id: string, by: string, again: boolean): string {
    const kept = this.#proposals.get(id);
    if (kept === undefined) throw noProposal(id);
    const why = this.#stabiliser.whyNot(kept.plan, again);
    if (why !== null)
      throw new StanchError('STANCH_E_POLICY', {
        expected: 'nothing to speak against it',
        found: why,
        next: 'If it is wanted all the same, say so: again',
      });
    this.#proposals.delete(id);
    if (isOutdated(kept.plan)) {
      throw new StanchError('STANCH_E_GONE', {
        expected: 'a process of the plan to run still',
        found: 'that all have ended since',
        next: 'Plan again.',
      });
    }
    return this.#begin(kept.plan, kept.target, by);
  }

  async undo(id: string): Promise<Action> {
    const action = await this.#stabiliser.undo(id);
    this.#tell(action);
    return action;
  }

  /** After each scan: what the policy says to what leaks and will end soon. */
  afterScan(scan: Scan): void {
    this.#growth.add(scan);
    try {
      this.#answerAll(scan);
    } catch (error) {
      if (!(error instanceof StanchError)) throw error;
      this.#onTrouble(error);
    }
  }

  #answerAll(scan: Scan): void {
    for (const { severity, subjectId, text } of this.#limits.look(scan, this.actions())) this.#event(severity, subjectId, text);
    for (const [id, { atMs }] of this.#proposals) if (Date.now() - atMs > proposalMs) this.#proposals.delete(id);
    if (this.#underWay > 0) return;
    if (Date.now() >= this.#recoverMs) void this.#recover();
    for (const { subject } of scan.workloads) {
      const verdict = this.#options.verdictOf(subject.id);
      if (verdict?.verdict === 'leak' && this.#recycleIfDue(subject)) return;
      if (verdict?.verdict !== 'leak' || (verdict.urgency.level !== 'now' && verdict.urgency.level !== 'soon')) continue;
      const answer = policyFor(this.#policy, subject.name, this.actions(), Date.now());
      if (answer.mode === 'observe' || !this.#mayTouch(subject.name) || this.#waitsForEvidence(subject, verdict)) continue;
      if (this.#answer(subject.id, answer, verdict.urgency.level === 'now')) return;
    }
  }

  /** Where there is time for it. An emergency waits for nothing. */
  #waitsForEvidence({ id, name }: Subject, { exhaustion }: SubjectVerdict): boolean {
    if (!this.#options.isBeingExplained(id)) return false;
    const leftMs = exhaustion === null ? evidenceMs : Date.parse(exhaustion.low) - Date.now();
    if (leftMs < evidenceMs) return false;
    this.#sayOnce(id, null, `${name} is acted on when the evidence of its leak has been taken`);
    return true;
  }

  /** By the clock: what leaks slowly is recycled before anybody notices, when fewest are there. True when it was begun. */
  #recycleIfDue({ id, name }: Subject): boolean {
    const nowMs = Date.now();
    const { recycles } = policyFor(this.#policy, name, [], nowMs);
    if (!recycles || !this.#mayTouch(name)) return false;
    const lately = this.actions().some(({ plan, atMs }) => plan.subjectId === id && nowMs - atMs < recycleEveryMs);
    if (lately || this.#quietHourOf(id, nowMs) !== new Date(nowMs).getHours()) return false;
    const made = this.#planFor('recycle', id) ?? this.#planFor('restart', id);
    if (made === null || this.#stabiliser.whyNot(made.plan, false) !== null) return false;
    this.#begin(made.plan, made.target, 'schedule');
    return true;
  }

  /** Looked up once an hour. */
  #quietHourOf(id: string, nowMs: number): number | null {
    const known = this.#quietHours.get(id);
    if (known !== undefined && nowMs - known.atMs < 3_600_000) return known.hour;
    if (this.#quietHours.size > mostEvents) this.#quietHours.clear();
    const hour = quietestHour(this.#options.cpuHistory(id, nowMs - historyMs, nowMs));
    this.#quietHours.set(id, { atMs: nowMs, hour });
    return hour;
  }

  /** The first allowed action that is possible. True when one was begun. */
  #answer(subjectId: string, { mode, actions, holdsBack }: PolicyAnswer, isUrgent: boolean): boolean {
    for (const kind of actions) {
      const made = this.#planFor(kind, subjectId);
      if (made === null) continue;
      const why = this.#stabiliser.whyNot(made.plan, false) ?? holdsBack;
      if (why !== null) {
        this.#sayOnce(subjectId, kind, `${kind} of ${made.plan.subjectName} is held back: ${why}`);
        continue;
      }
      if (mode === 'automatic' && isUrgent) {
        this.#begin(made.plan, made.target, 'policy');
        return true;
      }
      if (mode !== 'automatic') this.#suggest(made.plan, made.target, mode === 'approve' ? 'waits' : 'suggested');
      return false;
    }
    return false;
  }

  #planFor(
    kind: ActionKind,
    subjectId: string,
    how: { graceMs: number; hasSystemd?: false } = { graceMs },
  ): { plan: ActionPlan; target: Target } | null {
    try {
      const { plan, target } = this.#stabiliser.plan(kind, subjectId, { highBytes: null, maxBytes: null, ...how }, null);
      return { plan, target: { ...target, bytesPerHour: this.#rateOf(subjectId) } };
    } catch (error) {
      // This one can't be done to that: the next one may.
      if (error instanceof StanchError) return null;
      throw error;
    }
  }

  #suggest(plan: ActionPlan, target: Target, state: Proposal['state']): void {
    const known = [...this.#proposals.values()].some((each) => each.plan.kind === plan.kind && each.plan.subjectId === plan.subjectId);
    if (known) return;
    const { id } = this.#keep(plan, target, state);
    const how =
      state === 'waits'
        ? `Agree on the page, or: stanch do ${plan.kind} ${JSON.stringify(plan.subjectName)} (${id})`
        : `stanch do ${plan.kind} ${JSON.stringify(plan.subjectName)}`;
    this.#event('warning', plan.subjectId, `Suggested: ${plan.kind} ${plan.subjectName}. ${plan.reason} ${how}`);
  }

  #keep(plan: ActionPlan, target: Target, state: Proposal['state']): Proposal {
    const id = `p-${randomBytes(6).toString('hex')}`;
    const proposal: Proposal = { id, atMs: Date.now(), plan, state };
    const [oldest] = this.#proposals.keys();
    if (oldest !== undefined && this.#proposals.size >= mostProposals) this.#proposals.delete(oldest);
    this.#proposals.set(id, { ...proposal, target });
    return proposal;
  }

  /** `orElse`: what is done when it failed. */
  #begin(plan: ActionPlan, target: Target, by: string, orElse?: () => void): string {
    const slow = this.#options.slowProbes();
    const isWell = (name: string) => !this.#options.slowProbes().includes(name);
    const { id, finished } = this.#stabiliser.start(plan, target, by, { slow, isWell });
    this.#underWay += 1;
    this.#event('warning', plan.subjectId, `Begun: ${plan.kind} ${plan.subjectName}, by ${by} (${id}).`);
    finished
      .finally(() => {
        this.#underWay -= 1;
      })
      .then((action) => {
        this.#tell(action);
        if (action.state === 'failed') orElse?.();
      })
      .catch((error: unknown) => this.#onTrouble(error));
    return id;
  }

  // The emergency lane.

  async #getReady(): Promise<void> {
    let systemdAnswers = true;
    try {
      await this.#stabiliser.connect();
    } catch (error) {
      if (!(error instanceof StanchError)) throw error;
      systemdAnswers = false;
    }
    const missing = missingFor(readReadiness(systemdAnswers));
    if (missing.length === 0) {
      this.#options.log('info', 'the emergency lane is ready: tried without acting');
      return;
    }
    const text = `The emergency lane may fail when it is needed: ${missing.join('; ')}. stanch install sets it up.`;
    this.#notice = { code: 'STANCH_E_NOT_PERMITTED', text, sinceMs: Date.now() };
  }

  #look(): void {
    try {
      // Whatever else is being done takes minutes, and the server has none left.
      if (Date.now() < this.#quietUntilMs) return;
      const host = readHost(this.#pressure);
      if (host === null) return;
      // Only then is it asked who leaks, and what that one waits for.
      const leakerFull = isShort(host) ? this.#leakerFull() : null;
      if (this.#trigger.look({ ...host, leakerFull })) this.#actInEmergency();
    } catch (error) {
      // Nothing was begun: it is tried again soon.
      this.#quietUntilMs = Date.now() + busyPauseMs;
      this.#onTrouble(error);
    }
  }

  /** The journal can't be written or read, or somebody else acts on the same: then nothing is done, and watching goes on. */
  #onTrouble(error: unknown): void {
    if (error instanceof StanchError) this.#sayOnce(null, null, `stanch cannot act: ${error.message}`);
    else this.#options.onBug(error);
  }

  #leakerFull(): number | null {
    const leaker = this.#leaker();
    if (leaker === null) return null;
    const own = this.#options.scan().processes.filter(({ subject, state }) => subject.workloadId === leaker.subjectId && state !== 'Z');
    const [largest] = own.sort((a, b) => privateOf(b.sample) - privateOf(a.sample));
    return largest === undefined ? null : readLeakerPressure(largest.id.pid);
  }

  #leaker(): Suspect | null {
    const { workloads } = this.#options.scan();
    const suspects = workloads
      .filter(({ subject, memberIds }) => memberIds.length > 0 && this.#mayTouch(subject.name))
      .map(({ subject, sample }) => ({
        subjectId: subject.id,
        name: subject.name,
        privateBytes: privateOf(sample),
        grewBytes: this.#growth.grewBytes(subject.id),
        verdict: this.#options.verdictOf(subject.id)?.verdict ?? null,
      }));
    return leakerAmong(suspects);
  }

  #actInEmergency(): void {
    this.#quietUntilMs = Date.now() + emergencyPauseMs;
    const leaker = this.#leaker();
    if (leaker === null) {
      this.#event('critical', null, 'The server is about to stand still, and nobody stands out who may be restarted: stanch where');
      return;
    }
    for (const kind of ['restart', 'kill'] as const) {
      const made = this.#planFor(kind, leaker.subjectId);
      if (made === null || this.#stabiliser.whyNot(made.plan, false) !== null) continue;
      this.#options.log('warning', `the server is about to stand still: ${kind} ${leaker.name}`);
      this.#begin(made.plan, made.target, 'emergency', () => this.#endBySignals(leaker));
      return;
    }
    this.#event(
      'critical',
      leaker.subjectId,
      `The server is about to stand still. ${leaker.name} leaks, and what was tried did not help: stanch do kill ${JSON.stringify(leaker.name)}`,
    );
  }

  /** Its manager does not answer in time, or refuses: the processes are ended all the same, and whoever keeps them starts them anew. */
  #endBySignals({ subjectId, name }: Suspect): void {
    const made = this.#planFor('kill', subjectId, { graceMs: emergencyGraceMs, hasSystemd: false });
    if (made === null || this.#stabiliser.whyNot(made.plan, true) !== null) return;
    this.#options.log('warning', `that failed, so the processes of ${name} are ended one by one`);
    this.#begin(made.plan, made.target, 'emergency');
  }

  /** What the owner named in the policy he wants touched, vital or not. */
  #mayTouch(name: string): boolean {
    const { neverTouch, workloads } = this.#policy;
    if (neverTouch.some((pattern) => matches(pattern, name))) return false;
    return !isVital(name) || workloads.some(({ pattern, mode }) => pattern !== '*' && mode !== 'observe' && matches(pattern, name));
  }

  #rateOf(subjectId: string): number | null {
    const verdict = this.#options.verdictOf(subjectId);
    return verdict?.resource === 'memory' && verdict.verdict !== 'no-leak' ? (verdict.slope?.perHour ?? null) : null;
  }

  #tell({ plan, state, error, proof }: Action): void {
    const ended = error === null ? `${state}: ${plan.kind} ${plan.subjectName}.` : `${state}: ${plan.kind} ${plan.subjectName}: ${error}`;
    const proven =
      proof === null || plan.expectedBytes === null ? '' : ` ${proof.helped ? 'It helped' : 'It did not help'}: ${proof.sentence}`;
    this.#event(state === 'failed' || proof?.helped === false ? 'critical' : 'info', plan.subjectId, `${ended}${proven}`);
  }

  /** Not again while it differs only in how long ago something was. */
  #sayOnce(subjectId: string | null, kind: ActionKind | null, text: string): void {
    const about = `${subjectId} ${kind}`;
    const lasting = text.replace(/(?:\d+ (?:d|h|min|s) )+ago/g, '');
    if (this.#said.get(about) === lasting) return;
    if (this.#said.size > mostEvents) this.#said.clear();
    this.#said.set(about, lasting);
    this.#event('warning', subjectId, text);
  }

  #event(severity: ServerEvent['severity'], subjectId: string | null, text: string): void {
    this.#options.log(severity === 'info' ? 'info' : 'warning', text);
    this.#events.push({ atMs: Date.now(), kind: 'action', subjectId, severity, text });
    if (this.#events.length > mostEvents) this.#events.shift();
  }
}

/** A plan waits for a day, and the processes that it would end may be gone by then. */
function isOutdated({ steps }: ActionPlan): boolean {
  const ended = steps.map(({ step }) => (step.do === 'end' ? step.process : null)).filter((process) => process !== null);
  return ended.length > 0 && !ended.some((process) => isStillRunning(process));
}

function readHost(meter: PressureMeter): Omit<Vital, 'leakerFull'> | null {
  const meminfo = readMeminfo('/proc');
  const pressure = meter.add(readPressure('/proc', 'memory'), performance.now());
  if (!isValue(meminfo)) return null;
  const { MemTotal, MemAvailable, SwapTotal, SwapFree } = meminfo;
  const full = isValue(pressure) ? pressure.full10 : pressure;
  if (!isValue(MemTotal) || !isValue(MemAvailable) || !isValue(full)) return null;
  return {
    memTotalBytes: MemTotal,
    availableBytes: MemAvailable,
    swapTotalBytes: valueOrNull(SwapTotal) ?? 0,
    swapFreeBytes: valueOrNull(SwapFree) ?? 0,
    memoryFull: full,
  };
}

function noProposal(id: string): StanchError {
  return new StanchError('STANCH_E_NO_ACTION', {
    expected: 'the id of a plan that waits',
    found: id.slice(0, 80),
    next: 'GET /api/v1/actions lists them; plan anew.',
  });
}
