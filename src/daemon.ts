/**
 * The composition root: opens the store, puts the watches back, and drives the three loops.
 * *scan* every interval; *judge* in short slices between scans; *serve* whenever somebody asks.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { audit } from './advise/audit/audit.ts';
import { mayKillEarly, readAuditFacts } from './advise/audit/readAuditFacts.ts';
import { findingPace } from './detect/findingLife.ts';
import { Judge } from './detect/judge.ts';
import { restoreSubjectWatch } from './detect/subjectWatch.ts';
import { WatchBook } from './detect/watchBook.ts';
import { Explainer } from './explain/explainer.ts';
import type { PostMortem } from './model/kill.ts';
import type { Notice } from './model/notice.ts';
import type { Configured, Settings } from './model/settings.ts';
import { hostSubject, type Subject } from './model/subject.ts';
import { formatDuration } from './model/units.ts';
import type { VerdictWord } from './model/verdict.ts';
import { hostGauges, probeSamples } from './relate/conditionSamples.ts';
import { type HostCondition, HostWatch } from './relate/hostWatch.ts';
import { readWhere } from './relate/where.ts';
import { BpfTier, type ProcessSource } from './sample/bpfTier.ts';
import { BudgetKeeper } from './sample/budget.ts';
import { type OwnCost, OwnCostMeter } from './sample/ownCost.ts';
import { OwnGarbage } from './sample/ownGarbage.ts';
import { Sampler } from './sample/sampler.ts';
import type { Scan } from './sample/scan.ts';
import { type ClockReading, nextTick, ScanClock } from './sample/scanClock.ts';
import { openStore } from './series/embeddedStore.ts';
import { readResource } from './series/resourcePoints.ts';
import type { SeriesStore } from './series/store.ts';
import { AuditLog } from './serve/auditLog.ts';
import { EndedSessions } from './serve/endedSessions.ts';
import { evidenceSubject } from './serve/evidence.ts';
import { kept } from './serve/kept.ts';
import { loadPageFiles } from './serve/pageFiles.ts';
import { type ApiServer, startServer } from './serve/server.ts';
import type { Judged, LiveSource } from './serve/source.ts';
import { requireTlsBeyondLoopback } from './serve/tls.ts';
import { loadOrCreateToken, readTokenPath } from './serve/token.ts';
import { Guardian } from './stabilise/guardian.ts';
import { FixWatch } from './tell/fixWatch.ts';
import { Teller } from './tell/teller.ts';

export type LogLevel = 'error' | 'warning' | 'info';

export interface DaemonOptions {
  version: string;
  /** Folder of the built page; it may be missing. */
  pageDir: string;
  log: (level: LogLevel, text: string) => void;
  /** Where the settings come from; left out: from the program that starts it. */
  configured?: () => Configured;
  /** Another clock, for tests. */
  readClocks?: () => ClockReading;
}

export interface Daemon {
  /** As bound. */
  address: { host: string; port: number };
  /** Settings read anew: what can change while running does. Returns the names of those that need a restart. */
  reload(settings: Settings): string[];
  /** Saves what the watches know, and ends. */
  stop(): Promise<void>;
}

/** The judge works this long at a time, so that a client never waits for it. */
const sliceMs = 15;
const pauseMs = 5;
/** While somebody waits for answers, which come several in a row, it works a fifth of the time. */
const waitingForMs = 300;
const pauseForOthersMs = 60;
const saveStatesEveryMs = 600_000;
const putSubjectEveryMs = 600_000;
/** Windows are caught up from at most this much history. */
const replayMs = 6 * 3_600_000;
/** Points a sparkline is read back with after a restart. */
const sparkPoints = 40;
/** Where the memory is and how the server is set up is read when somebody asks, and not again so soon; the search for holders must not hold up a scan. */
const lookEveryMs = 15_000;
const whereSearchMs = 40;
/** A jump of the clock is told for so long. */
const tellJumpMs = 3_600_000;

/**
 * Errors: STANCH_E_DATA_DIR, STANCH_E_STORE_LOCKED, STANCH_E_PORT_IN_USE, STANCH_E_NOT_PERMITTED, STANCH_E_USAGE, STANCH_E_CONFIG.
 */
export async function startDaemon(settings: Settings, options: DaemonOptions): Promise<Daemon> {
  requireTlsBeyondLoopback(settings);
  const store = openStore({ dir: settings.dataDir, retention: settings.retention });
  try {
    const daemon = new RunningDaemon(settings, options, store);
    await daemon.start();
    return daemon;
  } catch (error) {
    store.close();
    throw error;
  }
}

