import type { BenchCase, SeedSet } from './case.ts';
import { generateCase } from './emit.ts';
import { patternGroups } from './patterns/catalogue.ts';
import { seedsOf } from './seeds.ts';

/** A piece of work for one worker: small enough to be sent, large enough to be worth it. */
export interface Task {
  group: string;
  family: string;
  seed: number;
}

export interface TaskQuery {
  seeds: { from: number; to: number };
  set: SeedSet;
  /** Beginning of the family's or group's name; everything when not given. */
  only?: string;
}

export function generatedTasks(query: TaskQuery): Task[] {
  return patternGroups.flatMap(({ name, patterns }) =>
    patterns
      .filter(({ family }) => query.only === undefined || family.startsWith(query.only) || name === query.only)
      .flatMap(({ family }) => seedsOf(family, query.seeds.from, query.seeds.to, query.set).map((seed) => ({ group: name, family, seed }))),
  );
}

export function* casesOf(task: Task): Generator<BenchCase> {
  const pattern = patternGroups.find(({ name }) => name === task.group)?.patterns.find(({ family }) => family === task.family);
  if (pattern) yield generateCase(pattern, task.group, task.seed);
}
