/**
 * What the server goes through, for the daemon: the stage of the cascade, its own probes, why it is slow, and who was killed.
 * It reads some ten files of the kernel with each scan; the probes run by themselves between scans.
 */
import type { Because, Cause, StageState, Vitals } from '../model/cascade.ts';
import type { ServerEvent } from '../model/event.ts';
import type { Concern } from '../model/incident.ts';
import type { PostMortem } from '../model/kill.ts';
import type { LoopbackState, ProbeState } from '../model/probe.ts';
import { isValue, type Reading } from '../model/reading.ts';
import type { ProbeSettings } from '../model/settings.ts';
import type { Scan } from '../sample/scan.ts';
import { readCgroups } from './cgroups.ts';
import { type Conclusion, conclude, slowText, type ThrottledCgroup } from './conclusion.ts';
import { KillWatch, type KillWatchOptions } from './oom/killWatch.ts';
import { Prober } from './probes/prober.ts';
import { isShort, newStageTrack, nextStage, over, type StageTrack } from './stage.ts';
import { VitalsReader } from './vitals.ts';

export interface HostCondition extends StageState {
  /** Null before the first scan was compared with another. */
  vitals: Vitals | null;
  cause: Cause | null;
  also: Cause[];
  causeBecause: Because[];
  /** Null when there is nothing to say. */
  sentence: string | null;
  probes: ProbeState[];
  loopback: LoopbackState | null;
  /** Whether kills can be told in full: the kernel's log may be read. */
  seesKernelLog: boolean;
}

export interface HostWatchOptions extends KillWatchOptions {
  probes: ProbeSettings;
  onBug: (error: unknown) => void;
}

const maxEvents = 500;
/** Waiting for memory on a host that has some: then one cgroup is looked for that is at its own limit. */
const throttledSome = 0.2;
const cgroupsEveryMs = 30_000;
const cgroupSearchMs = 5;

export class HostWatch {
  readonly #vitalsReader: VitalsReader;
  readonly #prober: Prober;
  readonly #kills: KillWatch;
  readonly #options: HostWatchOptions;
  readonly #events: ServerEvent[] = [];
  #track: StageTrack | null = null;
  #vitals: Vitals | null = null;
  #conclusion: Conclusion = { cause: null, also: [], because: [], sentence: null };
  #throttled: { cgroup: ThrottledCgroup | null; readMs: number } | null = null;
  /** State of each probe as it was told last. */
  readonly #toldProbes = new Map<string, ProbeState['state']>();

