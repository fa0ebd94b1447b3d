import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { Sample } from '../model/gauge.ts';
import { isValue } from '../model/reading.ts';
import type { Resource, ResourceVerdict, SubjectVerdict, VerdictWord } from '../model/verdict.ts';
import { bucketsPerLevel, levelCount, SubjectWindow, type WindowState, type WindowView } from '../series/window.ts';
import { logOddsOfLeak } from './assess.ts';
import { emptyView, fewestBuckets, type WindowEvidence, weighWindow } from './evidence.ts';
import { excursionOf } from './excursion.ts';
import type { Wall } from './forecast.ts';
import { HiddenRestarts, type HiddenRestartsState } from './hiddenRestarts.ts';
import { lifeOf, type PastLife, PastLives } from './lives.ts';
import { onsetOf } from './onset.ts';
import { pastBefore } from './past.ts';
import { readResources, resources } from './resources.ts';
import { mayRise } from './screen.ts';
import { tooFewSamples, undecidedVerdict } from './undecided.ts';
import { type TrackState, VerdictTrack } from './verdictTrack.ts';

/**
 * The detector for one subject: samples in, verdict out; bounded memory, no clock, no I/O.
 * Live, replay and scan all run through it, so that the same samples give the same verdicts at the same times.
 */
export interface SubjectWatch {
  /** Samples in time order; an earlier one than the last is dropped. */
  push(sample: Sample): void;
  /** As of the last sample. */
  verdict(): SubjectVerdict;
  /** Goes up whenever `verdict` may have changed, so that a caller can skip what it has seen. */
  readonly revision: number;
  /** State to be given to `restoreSubjectWatch`. */
  snapshot(): Uint8Array;
  /** What every window that rises showed when it was last looked at, for whoever measures the rules. */
  evidenceOn(resource: Resource): WindowEvidence[];
}

export function createSubjectWatch(subjectName: string): SubjectWatch {
  return new Watch(subjectName);
}

/** A watch as it was when `snapshot` was taken. A snapshot of another version or a damaged one gives a new watch, which has seen nothing. */
export function restoreSubjectWatch(subjectName: string, snapshot: Uint8Array): SubjectWatch {
  const watch = new Watch(subjectName);
  const state = readSnapshot(snapshot);
  if (state !== null) watch.state = state;
  return watch;
}

const snapshotVersion = 10;

/** A snapshot is the state in the form of v8, and its checksum before it: what v8 reads from damaged bytes can be anything. */
const checksumBytes = 4;

interface WatchState {
  version: typeof snapshotVersion;
  window: WindowState;
  tracks: (TrackState | null)[];
  lives: PastLife[][];
  bornMs: number;
  startTimeMs: number;
  swapBytes: number;
  cpuSeconds: number;
  lastMs: number;
  values: number[];
  limits: { limitBytes: number; headroomBytes: number; fdLimit: number };
  lookAt: number[];
  hidden: HiddenRestartsState | null;
}

function readSnapshot(snapshot: Uint8Array): WatchState | null {
  try {
    const stored = Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
    const bytes = stored.subarray(checksumBytes);
    if (bytes.length === 0 || stored.readUInt32LE() !== crc32(bytes)) return null;
    const state: unknown = deserialize(bytes);
    return isWatchState(state) ? state : null;
  } catch (error) {
    // What v8 throws on bytes it did not write: the caller replays samples instead.
    if (error instanceof Error) return null;
    throw error;
  }
}

/** The checksum fits: a version that fits is a state that fits. */
function isWatchState(state: unknown): state is WatchState {
  return typeof state === 'object' && state !== null && 'version' in state && state.version === snapshotVersion;
}

/** Where no start time is told: the CPU time of a process only goes up, by more than rounding and an idle process would hide. */
function beganAnew({ cpuSeconds }: Sample, before: number): boolean {
  return isValue(cpuSeconds) && before - cpuSeconds > Math.max(1, before / 2);
}

/** A start time that moves by less is the same start, read with another rounding. */
const sameStartMs = 2_000;

const memoryChannel = resources.findIndex(({ resource }) => resource === 'memory');
const processesChannel = resources.findIndex(({ resource }) => resource === 'processes');

/** Behind the resources: memory with its sign turned, whose floors are the peaks of memory. */
const peakChannel = resources.length;
const channelCount = resources.length + 1;

/** Share of the earlier runs that must have grown before their average counts. */
const mostLives = 0.7;

const scratch = emptyView();

/** A leak outweighs a suspicion, however likely that is. */
const gravity: readonly VerdictWord[] = ['leak', 'suspect', 'no-leak', 'undecided'];

/** Buckets of the finest level before anything is called a leak. */
const fewestBucketsForLeak = 36;

const risesNowhere = [false, false] as const;