class RunningDaemon implements Daemon, LiveSource {
  readonly version: string;
  readonly hostName = hostname();
  readonly store: SeriesStore;
  address: { host: string; port: number };
  private current: Settings;
  private readonly options: DaemonOptions;
  private readonly bpf = new BpfTier({ onChange: (source) => this.tellProcessSource(source) });
  private readonly sampler = new Sampler({ tasks: this.bpf });
  private readonly clock: ScanClock;
  private readonly budget: BudgetKeeper;
  private readonly book: WatchBook;
  private readonly judge: Judge;
  private readonly hostWatch: HostWatch;
  readonly incidents: Teller;
  private readonly fixes: FixWatch;
  readonly audit: AuditLog;
  readonly explainer: Explainer;
  readonly guardian: Guardian;
  private readonly garbage = new OwnGarbage();
  private readonly cost = new OwnCostMeter(Date.now() - performance.now());
  private readonly tickListeners = new Set<() => void>();
  /** When each subject was last written to the store. */
  private readonly subjectPutMs = new Map<string, number>();
  private latest: Scan;
  private latestCost: OwnCost;
  private latestScanMs = 0;
  readonly where = kept(lookEveryMs, () => readWhere(this.latest, { searchMs: whereSearchMs, sharesMs: 0 }));
  readonly hardening = kept(lookEveryMs, () => audit(readAuditFacts({ pids: mayKillEarly(this.latest.processes) })));
  private bug: Notice | null = null;
  /** Notices in the log already, by code and moment. */
  private logged = new Set<string>();
  private storeTroubleSinceMs: number | null = null;
  private server: ApiServer | null = null;
  private scheduleStartMs = 0;
  private scanTimer: NodeJS.Timeout | undefined;
  private workTimer: NodeJS.Timeout | undefined;
  /** When somebody asked for something last, by the monotonic clock. */
  private askedMs = Number.NEGATIVE_INFINITY;
  /** Restored subjects whose line of the floor is still to be read from the store. */
  private readonly toSeed: string[];
  private toSave: string[] = [];
  private savedMs = 0;
  private stopping = false;

  constructor(settings: Settings, options: DaemonOptions, store: SeriesStore) {
    this.current = settings;
    this.options = options;
    this.version = options.version;
    this.store = store;
    this.address = settings.listen;
    this.clock = new ScanClock(options.readClocks, lastStoredMs(store));
    this.budget = new BudgetKeeper(settings.budget, settings.intervalMs);
    this.book = new WatchBook(settings.intervalMs);
    this.judge = new Judge(this.book, store, findingPace(settings.intervalMs));
    restoreBook(this.book, store, this.clock.nowMs(), options.log);
    this.toSeed = [...this.book.all()].map(({ subject }) => subject.id);
    this.hostWatch = new HostWatch({
      probes: settings.probes,
      history: { store, isLeaking: (id) => isConcern(this.book.get(id)?.verdict?.verdict) },
      onBug: (error) => this.tellBug('probing', error),
    });
    const { hostName } = this;
    this.incidents = new Teller({ dataDir: settings.dataDir, hostName, settings, log: options.log, nowMs: () => this.nowMs() });
    this.fixes = new FixWatch(store);
    this.audit = new AuditLog(settings.dataDir);
    this.explainer = new Explainer({
      dataDir: settings.dataDir,
      entry: process.argv[1] ?? '',
      automatic: settings.explain.automatic,
      nowMs: () => this.nowMs(),
      log: options.log,
    });
    this.guardian = new Guardian({
      journalFile: join(settings.dataDir, 'actions.jsonl'),
      policy: settings.policy,
      scan: () => this.latest,
      verdictOf: (id) => this.book.get(id)?.verdict ?? null,
      slowProbes: () => this.hostWatch.slowProbes(),
      isBeingExplained: (id) => this.explainer.isAt(id),
      cpuHistory: (id, fromMs, toMs) => this.store.read(id, 'cpuSeconds', fromMs, toMs, 1000),
      log: options.log,
      onBug: (error) => this.tellBug('acting', error),
    });
    this.latestCost = this.cost.measure();
    this.latest = this.scanOnce(null);
    this.savedMs = this.latest.timeMs;
    this.judge.resume(store.findings({ limit: 10_000 }), this.latest.timeMs);
  }

