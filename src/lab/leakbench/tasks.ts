import type { BenchCase, SeedSet } from './case.ts';
import { generateCase } from './emit.ts';
import { patternGroups } from './patterns/catalogue.ts';
import { type RecordedFile, readRecorded, recordedFiles } from './recorded/datasets.ts';
import { seedsOf } from './seeds.ts';

/** A piece of work for one worker: small enough to be sent, large enough to be worth it. */
export type Task =
  | { kind: 'generated'; group: string; family: string; seed: number }
  | { kind: 'recorded'; dataDir: string; file: RecordedFile };

export interface TaskQuery {
  seeds: { from: number; to: number };
  set: SeedSet;
  /** Beginning of the family's or group's name; everything when not given. */
  only?: string;
  /** Folder of the recorded series; without it only generated ones are run. */
  dataDir?: string;
}

export function tasksFor(query: TaskQuery): Task[] {
  return [...generatedTasks(query), ...recordedTasks(query)];
}

function generatedTasks({ seeds, set, only }: TaskQuery): Task[] {
  return patternGroups.flatMap(({ name, patterns }) =>
    patterns
      .filter(({ family }) => only === undefined || family.startsWith(only) || name === only)
      .flatMap(({ family }) =>
        seedsOf(family, seeds.from, seeds.to, set).map((seed): Task => ({ kind: 'generated', group: name, family, seed })),
      ),
  );
}

function recordedTasks({ only, dataDir }: TaskQuery): Task[] {
  if (dataDir === undefined) return [];
  return recordedFiles(dataDir)
    .filter(({ folder, group }) => only === undefined || folder.startsWith(only) || group === only)
    .map((file) => ({ kind: 'recorded', dataDir, file }));
}

export function* casesOf(task: Task): Generator<BenchCase> {
  if (task.kind === 'recorded') {
    yield* readRecorded(task.dataDir, task.file);
    return;
  }
  const pattern = patternGroups.find(({ name }) => name === task.group)?.patterns.find(({ family }) => family === task.family);
  if (pattern) yield generateCase(pattern, task.group, task.seed);
}
