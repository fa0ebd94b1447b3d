/** A tree of memory in which the children of a node add up to it exactly: what can't be attributed is a child that says so. */
import { isValue, type Reading } from '../model/reading.ts';
import { formatBytes } from '../model/units.ts';

/**
 * What it takes to get memory back. `free`: it is. `reclaimable`: the kernel takes it when somebody needs it. `swappable`: held by processes
 * or by files in RAM, to be had by swapping it out, ending the process or deleting the file. `unreclaimable`: not at all.
 */
export const reclaimKinds = ['free', 'reclaimable', 'swappable', 'unreclaimable'] as const;
export type Reclaim = (typeof reclaimKinds)[number];

export interface MemoryNode {
  name: string;
  bytes: number;
  /** What a reader should know about the figure. */
  note?: string;
  /** Of all of it; where its parts differ, they say it. */
  reclaim?: Reclaim;
  /** The workload that has it. */
  subjectId?: string;
  children?: MemoryNode[];
}

/** Share of a figure from which on an adjustment is told. */
export const worthSaying = 0.01;

export const unattributed = 'in no process that is seen';
const movedMeanwhile = 'counted twice or moved while reading';

export function node(name: string, bytes: number, more: Omit<MemoryNode, 'name' | 'bytes' | 'children'> = {}): MemoryNode {
  return { name, bytes, ...more };
}

/** An absent kind is none as far as adding up goes: what it held is in the remainder then. */
export function known(reading: Reading<number>): number {
  return isValue(reading) ? reading : 0;
}

export function sumOf(parts: readonly { bytes: number }[]): number {
  return parts.reduce((total, part) => total + part.bytes, 0);
}

/** A node whose children add up to it: a remainder where they are less, all a little smaller where they are more. Empty children are left out. */
export function whole(
  name: string,
  bytes: number,
  parts: readonly MemoryNode[],
  remainder: string | MemoryNode,
  excessIs = movedMeanwhile,
): MemoryNode {
  const sum = sumOf(parts);
  const children = (sum > bytes ? shrunk(parts, bytes / sum) : parts).filter((part) => part.bytes > 0);
  if (sum < bytes) children.push({ ...(typeof remainder === 'string' ? { name: remainder } : remainder), bytes: bytes - sum });
  if (children.length === 0) return { name, bytes };
  const excess = sum - bytes;
  const note = excess > bytes * worthSaying ? { note: `parts made to fit: ${formatBytes(excess)} ${excessIs}` } : {};
  return { ...node(name, bytes, note), children };
}

/** The largest first, by name as many as `limit`; the rest in one line. */
export function largest(parts: readonly MemoryNode[], limit: number, restName: (count: number) => string): MemoryNode[] {
  const sorted = [...parts].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  const rest = sorted.slice(limit);
  return rest.length > 1 ? [...sorted.slice(0, limit), node(restName(rest.length), sumOf(rest))] : sorted;
}

/** Every part smaller by the same factor; rounded where the running total stands, so that no byte is lost. */
function shrunk(parts: readonly MemoryNode[], factor: number): MemoryNode[] {
  let before = 0;
  return parts.map((part) => {
    const bytes = Math.round((before + part.bytes) * factor) - Math.round(before * factor);
    before += part.bytes;
    if (part.children === undefined) return { ...part, bytes };
    // Within a part that shrinks nothing new is to be said.
    const { children } = whole(part.name, bytes, part.children, unattributed);
    return { ...part, bytes, ...(children === undefined ? {} : { children }) };
  });
}