  async start(): Promise<void> {
    const { dataDir, listen, tls } = this.current;
    const token = loadOrCreateToken(dataDir);
    const readToken = loadOrCreateToken(dataDir, readTokenPath(dataDir));
    const page = loadPageFiles(this.options.pageDir);
    const onBug = (error: unknown) => this.tellBug('serving', error);
    const endedSessions = new EndedSessions(dataDir, Date.now());
    this.server = await startServer({ source: this, token, readToken, endedSessions, listen, tls, page, onBug });
    this.address = this.server.address;
    this.scheduleStartMs = performance.now();
    this.logNotices();
    if (this.current.bpf) void this.bpf.start();
    this.scheduleScan();
    this.startWork();
    this.hostWatch.start();
    await this.guardian.start();
  }

  // The three loops.

  private scheduleScan(): void {
    const { waitMs } = nextTick(this.scheduleStartMs, this.budget.intervalMs, performance.now());
    this.scanTimer = setTimeout(() => this.onScanDue(), waitMs);
  }

  private onScanDue(): void {
    try {
      this.latest = this.scanOnce(this.latest);
      this.tellNews();
      this.keepBudget();
      this.garbage.giveBack(this.latestCost.rssBytes, performance.now());
    } catch (error) {
      this.tellBug('scanning', error);
    }
    this.logNotices();
    this.scheduleScan();
    this.startWork();
    for (const listener of this.tickListeners) listener();
  }

  /** One tick: everything read, written to the store and given to the watches. */
  private scanOnce(before: Scan | null): Scan {
    const startedMs = performance.now();
    const nowMs = this.clock.nowMs();
    if (before !== null) this.hostWatch.beforeScan(before, nowMs);
    const scan = this.sampler.scan(nowMs);
    this.latestScanMs = performance.now() - startedMs;
    this.hostWatch.afterScan(scan);
    this.book.observe(scan);
    this.store.append(scan.timeMs, this.rows(scan));
    this.latestCost = this.cost.measure();
    return scan;
  }

  private tellNews(): void {
    this.explainLeaks();
    this.guardian.afterScan(this.latest);
    const events = [...this.hostWatch.takeEvents(), ...this.guardian.takeEvents(), ...this.explainer.takeEvents()];
    const [findings, concerns, fixes] = [this.judge.findings(), this.hostWatch.concerns(), this.fixes.take()];
    this.incidents.afterScan({ scan: this.latest, findings, concerns, events, fixes });
  }

  private explainLeaks(): void {
    for (const { id } of this.latest.workloads.map(({ subject }) => subject)) {
      if (this.book.get(id)?.verdict?.verdict === 'leak') this.explainer.onLeak(id, () => evidenceSubject(this.latest, id));
    }
  }

  /** Looks less often, or as often as wanted again. */
  private keepBudget(): void {
    const beforeMs = this.budget.intervalMs;
    this.budget.observe(this.latestCost, performance.now(), this.latest.timeMs);
    this.sampler.setLooksCloser(this.budget.looksCloser);
    this.book.isFrugal = this.budget.isTooLarge;
    if (this.budget.intervalMs === beforeMs) return;
    this.judge.setPace(findingPace(this.budget.intervalMs));
    this.scheduleStartMs = performance.now();
  }

  private *rows(scan: Scan) {
    const condition = this.hostWatch.condition();
    yield this.row(hostSubject, { ...scan.host.sample, ...hostGauges(condition) }, scan.timeMs);
    for (const { subject, sample } of probeSamples(condition, scan.timeMs)) yield this.row(subject, sample, scan.timeMs);
    for (const { subject, sample } of scan.workloads) if (this.book.get(subject.id)) yield this.row(subject, sample, scan.timeMs);
    for (const { subject, sample } of scan.processes) if (this.book.get(subject.id)) yield this.row(subject, sample, scan.timeMs);
  }

  private row(subject: Subject, sample: Scan['host']['sample'], timeMs: number) {
    if (timeMs - (this.subjectPutMs.get(subject.id) ?? 0) >= putSubjectEveryMs) {
      this.store.putSubject(subject, timeMs);
      this.subjectPutMs.set(subject.id, timeMs);
    }
    return { subjectId: subject.id, sample };
  }

  private startWork(): void {
    this.judge.startRound();
    if (this.toSave.length === 0 && this.latest.timeMs - this.savedMs >= saveStatesEveryMs) {
      this.toSave = [...this.book.all()].map(({ subject }) => subject.id);
      this.savedMs = this.latest.timeMs;
      for (const id of this.subjectPutMs.keys()) if (this.book.get(id) === undefined) this.subjectPutMs.delete(id);
    }
    this.workTimer ??= setTimeout(() => this.work(), 0);
  }

