/** Runs the programs of the table, looks at each three times as its own progress tells, and says what was named right. */
import type { GrowingThing } from '../../explain/growingThing.ts';
import { openHeap } from '../../explain/openHeap.ts';
import { TargetMemory } from '../../explain/targetMemory.ts';
import { table } from '../bench/table.ts';
import { type HeapLanguage, heapLanguages, startHeapProgram, whyNoHeapProgram } from './heapPrograms.ts';
import { type NamingCase, namingCases } from './namingCases.ts';

/** Requests before the first look and between two, and the pause after ten of them in the unit of the language. */
const paces: Record<HeapLanguage, { warmUp: number; between: number; pause: string }> = {
  php: { warmUp: 500, between: 1_500, pause: '5000' },
  java: { warmUp: 6_000, between: 3_000, pause: '5' },
  go: { warmUp: 2_000, between: 8_000, pause: '2' },
  ruby: { warmUp: 1_000, between: 3_000, pause: '0.005' },
  python: { warmUp: 1_000, between: 2_500, pause: '0.002' },
  node: { warmUp: 1_000, between: 3_000, pause: '5' },
  systemNode: { warmUp: 1_000, between: 3_000, pause: '5' },
};

interface NamingAnswer {
  things: GrowingThing[];
  cpuSeconds: number;
}

export async function nameGrowth(language: HeapLanguage, program: string, interpreter?: string): Promise<NamingAnswer> {
  const { warmUp, between, pause } = paces[language];
  const started = await startHeapProgram(language, program, pause, interpreter);
  try {
    const memory = new TargetMemory(started.pid);
    try {
      const heap = openHeap(memory);
      if (heap === null || 'why' in heap) throw new Error(`expected a heap of ${language}; found ${heap === null ? 'none' : heap.why}`);
      let spent = 0;
      for (let look = 0; look < 3; look += 1) {
        await started.more(look === 0 ? warmUp : between);
        const before = process.cpuUsage();
        heap.look();
        spent += cpuSecondsSince(before);
      }
      const before = process.cpuUsage();
      const things = heap.growing();
      return { things, cpuSeconds: spent + cpuSecondsSince(before) };
    } finally {
      memory.close();
    }
  } finally {
    await started.stop();
  }
}

function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

interface NamingScore {
  isFirst: boolean;
  isInThree: boolean;
  /** Null where the runtime has no name for it. */
  isOwnerRight: boolean | null;
}

export function scoreOf({ grows }: NamingCase, things: readonly GrowingThing[]): NamingScore {
  if (grows === null) return { isFirst: things.length === 0, isInThree: things.length === 0, isOwnerRight: null };
  const [first] = things;
  const isRight = ({ type }: GrowingThing) => grows.type.test(type);
  const owner = things.find(isRight)?.owner ?? '';
  return {
    isFirst: first !== undefined && isRight(first),
    isInThree: things.slice(0, 3).some(isRight),
    isOwnerRight: grows.owner === null ? null : grows.owner.test(owner),
  };
}

/** All programs that can run here, `runs` times each; or those of Python alone, on another Python than that of the PATH. */
export async function benchNaming(runs: number, python: string | undefined): Promise<string> {
  const rows: string[][] = [];
  const scores: { isLeak: boolean; score: NamingScore }[] = [];
  const missing = heapLanguages.flatMap((language) => whyNoHeapProgram(language) ?? []);
  for (const each of namingCases) {
    const isWanted = python === undefined ? whyNoHeapProgram(each.language) === null : each.language === 'python';
    if (!isWanted) continue;
    for (let run = 0; run < runs; run += 1) {
      const { things, cpuSeconds } = await nameGrowth(each.language, each.program, python);
      const score = scoreOf(each, things);
      scores.push({ isLeak: each.grows !== null, score });
      const found = things[0] === undefined ? 'nothing grows' : `${things[0].type} ← ${things[0].owner ?? things[0].place ?? '?'}`;
      rows.push([each.language, each.program, score.isFirst ? 'right' : 'WRONG', word(score.isOwnerRight), cpuSeconds.toFixed(2), found]);
      process.stderr.write(`${rows.at(-1)?.join('  ')}\n`);
    }
  }
  return [
    table(['runtime', 'program', 'first', 'owner', 'CPU s', 'said'], rows),
    summary(scores),
    ...missing.map((why) => `Left out: ${why}`),
  ].join('\n');
}

function word(isRight: boolean | null): string {
  return isRight === null ? '-' : isRight ? 'right' : 'WRONG';
}

function summary(scores: readonly { isLeak: boolean; score: NamingScore }[]): string {
  const leaks = scores.filter(({ isLeak }) => isLeak).map(({ score }) => score);
  const owners = leaks.filter(({ isOwnerRight }) => isOwnerRight !== null);
  const healthy = scores.filter(({ isLeak }) => !isLeak).map(({ score }) => score);
  const part = (of: readonly NamingScore[], isRight: (score: NamingScore) => boolean) => `${of.filter(isRight).length} of ${of.length}`;
  return [
    `Leaks named first: ${part(leaks, ({ isFirst }) => isFirst)}; among the first three: ${part(leaks, ({ isInThree }) => isInThree)}`,
    `owner named: ${part(owners, ({ isOwnerRight }) => isOwnerRight === true)}; healthy, and nothing named: ${part(healthy, ({ isFirst }) => isFirst)}`,
  ].join('; ');
}