/** Log-odds at which finer windows are not looked at any more. */
const surelyLeaking = 1.5;

/** From this width on every bucket is looked at: one comes so seldom that it costs nothing. */
const seldomMs = 900_000;

/** Buckets that a level has closed when it is looked at next: after as many new ones as are an eighth of what it then holds. */
function nextLook(closed: number, widthMs: number): number {
  let next = closed + 1;
  if (widthMs < seldomMs) while (next - closed < Math.floor(Math.min(next, bucketsPerLevel) / 8)) next += 1;
  return next;
}

interface Widest {
  level: number;
  /** Buckets that the level had closed. */
  closed: number;
  bornMs: number;
  evidence: WindowEvidence | null;
}

/** Evidence of the average run, where most runs grew. */
function averageOf(lives: PastLives, quantum: number): WindowEvidence | null {
  const average = lives.averageLife(scratch);
  return average !== null && lives.risingShare() > mostLives ? weighWindow(average, null, null, 0, quantum) : null;
}

function knownMs({ lives }: PastLives): number {
  return lives.reduce((sum, past) => sum + past.lengthMs, 0);
}

class Watch implements SubjectWatch {
  revision = 0;
  private readonly subjectName: string;
  private window = new SubjectWindow(channelCount);
  private readonly tracks: (VerdictTrack | null)[] = resources.map(() => null);
  private readonly lives: PastLives[] = [];
  private bornMs = Number.NaN;
  /** As last read, NaN before. */
  private startTimeMs = Number.NaN;
  private swapBytes = Number.NaN;
  private cpuSeconds = Number.NaN;
  private lastMs = Number.NEGATIVE_INFINITY;
  private readonly values = new Array<number>(channelCount).fill(Number.NaN);
  private readonly limits = { limitBytes: Number.NaN, headroomBytes: Number.NaN, fdLimit: Number.NaN };
  /** Buckets that each level has closed when it is looked at next. */
  private readonly lookAt = new Array<number>(levelCount).fill(fewestBuckets);
  /** Where nothing but memory tells of restarts. */
  private hidden: HiddenRestarts | null = null;
  /** What `widest` found last in each channel: of a window of weeks it is the same for hours, and it is asked for every few samples. */
  private readonly widestKnown: (Widest | undefined)[] = [];

  constructor(subjectName: string) {
    this.subjectName = subjectName;
  }

  push(sample: Sample): void {
    const { timeMs } = sample;
    if (!(timeMs >= this.lastMs)) return;
    this.noticeRestart(sample);
    this.lastMs = timeMs;
    const { values } = this;
    readResources(sample, values);
    // Private memory of which some is in swap and not read now is not known: without it, it would seem to have fallen.
    if (isValue(sample.swapBytes)) this.swapBytes = sample.swapBytes;
    else if (this.swapBytes > 0) values[memoryChannel] = Number.NaN;
    values[peakChannel] = -(values[memoryChannel] ?? Number.NaN);
    this.limits.limitBytes = isValue(sample.limitBytes) ? sample.limitBytes : Number.NaN;
    this.limits.headroomBytes = isValue(sample.headroomBytes) ? sample.headroomBytes : Number.NaN;
    this.limits.fdLimit = isValue(sample.fdLimit) ? sample.fdLimit : Number.NaN;
    const cpuSeconds = isValue(sample.cpuSeconds) ? sample.cpuSeconds : Number.NaN;
    if (!Number.isNaN(cpuSeconds)) this.cpuSeconds = cpuSeconds;
    this.noticeHiddenRestart(sample);
    const closedLevels = this.window.push(timeMs, values, cpuSeconds);
    if (closedLevels > 0) this.judge(closedLevels);
  }

  verdict(): SubjectVerdict {
    const judged: ResourceVerdict[] = [];
    for (const [c, track] of this.tracks.entries()) {
      const resource = resources[c];
      if (track === null || resource === undefined) continue;
      judged.push(
        track.verdict(this.wall(c), this.lastMs, {
          widest: () => this.widest(c, resource.quantum),
          excursion: (evidence) => (c === memoryChannel ? excursionOf(this.window, peakChannel, evidence) : 0),
          onset: (evidence) => onsetOf(this.window, c, evidence),
          runs: () => (c === memoryChannel ? (this.hidden?.reason ?? null) : null),
        }),
      );
    }
    judged.sort((a, b) => gravity.indexOf(a.verdict) - gravity.indexOf(b.verdict) || b.probability - a.probability);
    const worst = judged[0] ?? undecidedVerdict('memory', tooFewSamples);
    return { subject: this.subjectName, ...worst, resources: judged };
  }