  private work(): void {
    this.workTimer = undefined;
    const endMs = performance.now() + sliceMs;
    let more = true;
    try {
      while (more && performance.now() < endMs) more = this.workStep();
    } catch (error) {
      this.tellBug('judging', error);
    }
    const isAsked = performance.now() - this.askedMs < waitingForMs;
    if (more && !this.stopping) this.workTimer = setTimeout(() => this.work(), isAsked ? pauseForOthersMs : pauseMs);
  }

  /** The smallest piece of work; false when nothing is left until the next scan. */
  private workStep(): boolean {
    if (this.judge.step(this.latest.timeMs) || this.hostWatch.step() || this.sampler.lookCloser()) return true;
    if (this.fixes.step(this.latest, this.incidents.incidents())) return true;
    const restored = this.toSeed.pop();
    if (restored !== undefined) {
      this.seedSpark(restored);
      return true;
    }
    const id = this.toSave.pop();
    if (id === undefined) return this.store.maintain(this.latest.timeMs);
    this.saveState(id);
    return true;
  }

  private seedSpark(subjectId: string): void {
    const entry = this.book.get(subjectId);
    if (entry === undefined) return;
    const points = readResource('memory', (gauge) => this.store.read(subjectId, gauge, entry.firstSeenMs, this.latest.timeMs, sparkPoints));
    this.book.seedSpark(subjectId, points, points.min);
  }

  private saveState(subjectId: string): void {
    const entry = this.book.get(subjectId);
    if (entry !== undefined) this.store.putState(subjectId, entry.lastSeenMs, entry.watch.snapshot());
  }

  // What the API serves from.

  settings(): Settings {
    return this.current;
  }

  configured(): Configured | null {
    return this.options.configured?.() ?? null;
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  scan(): Scan {
    return this.latest;
  }

  pace(): { intervalMs: number; looksCloser: boolean } {
    return { intervalMs: this.budget.intervalMs, looksCloser: this.budget.looksCloser };
  }

  scanMs(): number {
    return this.latestScanMs;
  }

  condition(): HostCondition {
    return this.hostWatch.condition();
  }

  kills(): PostMortem[] {
    return this.hostWatch.kills();
  }

  processSource(): ProcessSource {
    return this.bpf.source;
  }

  judged(subjectId: string): Judged | null {
    const entry = this.book.get(subjectId);
    return entry === undefined ? null : { verdict: entry.verdict, spark: () => entry.spark.points() };
  }

  verdictRevision(): number {
    return this.judge.revision;
  }

  notices(): Notice[] {
    const own = [this.clockNotice(), this.storeNotice(), this.budget.notice(this.latest.timeMs), this.guardian.notice(), this.bug];
    return [...this.latest.notices, ...own.filter((notice) => notice !== null)];
  }

  ownCost(): OwnCost {
    return this.latestCost;
  }

  asked(): void {
    this.askedMs = performance.now();
  }

  onTick(listener: () => void): () => void {
    this.tickListeners.add(listener);
    return () => this.tickListeners.delete(listener);
  }

  private clockNotice(): Notice | null {
    const jump = this.clock.lastJump;
    if (jump === null || (this.latest.timeMs - jump.atMs > tellJumpMs && this.clock.aheadMs < 1000)) return null;
    const size = formatDuration(Math.abs(jump.byMs));
    const ahead = formatDuration(this.clock.aheadMs);
    const text =
      jump.byMs > 0
        ? `The system clock went forward by ${size}. No sample is lost; the series have a gap there.`
        : `The system clock went back by ${size}. No sample is lost: the times stanch shows are ${ahead} ahead until the clock has caught up.`;
    return { code: 'STANCH_E_CLOCK_JUMP', text, sinceMs: jump.atMs };
  }

  private storeNotice(): Notice | null {
    const { mode, reason, setAside } = this.store.health();
    if (mode === 'disk' && setAside.length === 0) {
      this.storeTroubleSinceMs = null;
      return null;
    }
    this.storeTroubleSinceMs ??= this.latest.timeMs;
    const sinceMs = this.storeTroubleSinceMs;
    if (mode === 'memory') return { ...storeTrouble(reason ?? ''), sinceMs };
    return {
      code: 'STANCH_E_STORE_CORRUPT',
      text: `Damaged files of the store were set aside: ${setAside.join(', ')}.`,
      sinceMs,
    };
  }

  /** Whoever reads the log and not the page has to know, too; once for each. */
  private logNotices(): void {
    const current = this.notices().filter((notice) => notice !== this.bug);
    const keyOf = ({ code, sinceMs }: Notice) => `${code} ${sinceMs}`;
    for (const notice of current) if (!this.logged.has(keyOf(notice))) this.options.log('warning', `${notice.code}: ${notice.text}`);
    this.logged = new Set(current.map(keyOf));
  }

  private tellProcessSource({ by, reason }: ProcessSource): void {
    if (by === 'bpf') this.options.log('info', `processes are read by BPF: ${reason}`);
    else this.options.log('warning', `STANCH_E_BPF: processes are read from /proc: ${reason}`);
  }

  private tellBug(doing: string, error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.options.log('error', `STANCH_E_BUG while ${doing}: ${message}`);
    this.bug = {
      code: 'STANCH_E_BUG',
      text: `An error inside stanch while ${doing}; its log has the details.`,
      sinceMs: this.latest.timeMs,
    };
  }

  // Its end, and changes on the way.

  reload(next: Settings): string[] {
    const before = this.current;
    const restart: string[] = [];
    if (next.dataDir !== before.dataDir) restart.push('store.dir');
    if (next.retention.maxAgeMs !== before.retention.maxAgeMs) restart.push('store.max_age');
    if (next.retention.maxBytes !== before.retention.maxBytes) restart.push('store.max_size');
    if (next.listen.host !== before.listen.host || next.listen.port !== before.listen.port) restart.push('serve.listen');
    if (JSON.stringify(next.tls) !== JSON.stringify(before.tls)) restart.push('serve.tls_cert');
    if (next.bpf !== before.bpf) restart.push('sample.bpf');
    if (next.policy.emergency !== before.policy.emergency) restart.push('policy.emergency');
    this.current = {
      ...before,
      intervalMs: next.intervalMs,
      allowLoopbackRead: next.allowLoopbackRead,
      budget: next.budget,
      probes: next.probes,
      explain: next.explain,
      policy: { ...next.policy, emergency: before.policy.emergency },
      thresholds: next.thresholds,
      notify: next.notify,
    };
    this.incidents.set(next);
    this.hostWatch.setProbes(next.probes);
    this.guardian.setPolicy(next.policy);
    this.explainer.setAutomatic(next.explain.automatic);
    this.budget.set(next.budget, next.intervalMs);
    if (next.intervalMs !== before.intervalMs) {
      this.judge.setPace(findingPace(this.budget.intervalMs));
      clearTimeout(this.scanTimer);
      this.scheduleStartMs = performance.now();
      this.scheduleScan();
    }
    return restart;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.scanTimer);
    clearTimeout(this.workTimer);
    await Promise.all([this.server?.close(), this.bpf.stop(), this.incidents.stop(), this.explainer.stop()]);
    try {
      for (const { subject } of this.book.all()) this.saveState(subject.id);
      this.judge.writeOpenFindings();
    } finally {
      this.hostWatch.stop();
      this.guardian.stop();
      this.sampler.close();
      this.store.close();
    }
  }
}

