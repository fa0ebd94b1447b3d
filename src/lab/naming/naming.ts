/** Runs the programs of the table, looks at each three times as its own progress tells, and says what was named right. */
import type { GrowingThing } from '../../explain/growingThing.ts';
import { openHeap } from '../../explain/openHeap.ts';
import { TargetMemory } from '../../explain/targetMemory.ts';
import { table } from '../bench/table.ts';
import { isKeeperLanguage, keeperLanguages, startKeeper, whyNoKeeper } from '../keeper.ts';
import { type HeapLanguage, type HeapProgram, heapLanguages, startHeapProgram, whyNoHeapProgram } from './heapPrograms.ts';
import { type NamingCase, type NamingLanguage, namingCases } from './namingCases.ts';

/**
 * Requests before the first look and between two, and the pause after ten of them in the unit of the language. Of native programs requests a
 * second, and looks away from where a list that doubles is moved: one that moves between reading what refers to it and reading it can't be followed.
 */
const native = { warmUp: 8_500, between: 4_500, pause: '20000' };
/** What lasts is no longer among what is young, and is no longer moved, once V8 has collected garbage some times. */
const node = { warmUp: 4_000, between: 3_000, pause: '5' };
/** A collection between two looks. */
const go = { warmUp: 2_000, between: 8_000, pause: '2' };
const paces: Record<NamingLanguage, { warmUp: number; between: number; pause: string }> = {
  c: native,
  cpp: native,
  rs: native,
  php: { warmUp: 500, between: 1_500, pause: '5000' },
  java: { warmUp: 6_000, between: 3_000, pause: '5' },
  go,
  plainGo: go,
  strippedGo: go,
  ruby: { warmUp: 1_000, between: 3_000, pause: '0.005' },
  python: { warmUp: 1_000, between: 2_500, pause: '0.002' },
  node,
  systemNode: node,
};

interface NamingAnswer {
  things: GrowingThing[];
  cpuSeconds: number;
}

/** For a test to skip with; null when programs of the language can run. */
export function whyNotNamed(language: NamingLanguage): string | null {
  return isKeeperLanguage(language) ? whyNoKeeper(language) : whyNoHeapProgram(language);
}

export async function startProgram(language: NamingLanguage, program: string, tool?: string): Promise<HeapProgram> {
  const { pause } = paces[language];
  if (!isKeeperLanguage(language)) return startHeapProgram(language, program, pause, tool);
  const { pid, done, stop } = await startKeeper(language, program, Number(pause));
  let requests = 0;
  const more = (count: number) => {
    requests += count;
    return done(requests);
  };
  return { pid, more, stop };
}

export async function nameGrowth(language: NamingLanguage, program: string, tool?: string): Promise<NamingAnswer> {
  const { warmUp, between } = paces[language];
  const started = await startProgram(language, program, tool);
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
      if (heap.needsLook?.() === true) {
        await started.more(between);
        heap.look();
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
  /** Of the first; null where more than one would do. */
  isPatternRight: boolean | null;
}

export function scoreOf({ grows }: NamingCase, things: readonly GrowingThing[]): NamingScore {
  if (grows === null) return { isFirst: things.length === 0, isInThree: things.length === 0, isOwnerRight: null, isPatternRight: null };
  const [first] = things;
  const isRight = ({ type }: GrowingThing) => grows.type.test(type);
  const owner = things.find(isRight)?.owner ?? '';
  return {
    isFirst: first !== undefined && isRight(first),
    isInThree: things.slice(0, 3).some(isRight),
    isOwnerRight: grows.owner === null ? null : grows.owner.test(owner),
    isPatternRight: grows.patterns.length === 0 ? null : grows.patterns.some((pattern) => pattern === first?.pattern),
  };
}

/** An interpreter, or for Go a `go`, that isn't that of the PATH. */
export interface OtherTool {
  language: HeapLanguage;
  command: string;
}

/** Of `python=/opt/python3.14/bin/python3`. */
export function parseOtherTool(text: string): OtherTool {
  const [, name = '', command = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
  const language = heapLanguages.find((each) => each === name);
  if (language === undefined)
    throw new Error(`expected --interpreter LANGUAGE=COMMAND with one of ${heapLanguages.join(', ')}; found ${text}`);
  return { language, command };
}

/** All programs that can run here, `runs` times each; those in whose language and name there is `only`; or those of one language, on `other`. */
export async function benchNaming(runs: number, only: string, other: OtherTool | null): Promise<string> {
  const rows: string[][] = [];
  const scores: { isLeak: boolean; score: NamingScore }[] = [];
  const missing = [...heapLanguages, ...keeperLanguages].flatMap((language) => whyNotNamed(language) ?? []);
  const isWanted = ({ language, program }: NamingCase) =>
    `${language} ${program}`.includes(only) && (other === null ? whyNotNamed(language) === null : language === other.language);
  for (const each of namingCases.filter(isWanted)) {
    for (let run = 0; run < runs; run += 1) {
      const { things, cpuSeconds } = await nameGrowth(each.language, each.program, other?.command);
      const score = scoreOf(each, things);
      scores.push({ isLeak: each.grows !== null, score });
      const right = [score.isFirst, score.isOwnerRight, score.isPatternRight].map(word);
      rows.push([each.language, each.program, ...right, cpuSeconds.toFixed(2), things.slice(0, 3).map(said).join('; ') || 'nothing grows']);
      process.stderr.write(`${rows.at(-1)?.join('  ')}\n`);
    }
  }
  return [
    table(['runtime', 'program', 'first', 'owner', 'pattern', 'CPU s', 'said'], rows),
    summary(scores),
    ...missing.map((why) => `Left out: ${why}`),
  ].join('\n');
}

function said({ type, owner, place, pattern }: GrowingThing): string {
  return `${type} ← ${owner ?? place ?? '?'}${pattern === null ? '' : ` (${pattern})`}`;
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
