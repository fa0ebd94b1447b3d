/** The lives of a workload laid over each other, all beginning at the left edge: whether each one grows the same way. Pure. */
import type { Life } from '../talk/documents.ts';

interface LifeLine {
  life: Life;
  /** Path of an SVG. */
  path: string;
  /** Where the line ends, for its label. */
  endX: number;
  endY: number;
  isNow: boolean;
}

export interface LivesPicture {
  lines: LifeLine[];
  /** Ticks with their place, and what they stand for. */
  ages: { x: number; ageMs: number }[];
  levels: { y: number; bytes: number }[];
}

export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

const minute = 60_000;
const ageSteps = [1, 2, 5, 10, 15, 30]
  .map((minutes) => minutes * minute)
  .concat([1, 2, 3, 6, 12, 24, 48, 96, 168].map((hours) => hours * 60 * minute));
/** Pixels that a tick needs. */
const ageRoom = 80;
const levelRoom = 44;

export function livesPicture(lives: readonly Life[], frame: Frame): LivesPicture {
  const longestMs = Math.max(minute, ...lives.map(({ ageMs }) => ageMs.at(-1) ?? 0));
  const mostBytes = Math.max(1, ...lives.flatMap(({ floor }) => floor.map((bytes) => bytes ?? 0))) * 1.08;
  const x = (ageMs: number) => frame.left + (ageMs / longestMs) * frame.width;
  const y = (bytes: number) => frame.top + frame.height - (bytes / mostBytes) * frame.height;
  const ageStep = ageSteps.find((step) => (step / longestMs) * frame.width >= ageRoom) ?? longestMs;
  const levelStep = 2 ** Math.ceil(Math.log2((mostBytes * levelRoom) / frame.height));
  return {
    lines: lives.map((life) => ({ life, ...lineOf(life, x, y), isNow: life.ended === null })),
    ages: steps(longestMs, ageStep).map((ageMs) => ({ x: x(ageMs), ageMs })),
    levels: steps(mostBytes, levelStep).map((bytes) => ({ y: y(bytes), bytes })),
  };
}

function lineOf(life: Life, x: (ageMs: number) => number, y: (bytes: number) => number): Pick<LifeLine, 'path' | 'endX' | 'endY'> {
  let path = '';
  let pen = 'M';
  let [endX, endY] = [0, 0];
  life.floor.forEach((bytes, index) => {
    if (bytes === null) {
      pen = 'M';
      return;
    }
    [endX, endY] = [x(life.ageMs[index] ?? 0), y(bytes)];
    path += `${pen}${endX.toFixed(1)} ${endY.toFixed(1)}`;
    pen = 'L';
  });
  return { path, endX, endY };
}

function steps(most: number, step: number): number[] {
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** What one life came to; null: nothing was recorded of it. */
export function lifeInNumbers({
  ageMs,
  floor,
}: Life): { firstBytes: number; lastBytes: number; ranMs: number; perHour: number | null } | null {
  const first = floor.findIndex((bytes) => bytes !== null);
  const last = floor.findLastIndex((bytes) => bytes !== null);
  const [firstBytes, lastBytes] = [floor[first], floor[last]];
  const [fromMs, toMs] = [ageMs[first], ageMs[last]];
  if (firstBytes == null || lastBytes == null || fromMs === undefined || toMs === undefined) return null;
  const hours = (toMs - fromMs) / 3_600_000;
  return { firstBytes, lastBytes, ranMs: toMs, perHour: hours <= 0 ? null : (lastBytes - firstBytes) / hours };
}