  constructor(options: HostWatchOptions) {
    this.#options = options;
    this.#vitalsReader = new VitalsReader(options.procRoot);
    this.#kills = new KillWatch(options);
    const { procRoot } = options;
    this.#prober = new Prober(options.probes, {
      hostIsWell: () => this.#isWell(),
      onBug: options.onBug,
      ...(procRoot === undefined ? {} : { procRoot }),
    });
  }

  /** Busy CPUs and disks may be what is usual here. */
  #isWell(): boolean {
    const stage = this.#track?.stage ?? 'healthy';
    const { cause } = this.#conclusion;
    return (stage === 'healthy' || stage === 'filling') && cause !== 'memory' && cause !== 'network';
  }

  start(): void {
    this.#prober.start();
  }

  setProbes(probes: ProbeSettings): void {
    this.#prober.set(probes);
  }

  stop(): void {
    this.#prober.stop();
    this.#kills.close();
  }

  /** Before a scan: `before` still has the processes that ended since. */
  beforeScan(before: Scan, nowMs: number): void {
    this.#kills.look(before, nowMs);
  }

  afterScan(scan: Scan): void {
    const { host, timeMs } = scan;
    const read = this.#vitalsReader.read(host, timeMs);
    const oomKills = this.#killsOfHost(scan, read.oomKills);
    const vitals: Vitals = { ...read, oomKills, failedAllocations: this.#kills.takeFailedAllocations() };
    const before = this.#track ?? newStageTrack(timeMs);
    this.#vitals = vitals;
    this.#track = nextStage(before, vitals);
    this.#conclude(this.#track, vitals);
    this.#tellStage(before, this.#track);
    this.#tellProbes(timeMs);
    this.#tellKills();
  }

  #killsOfHost(scan: Scan, counted: Reading<number>): Reading<number> {
    if (!isValue(counted)) return counted;
    this.#kills.count(scan, counted);
    if (counted > 0) this.#kills.look(scan, scan.timeMs);
    return Math.max(0, counted - this.#kills.takeContained());
  }

  /** A bite of work between scans; false when there is none. */
  step(): boolean {
    return this.#kills.step();
  }

  /** Names of the services that answer slowly or not at all. */
  slowProbes(): string[] {
    return this.condition()
      .probes.filter(({ state }) => state === 'slow' || state === 'failing')
      .map(({ name }) => name);
  }

  condition(): HostCondition {
    const { stage, sinceMs, because } = this.#track ?? newStageTrack(0);
    const { cause, also, because: causeBecause, sentence } = this.#conclusion;
    return {
      stage,
      sinceMs,
      because,
      vitals: this.#vitals,
      cause,
      also,
      causeBecause,
      sentence,
      probes: this.#prober.states(),
      loopback: this.#prober.loopback(),
      seesKernelLog: this.#kills.seesLog,
    };
  }

  /** Latest first. */
  kills(): PostMortem[] {
    return this.#kills.all();
  }

  /** What stands, for an incident: the server is short of memory. */
  concerns(): Concern[] {
    const { stage, sinceMs, sentence } = this.condition();
    if (stage === 'healthy' || stage === 'filling') return [];
    const severity = stage === 'swapping' ? 'warning' : 'critical';
    const text = sentence === null ? `it is ${stage}` : sentence.replace(/\.$/, '');
    return [{ key: 'stage', subjectId: null, subjectName: 'the server', severity, sinceMs, text }];
  }

  /** What happened since it was asked last, in order. The last few hundred are kept. */
  takeEvents(): ServerEvent[] {
    return this.#events.splice(0);
  }

  #conclude({ stage }: StageTrack, vitals: Vitals): void {
    const throttled = this.#throttledCgroup(vitals);
    this.#conclusion = conclude({ stage, vitals, probes: this.#prober.states(), loopback: this.#prober.loopback(), throttled });
  }

  #throttledCgroup(vitals: Vitals): ThrottledCgroup | null {
    if (!over(vitals.memorySome, throttledSome) || isShort(vitals)) return null;
    if (this.#throttled === null || vitals.timeMs - this.#throttled.readMs >= cgroupsEveryMs) {
      this.#throttled = { cgroup: readThrottled(this.#options), readMs: vitals.timeMs };
    }
    return this.#throttled.cgroup;
  }

  #tell(event: ServerEvent): void {
    this.#events.push(event);
    if (this.#events.length > maxEvents) this.#events.shift();
  }

  #tellStage(before: StageTrack, { stage, sinceMs, because }: StageTrack): void {
    if (stage === before.stage) return;
    const reasons = because.map(({ text }) => text).join(', ');
    const sentence = this.#conclusion.sentence;
    const text = `Stage ${stage}, after ${before.stage}${reasons === '' ? '' : `: ${reasons}`}.${sentence === null ? '' : ` ${sentence}`}`;
    const severity = stage === 'healthy' || stage === 'filling' ? 'info' : stage === 'swapping' ? 'warning' : 'critical';
    this.#tell({ atMs: sinceMs, kind: 'stage', subjectId: null, severity, text });
  }

  #tellProbes(atMs: number): void {
    const well = (state: ProbeState['state'] | undefined) => state !== 'slow' && state !== 'failing';
    for (const probe of this.#prober.states()) {
      const told = this.#toldProbes.get(probe.name);
      this.#toldProbes.set(probe.name, probe.state);
      if (well(told) && !well(probe.state)) {
        this.#tell({ atMs, kind: 'probe', subjectId: null, severity: 'warning', text: this.#conclusion.sentence ?? `${slowText(probe)}.` });
      } else if (!well(told) && well(probe.state)) {
        this.#tell({
          atMs,
          kind: 'probe',
          subjectId: null,
          severity: 'info',
          text: `${probe.name} answers within its healthy range again.`,
        });
      }
    }
  }

  #tellKills(): void {
    for (const { kill, victim, culprit, sentence } of this.#kills.take()) {
      const subjectId = culprit?.subjectId ?? victim.subjectId;
      if (kill.atMs !== null) this.#tell({ atMs: kill.atMs, kind: 'kill', subjectId, severity: 'critical', text: sentence });
    }
  }
}

/** The cgroup that waits most. Null: none does, or none can be seen. */
function readThrottled({ procRoot = '/proc', cgroupRoot = '/sys/fs/cgroup' }: HostWatchOptions): ThrottledCgroup | null {
  const deadlineMs = performance.now() + cgroupSearchMs;
  const cgroups = readCgroups({ procRoot, cgroupRoot, isLate: () => performance.now() > deadlineMs });
  let most: ThrottledCgroup | null = null;
  for (const { path, pressure, usageBytes, limitBytes } of cgroups?.largest ?? []) {
    const some = isValue(pressure) && isValue(pressure.some10) ? pressure.some10 : 0;
    if (some < throttledSome || some <= (most?.pressureSome ?? 0)) continue;
    most = {
      path,
      pressureSome: some,
      usageBytes: isValue(usageBytes) ? usageBytes : null,
      limitBytes: isValue(limitBytes) ? limitBytes : null,
    };
  }
  return most;
}
