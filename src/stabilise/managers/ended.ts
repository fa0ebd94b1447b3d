import type { PlannedStep } from '../../model/action.ts';
import { formatBytes } from '../../model/units.ts';
import { parentsFirst, type Target } from '../target.ts';

const most = 256;

/** Every process of a workload, asked to end by itself first. */
export function endedOneByOne(target: Target, signal: NodeJS.Signals, graceMs: number): PlannedStep[] {
  return parentsFirst(target.processes)
    .slice(0, most)
    .map(({ id, command, privateBytes }) => ({
      step: { do: 'end', process: id, signal, graceMs },
      text: `${signal} to process ${id.pid} (${command}, ${formatBytes(privateBytes)}), SIGKILL after ${graceMs / 1000} s`,
    }));
}
