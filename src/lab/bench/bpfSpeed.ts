/** CPU time of a scan by BPF and by /proc, on the same processes in turn; and how far what the two say of memory lies apart. */

import { pinTaskIterator } from '../../kernel/bpfIterator.ts';
import { emptyBpfTask } from '../../kernel/bpfTasks.ts';
import { isValue, type Reading } from '../../model/reading.ts';
import { readProcTask } from '../../sample/bpfAgreement.ts';
import { BpfTier } from '../../sample/bpfTier.ts';
import { Sampler } from '../../sample/sampler.ts';
import { mountBpffs } from '../bpffs.ts';
import type { Farm } from './farm.ts';
import { isInstalled, passCostMs, peers } from './peers.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

/** Whole rounds of what is done only every sixth and every sixtieth scan. */
const scansARound = 60;
const intervalMs = 10_000;
const peerMs = 30_000;

export async function benchBpf(farm: Farm, runs: number): Promise<string> {
  const bpffs = mountBpffs();
  if (typeof bpffs === 'string') return `BPF: not measured, ${bpffs}`;
  const tier = new BpfTier({ onChange: () => undefined, pin: (signal) => pinTaskIterator(signal, bpffs.places) });
  const samplers = { 'by BPF': new Sampler({ tasks: tier }), 'from /proc': new Sampler() };
  try {
    await tier.start();
    if (tier.source.by !== 'bpf') return `BPF: not measured, ${tier.source.reason}`;
    const costs = Object.values(samplers).map((): number[] => []);
    // The first round of each is to become as fast as it gets.
    for (let run = 0; run <= runs; run += 1) {
      for (const [index, sampler] of Object.values(samplers).entries()) {
        const cpuMs = roundMs(sampler, run);
        if (run > 0) costs[index]?.push(cpuMs / scansARound);
      }
    }
    if (tier.source.by !== 'bpf') return `BPF: not measured, ${tier.source.reason}`;
    const medians = costs.map(median);
    const own = medians[0] ?? Number.NaN;
    const others = Object.keys(samplers).map((name, index): [string, number] => [name, medians[index] ?? Number.NaN]);
    for (const peer of peers.filter(isInstalled)) others.push([peer.name, await passCostMs(peer, peerMs)]);
    const rows = others.map(([name, ms]) => [
      name,
      `${ms.toFixed(2)} ms`,
      name === others[0]?.[0] ? '1' : `${(own / ms).toFixed(2)} of it`,
    ]);
    const title = `CPU time of a scan of ${farm.processCount()} processes; median of ${runs} × ${scansARound} scans`;
    return `${title}\n${table(['', 'a scan', 'by BPF is'], rows)}\n${apart(tier)}`;
  } finally {
    for (const sampler of Object.values(samplers)) sampler.close();
    await tier.stop();
    bpffs.remove();
  }
}

function roundMs(sampler: Sampler, run: number): number {
  const before = process.cpuUsage();
  for (let scan = 0; scan < scansARound; scan += 1) sampler.scan((run * scansARound + scan) * intervalMs);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Resident and swapped-out memory of each process by BPF, and in /proc right after. */
function apart(tier: BpfTier): string {
  const task = emptyBpfTask();
  const tasks = tier.read();
  const differences: number[] = [];
  while (tasks?.next(task)) {
    const read = task.memoryIsKnown ? readProcTask('/proc', task.pid, false) : null;
    if (read === null || !isValue(read)) continue;
    const { anonBytes, fileBytes, shmemBytes, swapBytes } = read.status;
    const parts: Reading<number>[] = [anonBytes, fileBytes, shmemBytes, swapBytes];
    const inProc = parts.filter(isValue).reduce((sum, bytes) => sum + bytes, 0);
    differences.push(Math.abs(task.anonBytes + task.fileBytes + task.shmemBytes + task.swapBytes - inProc) / 1024);
  }
  differences.sort((a, b) => a - b);
  const at = (share: number) => differences[Math.floor((differences.length - 1) * share)] ?? Number.NaN;
  const equal = differences.filter((kibibytes) => kibibytes === 0).length;
  return `memory of ${differences.length} processes: the same of ${equal}; apart by ${at(0.99)} KiB at the 99th percentile, ${at(1)} KiB at most`;
}
