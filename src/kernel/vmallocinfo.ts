/**
 * /proc/vmallocinfo: `0x…-0x… bytes caller+0x94/0x3e0 pages=4 vmalloc N0=4`, for root only. Lines without `pages=` map memory that is
 * counted elsewhere, or none (ioremap). Costs some 2 ms for 2,000 areas: on demand only.
 * https://docs.kernel.org/filesystems/proc.html#kernel-data
 */
import { isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface VmallocCaller {
  /** Function of the kernel that asked for it, and its module: `load_module [nf_tables]`. */
  caller: string;
  pages: number;
}

const maxBytes = 1 << 23;
const maxAreas = 65536;
/** The stack of each thread, which meminfo counts as KernelStack as well. Which function shows depends on what the compiler inlined. */
const stackCallers = new Set(['kernel_clone', 'copy_process', 'dup_task_struct', 'alloc_thread_stack_node', 'fork_idle']);

const area =
  /^0x[0-9a-f]{1,16}-0x[0-9a-f]{1,16} {1,16}\d{1,18} ([^\s+]{1,128})\+0x[0-9a-f]{1,16}\/0x[0-9a-f]{1,16}( \[[^\]\s]{1,64}\])? pages=(\d{1,12}) vmalloc(?: |$)/;

/** Stacks of threads left out; largest first. */
export function readVmallocCallers(procRoot: string): Reading<VmallocCaller[]> {
  const text = readText(`${procRoot}/vmallocinfo`, maxBytes);
  return isValue(text) ? parseVmallocCallers(text) : text;
}

export function parseVmallocCallers(text: string): VmallocCaller[] {
  const pages = new Map<string, number>();
  for (const row of text.split('\n', maxAreas)) {
    const [caller, module = '', count] = area.exec(row)?.slice(1) ?? [];
    if (caller === undefined || stackCallers.has(caller)) continue;
    pages.set(caller + module, (pages.get(caller + module) ?? 0) + Number(count));
  }
  return [...pages].map(([caller, count]) => ({ caller, pages: count })).sort((a, b) => b.pages - a.pages);
}