  snapshot(): Uint8Array {
    const bytes = serialize(this.state);
    const checksum = Buffer.alloc(checksumBytes);
    checksum.writeUInt32LE(crc32(bytes));
    return Buffer.concat([checksum, bytes]);
  }

  evidenceOn(resource: Resource): WindowEvidence[] {
    return this.tracks[resources.findIndex((judged) => judged.resource === resource)]?.evidence ?? [];
  }

  get state(): WatchState {
    return {
      version: snapshotVersion,
      window: this.window.state,
      tracks: this.tracks.map((track) => track?.state ?? null),
      lives: resources.map((_, c) => this.lives[c]?.lives ?? []),
      bornMs: this.bornMs,
      startTimeMs: this.startTimeMs,
      swapBytes: this.swapBytes,
      cpuSeconds: this.cpuSeconds,
      lastMs: this.lastMs,
      values: this.values,
      limits: this.limits,
      lookAt: this.lookAt,
      hidden: this.hidden?.state ?? null,
    };
  }

  set state(state: WatchState) {
    this.window.state = state.window;
    for (const [c, resource] of resources.entries()) {
      const trackState = state.tracks[c];
      if (trackState) {
        const track = new VerdictTrack(resource);
        track.state = trackState;
        this.tracks[c] = track;
      }
      this.lives[c] = new PastLives(state.lives[c]);
    }
    this.bornMs = state.bornMs;
    this.startTimeMs = state.startTimeMs;
    this.swapBytes = state.swapBytes;
    this.cpuSeconds = state.cpuSeconds;
    this.lastMs = state.lastMs;
    for (const [c, value] of state.values.entries()) this.values[c] = value;
    Object.assign(this.limits, state.limits);
    for (const [level, closed] of state.lookAt.entries()) this.lookAt[level] = closed;
    if (state.hidden !== null) {
      this.hidden = new HiddenRestarts();
      this.hidden.state = state.hidden;
    }
  }

  private noticeRestart(sample: Sample): void {
    const alone = !isValue(sample.processes) || sample.processes <= 1;
    if (!isValue(sample.startTimeMs)) {
      if (alone && beganAnew(sample, this.cpuSeconds)) {
        this.restart();
        this.bornMs = sample.timeMs;
      }
      if (Number.isNaN(this.bornMs)) this.bornMs = sample.timeMs;
      return;
    }
    // Where there were several, the oldest may have ended and left one that ran beside it: nothing was restarted.
    const outlived = (this.values[processesChannel] ?? 0) > 1 && sample.startTimeMs <= this.lastMs;
    if (alone && !outlived && Math.abs(sample.startTimeMs - this.startTimeMs) > sameStartMs) this.restart();
    this.startTimeMs = sample.startTimeMs;
    this.bornMs = sample.startTimeMs;
  }

  private restart(): void {
    for (const [c, track] of this.tracks.entries()) {
      const resource = resources[c];
      if (track === null || resource === undefined) continue;
      const lives = this.livesOf(c);
      const life = lifeOf(this.window, c);
      if (life !== null) lives.add(life);
      track.restart(averageOf(lives, resource.quantum), this.lastMs - knownMs(lives));
    }
    this.window = new SubjectWindow(channelCount);
    this.lookAt.fill(fewestBuckets);
    this.widestKnown.length = 0;
    this.swapBytes = Number.NaN;
    this.revision += 1;
  }

  /** The window goes on over such a restart: what it shows is judged as before. */
  private noticeHiddenRestart({ timeMs, startTimeMs }: Sample): void {
    const memory = this.values[memoryChannel] ?? Number.NaN;
    if (isValue(startTimeMs) || !Number.isNaN(this.cpuSeconds)) this.hidden = null;
    else if (!Number.isNaN(memory)) {
      this.hidden ??= new HiddenRestarts();
      if (!this.hidden.push(timeMs, memory)) return;
      const { lives, fromMs } = this.hidden;
      this.tracks[memoryChannel]?.recur(averageOf(lives, resources[memoryChannel]?.quantum ?? 1), fromMs - knownMs(lives));
      if (lives.lives.length > 0) this.bornMs = fromMs;
    }
  }

  private livesOf(channel: number): PastLives {
    let lives = this.lives[channel];
    if (lives === undefined) {
      lives = new PastLives();
      this.lives[channel] = lives;
    }
    return lives;
  }

  /** Judges the levels in which a bucket closed. Coarse ones first: what they show already need not be looked for in finer ones. */
  private judge(closedLevels: number): void {
    let widest = -1;
    for (let level = closedLevels - 1; level >= 0; level -= 1) {
      const closed = this.window.closedCount(level);
      if (closed < (this.lookAt[level] ?? 0)) continue;
      this.lookAt[level] = nextLook(closed, this.window.widthMs(level));
      if (widest < 0) widest = this.widestLevel();
      for (let c = 0; c < resources.length; c += 1) if (this.window.isRead(c)) this.judgeLevel(level, c, level === widest);
    }
    if (widest < 0) return;
    const young = this.window.closedCount(0) < fewestBucketsForLeak;
    for (const track of this.tracks) {
      track?.outgrow(this.lastMs - this.bornMs);
      track?.settle(this.lastMs, young);
    }
    this.revision += 1;
  }

