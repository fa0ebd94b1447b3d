/**
 * Restarts of which neither a start time nor CPU time tells, as in a recording of memory alone: it falls at once to where the run began. So
 * does garbage that is collected, or a buffer that is written out each night. A restart is told from those by what comes after it: a start-up.
 * Pure.
 */
import type { Reason } from '../model/verdict.ts';
import { lifeOfRun, type PastLife, PastLives, pointsPerLife } from './lives.ts';
import { RunFloors, type RunFloorsState } from './runFloors.ts';
import { robustDeviation, theilSen } from './statistics.ts';

/** Samples that wait until it is known whether they belong to a fall. */
const recentSamples = 4;

/** A run that is shorter shows nothing, and a fall in it is noise. */
const fewestSamples = 24;

/** A fall ends in the lowest part of what the run climbed, and is at least this share of the level, and as many usual steps. */
const lowestPart = 1 / 4;
const leastDepth = 0.1;
const leastSteps = 10;

/** Samples after a fall within which half of it is not back: else it was a dip. */
const dipSamples = 5;

/** A start-up belongs to the first eighth of a run. It climbs more than so many later steps, their scatter, and a share of the level. */
const startUpPoints = pointsPerLife / 8;
const startUpSteps = 2;
const startUpScatters = 4;
const startUpShare = 0.05;

/** Share of the runs that begin with a start-up, if they are to be runs. */
const mostRuns = 0.75;

/** Runs whose floors at a third of their age differ by more are of different programs. */
const mostApart = 1.5;

interface Run {
  floors: RunFloors;
  /** The latest samples, not yet among the floors, as a ring: they may belong to a fall. */
  recentMs: number[];
  recentValues: number[];
  samples: number;
  lowest: number;
  /** Of all steps from sample to sample, without their signs; NaN before the first. */
  stepSum: number;
}

interface Fall {
  atMs: number;
  /** Below which it stays when it was no dip. */
  halfway: number;
  /** The run that it ended. */
  ended: Run;
}

interface RunState extends Omit<Run, 'floors'> {
  floors: RunFloorsState;
}

/** Everything that is held, as plain data. */
export interface HiddenRestartsState {
  run: RunState;
  fall: (Omit<Fall, 'ended'> & { ended: RunState }) | null;
  lives: PastLife[];
  fromMs: number;
}

export class HiddenRestarts {
  private run = newRun();
  private fall: Fall | null = null;
  private complete = new PastLives();
  /** Which of the complete runs began with a start-up. */
  private startedUp: boolean[] = [];
  /** When the present run began; NaN while it is the first one, of which that is not known. */
  fromMs = Number.NaN;

  /** Whether a run has ended that counts, which is known a few samples later. Times must not go back. */
  push(timeMs: number, value: number): boolean {
    const { fall } = this;
    if (fall === null) {
      const high = mayEndIn(this.run, value) ? heightBefore(this.run) : Number.NaN;
      if (!endsIn(this.run, high, value)) {
        take(this.run, timeMs, value);
        return false;
      }
      this.fall = { atMs: timeMs, halfway: (high + value) / 2, ended: this.run };
      this.run = newRun();
    }
    take(this.run, timeMs, value);
    return this.fall !== null && this.settle(this.fall, value);
  }

  /** Complete runs, latest last; none where what falls is not seen to be restarted. */
  get lives(): PastLives {
    const { lives } = this.complete;
    return alike(lives) && this.startUps() >= mostRuns * lives.length ? this.complete : new PastLives();
  }

  /** What tells that it was restarted, in words. */
  get reason(): Reason | null {
    const count = this.lives.lives.length;
    const text = `no start time is told, but after ${this.startUps()} of its last ${count} falls it started up: it is taken to be restarted`;
    return count === 0 ? null : { rule: 'restarts-seen', for: 'leak', text };
  }

  private startUps(): number {
    return this.startedUp.filter(Boolean).length;
  }

  get state(): HiddenRestartsState {
    const { run, fall, complete, fromMs } = this;
    return {
      run: stateOf(run),
      fall: fall === null ? null : { ...fall, ended: stateOf(fall.ended) },
      lives: complete.lives,
      fromMs,
    };
  }

