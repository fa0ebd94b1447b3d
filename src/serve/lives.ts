/** `/api/v1/subjects/{id}/lives`: what a workload held from each of its starts to the next, to be laid over each other. */
import { readResource } from '../series/resourcePoints.ts';
import type { Points } from '../series/store.ts';
import type { LivesDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

const lookBackMs = 14 * 86_400_000;
const startPoints = 2000;
const mostLives = 8;
const pointsEach = 120;
/** The start is computed from ticks since boot; and a graceful restart starts the new before it ends the old. */
const slackMs = 60_000;

export function livesDocument(source: LiveSource, subjectId: string): LivesDocument {
  const nowMs = source.nowMs();
  const starts = startsOf(source.store.read(subjectId, 'startTimeMs', nowMs - lookBackMs, nowMs, startPoints));
  // What restarts all the time has thousands, and some of the last may have nothing to show.
  const recent = starts.slice(-4 * mostLives);
  const lives = recent.map((startMs, index) => {
    const nextMs = recent[index + 1];
    const memory = readResource('memory', (gauge) => source.store.read(subjectId, gauge, startMs, (nextMs ?? nowMs + 1) - 1, pointsEach));
    return {
      started: new Date(startMs).toISOString(),
      ended: nextMs === undefined ? null : new Date(nextMs).toISOString(),
      ageMs: Array.from(memory.timeMs, (ms) => ms - startMs),
      floor: Array.from(memory.min, (bytes) => (Number.isFinite(bytes) ? bytes : null)),
    };
  });
  const seen = lives.filter(({ floor }) => floor.some((bytes) => bytes !== null));
  return { schema: 'stanch.lives/1', time: new Date(nowMs).toISOString(), subjectId, lives: seen.slice(-mostLives) };
}

/** Starts of all of it, oldest first. That only its oldest process went and the others stayed is none. */
function startsOf({ timeMs, last, bucketMs }: Points): number[] {
  const starts: number[] = [];
  let seenMs = Number.NEGATIVE_INFINITY;
  last.forEach((startMs, index) => {
    if (Number.isNaN(startMs)) return;
    if (startMs > seenMs - slackMs - bucketMs && startMs - (starts.at(-1) ?? Number.NEGATIVE_INFINITY) > 1000) starts.push(startMs);
    seenMs = timeMs[index] ?? seenMs;
  });
  return starts;
}
