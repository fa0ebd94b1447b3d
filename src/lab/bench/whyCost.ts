/** What explaining a process costs stanch and the process, beside what was told before: programs of every runtime, explained as a user would. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { estimateFor, heapBytes, memoryCapBytes } from '../../explain/cost.ts';
import { startTimeOf } from '../../explain/identity.ts';
import { runExplain } from '../../explain/runExplain.ts';
import { TargetMemory } from '../../explain/targetMemory.ts';
import type { Evidence, EvidenceCost } from '../../model/evidence.ts';
import { formatBytes } from '../../model/units.ts';
import { type Keeper, startKeeper } from '../keeper.ts';
import { type HeapLanguage, startHeapProgram, whyNoHeapProgram } from '../naming/heapPrograms.ts';
import { eachLargeHeap } from './largeHeaps.ts';
import { table } from './table.ts';

/** Records that make up 250 MB and 2 GB, and what must hold. */
const sizes = [
  { records: 1_190_000, mostCpuSeconds: 2, mostRssBytes: 300 << 20 },
  { records: 9_530_000, mostCpuSeconds: 15, mostRssBytes: 700 << 20 },
];
const managed: readonly { language: HeapLanguage; program: string; pause: string }[] = [
  { language: 'php', program: 'map-without-eviction', pause: '5000' },
  { language: 'java', program: 'MapWithoutEviction', pause: '5' },
  { language: 'go', program: 'map_without_eviction', pause: '2' },
  { language: 'ruby', program: 'hash_without_eviction', pause: '0.005' },
  { language: 'python', program: 'session_map', pause: '0.005' },
  { language: 'node', program: 'map-without-eviction', pause: '5' },
];
const perSecond = 20_000;
const intervalMs = 4_000;
/** Before it is explained, and after: what differs between these is noise. */
const timesAlone = 3;
const ticksPerSecond = 100;
/** The child as it is shipped: from source it would compile itself first. */
const entry = join(import.meta.dirname, '..', '..', '..', 'dist', 'stanch.cjs');

export async function benchWhy(): Promise<string> {
  const costs: string[][] = [];
  const requests: string[][] = [];
  for (const { records, mostCpuSeconds, mostRssBytes } of sizes) {
    const keeper = await startKeeper('c', 'array', perSecond, records);
    try {
      const alone: number[] = [];
      const watchAlone = async () => {
        for (let time = 0; time < timesAlone; time += 1) alone.push(await requestsPerCpuSecond(keeper, () => sleep(2 * intervalMs)));
      };
      await watchAlone();
      let explained: Explained | null = null;
      const during = await requestsPerCpuSecond(keeper, async () => {
        explained = await explain(keeper.pid, 'keeps-c');
      });
      await watchAlone();
      if (explained === null) throw new Error('expected evidence');
      costs.push([...rowOf(explained), `under ${mostCpuSeconds} s and ${formatBytes(mostRssBytes)}`]);
      process.stderr.write(`${costs.at(-1)?.join('  ')}\n`);
      requests.push([formatBytes((explained as Explained).bytes), range(alone), `${Math.round(during)}`]);
    } finally {
      await keeper.stop();
    }
  }
  for (const { language, program, pause } of managed) {
    if (whyNoHeapProgram(language) !== null) continue;
    const started = await startHeapProgram(language, program, pause);
    try {
      await started.more(1_000);
      costs.push([...rowOf(await explain(started.pid, program)), '']);
      process.stderr.write(`${costs.at(-1)?.join('  ')}\n`);
    } finally {
      await started.stop();
    }
  }
  await eachLargeHeap(async (pid) => {
    costs.push([...rowOf(await explain(pid, 'orders')), '']);
    process.stderr.write(`${costs.at(-1)?.join('  ')}\n`);
  });
  return [
    table(['runtime', 'heap', 'CPU s', 'told before', 'of it', 'RSS', 'told before', 'of it', 'held by', 'must be'], costs),
    table(["the process's requests a CPU second, at a heap of", `alone, ${2 * timesAlone} times`, 'while it is explained'], requests),
  ].join('\n\n');
}

function range(of: readonly number[]): string {
  return `${Math.round(Math.min(...of))} to ${Math.round(Math.max(...of))}`;
}

interface Explained {
  bytes: number;
  estimate: EvidenceCost;
  evidence: Evidence;
}

async function explain(pid: number, name: string): Promise<Explained> {
  const memory = new TargetMemory(pid);
  const bytes = heapBytes(memory);
  const estimate = estimateFor(memory, intervalMs);
  memory.close();
  const subject = { pid, startTimeTicks: startTimeOf(pid) ?? 0, subjectId: null, name };
  const limits = { deadlineMs: 300_000, memoryCapBytes: memoryCapBytes(estimate) };
  const options = { ...limits, entry, signal: new AbortController().signal, onProgress: () => undefined };
  return { bytes, estimate, evidence: await runExplain({ subject, intervalMs, showTexts: false }, options) };
}

function rowOf({ bytes, estimate, evidence }: Explained): string[] {
  const { cost, runtime, grows } = evidence;
  return [
    runtime,
    formatBytes(bytes),
    cost.cpuSeconds.toFixed(2),
    estimate.cpuSeconds.toFixed(2),
    (cost.cpuSeconds / estimate.cpuSeconds).toFixed(2),
    formatBytes(cost.rssBytes),
    formatBytes(estimate.rssBytes),
    (cost.rssBytes / estimate.rssBytes).toFixed(2),
    grows[0]?.owner ?? 'nothing',
  ];
}

async function requestsPerCpuSecond(keeper: Keeper, meanwhile: () => Promise<void>): Promise<number> {
  const before = { requests: keeper.latest(), ticks: cpuTicks(keeper.pid) };
  await meanwhile();
  return ((keeper.latest() - before.requests) / Math.max(1, cpuTicks(keeper.pid) - before.ticks)) * ticksPerSecond;
}

function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