  set state({ run, fall, lives, fromMs }: HiddenRestartsState) {
    this.run = runFrom(run);
    this.fall = fall === null ? null : { ...fall, ended: runFrom(fall.ended) };
    this.complete = new PastLives(lives);
    this.startedUp = lives.map(startsUp);
    this.fromMs = fromMs;
  }

  private settle(fall: Fall, value: number): boolean {
    if (value > fall.halfway) {
      this.run = fall.ended;
      this.fall = null;
      return false;
    }
    if (this.run.samples < dipSamples) return false;
    const { recentMs, recentValues, samples, floors } = fall.ended;
    for (let k = 0; k < recentSamples; k += 1) {
      const at = (samples + k) % recentSamples;
      const before = recentValues[at] ?? 0;
      if (before > fall.halfway) floors.push(recentMs[at] ?? 0, before);
    }
    const life = Number.isNaN(this.fromMs) ? null : lifeOfRun(floors);
    this.fromMs = fall.atMs;
    this.fall = null;
    if (life === null) return false;
    this.complete.add(life);
    this.startedUp.push(startsUp(life));
    if (this.startedUp.length > this.complete.lives.length) this.startedUp.shift();
    return true;
  }
}

function newRun(): Run {
  const noneRecent = () => new Array<number>(recentSamples).fill(Number.NaN);
  return {
    floors: new RunFloors(),
    recentMs: noneRecent(),
    recentValues: noneRecent(),
    samples: 0,
    lowest: Number.POSITIVE_INFINITY,
    stepSum: Number.NaN,
  };
}

function stateOf(run: Run): RunState {
  return { ...run, floors: run.floors.state };
}

function runFrom(state: RunState): Run {
  const floors = new RunFloors();
  floors.state = state.floors;
  return { ...state, floors };
}

function take(run: Run, timeMs: number, value: number): void {
  const { recentMs, recentValues, samples } = run;
  if (samples > 0) {
    const step = Math.abs(value - (recentValues[(samples - 1) % recentSamples] ?? value));
    run.stepSum = samples === 1 ? step : run.stepSum + step;
  }
  if (value < run.lowest) run.lowest = value;
  const at = samples % recentSamples;
  if (samples >= recentSamples) run.floors.push(recentMs[at] ?? 0, recentValues[at] ?? 0);
  recentMs[at] = timeMs;
  recentValues[at] = value;
  run.samples += 1;
}

/** What it held all the time just before: neither a peak of one or two samples nor a sample taken while it fell. */
function heightBefore({ recentValues, samples }: Run): number {
  const newest = (samples - 1) % recentSamples;
  return Math.min(...recentValues.filter((_, k) => k !== newest));
}

/** A look that costs nothing, and is all that most samples need. */
function mayEndIn({ samples, recentValues }: Run, value: number): boolean {
  return samples >= fewestSamples && value <= (1 - leastDepth) * (recentValues[samples % recentSamples] ?? 0);
}

function endsIn(run: Run, high: number, value: number): boolean {
  const depth = high - value;
  return (
    depth >= leastDepth * high &&
    depth >= (leastSteps * run.stepSum) / run.samples &&
    value <= run.lowest + lowestPart * (high - run.lowest)
  );
}

/** A program that starts climbs fast at first: it begins far below the line on which it goes on. What was collected begins on it. */
function startsUp({ floors }: PastLife): boolean {
  const later = Float64Array.from(floors.subarray(startUpPoints));
  const ages = later.map((_, k) => startUpPoints + k);
  const { slope, intercept } = theilSen(ages, later, later.length);
  const scatter = robustDeviation(
    later.map((floor, k) => floor - intercept - slope * (ages[k] ?? 0)),
    later.length,
  );
  const missing = intercept - (floors[0] ?? 0);
  return missing > startUpSteps * Math.max(0, slope) + startUpScatters * scatter && missing > startUpShare * intercept;
}

/** A third of the way each run stands where the others stood. */
function alike(lives: readonly PastLife[]): boolean {
  const heights = lives.map(({ floors }) => floors[Math.floor(pointsPerLife / 3)] ?? 0);
  return lives.length > 0 && Math.max(...heights) <= mostApart * Math.min(...heights);
}
