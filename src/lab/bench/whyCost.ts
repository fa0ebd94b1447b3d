/** What explaining a process costs stanch and the process: a program in C of a given size, explained by the child as a user would. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { estimateCost, heapBytes, memoryCapBytes } from '../../explain/cost.ts';
import { startTimeOf } from '../../explain/identity.ts';
import { runExplain } from '../../explain/runExplain.ts';
import { TargetMemory } from '../../explain/targetMemory.ts';
import { formatBytes } from '../../model/units.ts';
import { type Keeper, startKeeper } from '../keeper.ts';
import { table } from './table.ts';

/** Records that make up so much, and what must hold. */
const sizes = [
  { records: 1_350_000, mostCpuSeconds: 2, mostRssBytes: 300 << 20 },
  { records: 10_800_000, mostCpuSeconds: 15, mostRssBytes: 700 << 20 },
];
const perSecond = 20_000;
const intervalMs = 4_000;
const ticksPerSecond = 100;
const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

export async function benchWhy(): Promise<string> {
  const rows: string[][] = [];
  for (const { records, mostCpuSeconds, mostRssBytes } of sizes) {
    const keeper = await startKeeper('c', 'array', perSecond, records);
    try {
      const alone = await requestsPerCpuSecond(keeper, () => sleep(2 * intervalMs));
      const { bytes, estimate, evidence, during } = await explained(keeper);
      const { cost } = evidence;
      rows.push([
        formatBytes(bytes),
        `${cost.cpuSeconds.toFixed(2)} (must be under ${mostCpuSeconds})`,
        `${formatBytes(cost.rssBytes)} (must be under ${formatBytes(mostRssBytes)})`,
        `${estimate.cpuSeconds.toFixed(2)}, ${formatBytes(estimate.rssBytes)}`,
        `${Math.round(alone)} → ${Math.round(during)}`,
        evidence.grows[0]?.owner ?? 'nothing',
      ]);
    } finally {
      await keeper.stop();
    }
  }
  return table(['heap', 'CPU s', 'RSS', 'estimated before', "process's requests a CPU second, alone → during", 'held by'], rows);
}

async function explained(keeper: Keeper) {
  const memory = new TargetMemory(keeper.pid);
  const bytes = heapBytes(memory);
  memory.close();
  const estimate = estimateCost(bytes, intervalMs);
  const subject = { pid: keeper.pid, startTimeTicks: startTimeOf(keeper.pid) ?? 0, subjectId: null, name: 'keeps-c' };
  let evidence: Awaited<ReturnType<typeof runExplain>> | null = null;
  const during = await requestsPerCpuSecond(keeper, async () => {
    const limits = { deadlineMs: 300_000, memoryCapBytes: memoryCapBytes(estimate) };
    const options = { ...limits, entry, signal: new AbortController().signal, onProgress: () => undefined };
    evidence = await runExplain({ subject, intervalMs, showTexts: false }, options);
  });
  if (evidence === null) throw new Error('expected evidence');
  return { bytes, estimate, evidence: evidence as Awaited<ReturnType<typeof runExplain>>, during };
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
