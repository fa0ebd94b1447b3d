/**
 * What earlier runs of a restarted process left behind: the floor by age. A leak hidden by restarts shows in their average, and a new
 * run that is no higher than earlier ones were at its age shows nothing new.
 */
import type { SubjectWindow, WindowView } from '../series/window.ts';
import { emptyView } from './evidence.ts';
import type { RunFloors } from './runFloors.ts';

const hourMs = 3_600_000;
const livesKept = 8;

/** Points of a life: enough to be judged like a window. */
export const pointsPerLife = 32;

/** Lives shorter than this show their start-up only. */
const shortestLifeMs = 30 * 60_000;

const view = emptyView();

export interface PastLife {
  lengthMs: number;
  /** Floor at `pointsPerLife` equal steps of age; of one resource. */
  floors: Float32Array;
}

/** The life that a window holds of one channel, or null when it is too short to show anything. */
export function lifeOf(window: SubjectWindow, channel: number): PastLife | null {
  for (let level = 0; level < window.levelsInUse; level += 1) {
    if (!window.holdsWholeLife(level)) continue;
    return lifeIn(window.view(level, channel, Number.POSITIVE_INFINITY, view));
  }
  return null;
}

/** The same of one that `run` holds. */
export function lifeOfRun(run: RunFloors): PastLife | null {
  return lifeIn(run.view(view));
}

function lifeIn(whole: WindowView): PastLife | null {
  if (whole.length < pointsPerLife / 2) return null;
  const fromMs = (whole.timeMs[0] ?? 0) - whole.widthMs / 2;
  const lengthMs = (whole.timeMs[whole.length - 1] ?? 0) + whole.widthMs / 2 - fromMs;
  return lengthMs < shortestLifeMs ? null : { lengthMs, floors: resample(whole, fromMs, lengthMs) };
}

/** Lowest floor in each step of age; a step without a bucket takes the one before. */
function resample(source: WindowView, fromMs: number, lengthMs: number): Float32Array {
  const floors = new Float32Array(pointsPerLife).fill(Number.NaN);
  for (let i = 0; i < source.length; i += 1) {
    const step = Math.min(pointsPerLife - 1, Math.floor((((source.timeMs[i] ?? 0) - fromMs) / lengthMs) * pointsPerLife));
    const floor = source.floor[i] ?? Number.NaN;
    if (!(floor > (floors[step] ?? Number.NaN))) floors[step] = floor;
  }
  let last = floors.find((floor) => !Number.isNaN(floor)) ?? 0;
  for (let step = 0; step < pointsPerLife; step += 1) {
    const floor = floors[step] ?? Number.NaN;
    if (Number.isNaN(floor)) floors[step] = last;
    else last = floor;
  }
  return floors;
}

export class PastLives {
  readonly lives: PastLife[];

  constructor(lives: PastLife[] = []) {
    this.lives = lives;
  }

  add(life: PastLife): void {
    this.lives.push(life);
    if (this.lives.length > livesKept) this.lives.shift();
  }

  /** Median over the lives of the floor at this age, or of the highest floor when they ended younger; null without lives. */
  usualFloorAt(ageMs: number): number | null {
    if (this.lives.length === 0) return null;
    const floors = this.lives.map((life) => {
      if (ageMs >= life.lengthMs) return Math.max(...life.floors);
      // The end of a step is the floor of the next one: a step's own floor is that of its beginning.
      const step = Math.floor((ageMs / life.lengthMs) * pointsPerLife);
      return Math.max(life.floors[step] ?? 0, life.floors[Math.min(step + 1, pointsPerLife - 1)] ?? 0);
    });
    floors.sort((a, b) => a - b);
    return floors[floors.length >> 1] ?? null;
  }

  /**
   * The average life as a window, without its first eighth; null with fewer than three lives. It is as long as the third-longest: ages that
   * only two lives reached average nothing. From age to age it grows as those did that reached it, on average: a life that ended young says
   * what came until then.
   */
  averageLife(into: WindowView): WindowView | null {
    const lengthMs = this.lives.map((life) => life.lengthMs).sort((a, b) => b - a)[2];
    if (lengthMs === undefined) return null;
    into.length = 0;
    into.widthMs = Math.min(hourMs, lengthMs / pointsPerLife);
    const ageOf = (step: number) => ((step + 0.5) * lengthMs) / pointsPerLife;
    const first = pointsPerLife / 8;
    let floor = 0;
    for (let step = first; step < pointsPerLife; step += 1) {
      const reached = this.lives.filter((life) => life.lengthMs >= ageOf(step));
      let sum = 0;
      for (const life of reached) sum += floorAt(life, ageOf(step)) - (step === first ? 0 : floorAt(life, ageOf(step - 1)));
      floor += sum / reached.length;
      into.timeMs[into.length] = ageOf(step);
      into.floor[into.length] = floor;
      into.load[into.length] = Number.NaN;
      into.length += 1;
    }
    return into;
  }

  /** Share of the lives that ended higher than they were at a third of their age. */
  risingShare(): number {
    if (this.lives.length === 0) return 0;
    const rising = this.lives.filter((l) => (l.floors[pointsPerLife - 1] ?? 0) > 1.02 * (l.floors[Math.floor(pointsPerLife / 3)] ?? 0));
    return rising.length / this.lives.length;
  }
}

function floorAt({ floors, lengthMs }: PastLife, ageMs: number): number {
  return floors[Math.min(pointsPerLife - 1, Math.floor((ageMs / lengthMs) * pointsPerLife))] ?? 0;
}