function isConcern(word: VerdictWord | undefined): boolean {
  return word === 'leak' || word === 'suspect';
}

/** The store's reason begins with its code. */
function storeTrouble(reason: string): { code: string; text: string } {
  const [, code = 'STANCH_E_STORE_DISK_FULL', text = reason] = /^(STANCH_E_\w+): (.*)$/s.exec(reason) ?? [];
  return { code, text: `History is kept in memory only: ${text}` };
}

function lastStoredMs(store: SeriesStore): number {
  return store.subjects().reduce((latest, { lastSeenMs }) => Math.max(latest, lastSeenMs), 0);
}

/** The watches as they were saved, then caught up with the samples that came after. */
function restoreBook(book: WatchBook, store: SeriesStore, nowMs: number, log: DaemonOptions['log']): void {
  const judged = store.subjects().filter(({ subject }) => subject.kind !== 'probe');
  const known = new Map(judged.map((entry) => [entry.subject.id, entry]));
  const savedMs = new Map<string, number>();
  for (const { subjectId, timeMs, bytes } of store.states()) {
    const entry = known.get(subjectId);
    if (entry === undefined) continue;
    const { subject, firstSeenMs } = entry;
    try {
      book.restore(subject, restoreSubjectWatch(subject.name, bytes), firstSeenMs, timeMs);
      savedMs.set(subjectId, timeMs);
    } catch (error) {
      // Of another version, or damaged: the watch starts anew from what the store replays.
      log('warning', `the saved window of ${subject.name} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const { subjectId, sample } of store.replay(nowMs - replayMs)) {
    const entry = known.get(subjectId);
    if (entry !== undefined && book.get(subjectId) === undefined) book.restoreEmpty(entry.subject, entry.firstSeenMs);
    if (sample.timeMs > (savedMs.get(subjectId) ?? 0)) book.replay(subjectId, sample);
  }
}
