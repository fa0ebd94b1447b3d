import type { Sample } from '../model/gauge.ts';
import { isValue } from '../model/reading.ts';
import type { ResourceVerdict, SubjectVerdict } from '../model/verdict.ts';
import { levelCount, SubjectWindow } from '../series/window.ts';
import { type Assessment, assess } from './assess.ts';
import { emptyView, fewestBuckets, weighWindow } from './evidence.ts';
import type { Wall } from './forecast.ts';
import { pastBefore } from './past.ts';
import { resources } from './resources.ts';
import { undecidedVerdict, VerdictTrack } from './verdictTrack.ts';

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
}

export function createSubjectWatch(subjectName: string): SubjectWatch {
  return new Watch(subjectName);
}

export function restoreSubjectWatch(subjectName: string, _snapshot: Uint8Array): SubjectWatch {
  return new Watch(subjectName);
}

/** A start time that moves by less is the same start, read with another rounding. */
const sameStartMs = 2_000;

const views = { window: emptyView() };

class Watch implements SubjectWatch {
  revision = 0;
  private readonly subjectName: string;
  private window = new SubjectWindow(resources.length);
  private tracks: (VerdictTrack | null)[] = resources.map(() => null);
  private bornMs = Number.NaN;
  private lastMs = Number.NEGATIVE_INFINITY;
  private readonly values = new Float64Array(resources.length);
  private readonly limits = { limitBytes: Number.NaN, headroomBytes: Number.NaN, fdLimit: Number.NaN };
  private judgedAt = new Float64Array(levelCount);

  constructor(subjectName: string) {
    this.subjectName = subjectName;
  }

  push(sample: Sample): void {
    const { timeMs } = sample;
    if (!(timeMs >= this.lastMs)) return;
    this.noticeRestart(sample);
    this.lastMs = timeMs;
    const { values } = this;
    for (let c = 0; c < values.length; c += 1) values[c] = resources[c]?.of(sample) ?? Number.NaN;
    this.limits.limitBytes = isValue(sample.limitBytes) ? sample.limitBytes : Number.NaN;
    this.limits.headroomBytes = isValue(sample.headroomBytes) ? sample.headroomBytes : Number.NaN;
    this.limits.fdLimit = isValue(sample.fdLimit) ? sample.fdLimit : Number.NaN;
    const cpuSeconds = isValue(sample.cpuSeconds) ? sample.cpuSeconds : Number.NaN;
    if (this.window.push(timeMs, values, cpuSeconds)) this.judge();
  }

  verdict(): SubjectVerdict {
    const judged: ResourceVerdict[] = [];
    for (const [c, track] of this.tracks.entries()) {
      const resource = resources[c];
      if (track === null || resource === undefined) continue;
      judged.push(track.verdict(this.wall(c), this.lastMs));
    }
    judged.sort((a, b) => b.probability - a.probability);
    const worst = judged[0] ?? undecidedVerdict('memory', 'too few samples so far');
    return { subject: this.subjectName, ...worst, resources: judged };
  }

  snapshot(): Uint8Array {
    return new Uint8Array();
  }

  private noticeRestart(sample: Sample): void {
    if (!isValue(sample.startTimeMs)) {
      if (Number.isNaN(this.bornMs)) this.bornMs = sample.timeMs;
      return;
    }
    const alone = !isValue(sample.processes) || sample.processes <= 1;
    if (!Number.isNaN(this.bornMs) && alone && Math.abs(sample.startTimeMs - this.bornMs) > sameStartMs && this.lastMs > 0) {
      this.window = new SubjectWindow(resources.length);
      this.judgedAt.fill(0);
    }
    this.bornMs = sample.startTimeMs;
  }

  private judge(): void {
    for (let level = 0; level < this.window.levelsInUse; level += 1) {
      const closed = this.window.closedCount(level);
      const stride = Math.max(1, Math.floor(Math.min(closed, 96) / 16));
      if (closed < fewestBuckets || closed < (this.judgedAt[level] ?? 0) + stride) continue;
      this.judgedAt[level] = closed;
      for (let c = 0; c < resources.length; c += 1) this.judgeLevel(level, c);
    }
  }

  private judgeLevel(level: number, channel: number): void {
    const resource = resources[channel];
    if (resource === undefined) return;
    for (const count of [96, 48]) {
      const view = this.window.view(level, channel, count, views.window);
      if (view.length < fewestBuckets || (count === 48 && view.length < 48)) continue;
      let assessment: Assessment | null = null;
      const past = pastBefore(this.window, level, channel, view, resource.quantum);
      const evidence = weighWindow(view, past, this.bornMs, resource.quantum);
      if (evidence !== null) assessment = assess(evidence, resource);
      if (assessment === null) continue;
      let track = this.tracks[channel] ?? null;
      if (track === null) {
        track = new VerdictTrack(resource.resource, resource.unit);
        this.tracks[channel] = track;
      }
      track.update(level, count === 96 ? 0 : 1, assessment, this.lastMs);
      this.revision += 1;
    }
  }

  private wall(channel: number): Wall | null {
    const { limitBytes, headroomBytes, fdLimit } = this.limits;
    const value = this.values[channel] ?? Number.NaN;
    const resource = resources[channel]?.resource;
    if (resource === 'fds') return Number.isNaN(fdLimit) ? null : { name: 'rlimit_nofile', left: fdLimit - value };
    if (resource !== 'memory' && resource !== 'shmem') return null;
    const own = limitBytes > 0 ? limitBytes - value : Number.NaN;
    if (!Number.isNaN(own) && !(headroomBytes < own)) return { name: 'limit_bytes', left: own };
    return Number.isNaN(headroomBytes) ? null : { name: 'host_memory', left: headroomBytes };
  }
}