  private judgeLevel(level: number, channel: number, isWidest: boolean): void {
    const resource = resources[channel];
    if (resource === undefined) return;
    let track = this.tracks[channel] ?? null;
    if (track === null) {
      if (this.window.floors(level, channel, bucketsPerLevel, scratch.floor) < fewestBuckets) return;
      track = new VerdictTrack(resource);
      this.tracks[channel] = track;
    }
    const { quantum } = resource;
    const idle = this.window.isConstant(level, channel) || track.coarserLogOdds(level) > surelyLeaking;
    const filled = Math.min(this.window.closedCount(level), bucketsPerLevel);
    const rises = idle ? risesNowhere : this.screen(level, channel, filled, quantum);
    for (const part of [0, 1] as const) {
      let evidence: WindowEvidence | null = null;
      if (rises[part]) {
        const view = this.window.view(level, channel, part === 0 ? filled : filled >> 1, scratch);
        evidence = this.weigh(level, channel, view, quantum, isWidest && part === 0, track.loadRisePerMs(level, part));
      }
      if (isWidest && part === 0) track.life = evidence;
      track.update(level, part, evidence, evidence === null ? 0 : logOddsOfLeak(evidence, resource));
    }
  }

  /** Whether the floors of the `filled` buckets of a level, and those of its newer half, are worth weighing. */
  private screen(level: number, channel: number, filled: number, quantum: number): readonly [boolean, boolean] {
    const { window } = this;
    const floors = scratch.floor;
    const half = filled >> 1;
    const n = window.floors(level, channel, filled, floors);
    const whole = n >= fewestBuckets && mayRise(floors, 0, n, quantum);
    if (half < fewestBuckets) return [whole, false];
    // The newer half is the end of the whole, unless the channel was absent in some bucket.
    if (n === filled) return [whole, mayRise(floors, n - half, half, quantum)];
    const m = window.floors(level, channel, half, floors);
    return [whole, m >= fewestBuckets && mayRise(floors, 0, m, quantum)];
  }

  private weigh(
    level: number,
    channel: number,
    view: WindowView,
    quantum: number,
    isLife: boolean,
    loadRisePerMs: number,
  ): WindowEvidence | null {
    const past = pastBefore(this.window, level, channel, view, this.livesOf(channel), this.bornMs, quantum);
    const life = isLife ? null : (this.tracks[channel]?.life ?? null);
    return weighWindow(view, past, life, this.bornMs, quantum, loadRisePerMs);
  }

  /** The coarsest level with enough buckets: it holds the whole life, up to 96 days. */
  private widestLevel(): number {
    let level = this.window.levelsInUse - 1;
    while (level > 0 && this.window.closedCount(level) < fewestBuckets) level -= 1;
    return level;
  }

  /** Evidence of the longest window with enough buckets in which the channel was read. */
  private widest(channel: number, quantum: number): WindowEvidence | null {
    const known = this.widestKnown[channel];
    // Coarser levels close a bucket only together with this one: as long as it has closed none, nothing is new.
    if (known && known.closed === this.window.closedCount(known.level) && known.bornMs === this.bornMs) return known.evidence;
    for (let level = this.widestLevel(); level >= 0; level -= 1) {
      const view = this.window.view(level, channel, bucketsPerLevel, scratch);
      if (view.length < fewestBuckets) continue;
      const evidence = this.weigh(level, channel, view, quantum, true, 0);
      this.widestKnown[channel] = { level, closed: this.window.closedCount(level), bornMs: this.bornMs, evidence };
      return evidence;
    }
    return null;
  }

  private wall(channel: number): Wall | null {
    const { limitBytes, headroomBytes, fdLimit } = this.limits;
    const value = this.values[channel] ?? Number.NaN;
    const resource = resources[channel]?.resource;
    if (resource === 'fds') return Number.isNaN(fdLimit) ? null : { name: 'rlimit_nofile', level: fdLimit, held: value };
    if (resource !== 'memory' && resource !== 'shmem' && resource !== 'kernel') return null;
    const hostLevel = value + headroomBytes;
    if (limitBytes > 0 && resource !== 'kernel' && !(hostLevel < limitBytes)) {
      return { name: 'limit_bytes', level: limitBytes, held: value };
    }
    return Number.isNaN(hostLevel) ? null : { name: 'host_memory', level: hostLevel, held: value };
  }
}
