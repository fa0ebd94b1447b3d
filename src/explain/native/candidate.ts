/** What grows, of one kind and held in one way, before it is told. */
import type { Growing } from '../threeLooks.ts';
import type { ChunkTable } from './chunkTable.ts';
import { mayBeHeldAlike } from './holderGroups.ts';
import type { Way } from './pointerGraph.ts';

const lostPart = 0.6;

export interface Candidate {
  growing: Growing;
  /** Blocks that came and stayed, by their number in the table. */
  blocks: number[];
  ways: Way[];
  /** As `HolderGroup` has it. */
  held: readonly string[];
  /** Bytes of what lies inside of these. */
  moreBytes: number;
  inside: Candidate[];
}

export function isLost(ways: readonly Way[]): boolean {
  return ways.length > 0 && ways.filter(({ root }) => root === null).length >= ways.length * lostPart;
}

/** A single block that becomes larger. */
export function isOneBlock({ growing: { growthCount } }: Candidate): boolean {
  return growthCount === 0;
}

/** A block that grows and by which others are held that do is told with these. */
export function withoutTables(candidates: readonly Candidate[], table: ChunkTable): Candidate[] {
  return candidates.filter((candidate) => {
    const [address = 0] = candidate.growing.survivors;
    const isThrough = ({ blocks }: Way) => blocks.some((index) => table.addressOf(index) === address);
    const held = isOneBlock(candidate)
      ? candidates.find((other) => !isOneBlock(other) && other.ways.filter(isThrough).length * 2 > other.ways.length)
      : undefined;
    if (held !== undefined) held.moreBytes += candidate.growing.growthBytes;
    return held === undefined;
  });
}

/** What is mostly held one by one by blocks of another kind that grows is told with that kind. */
export function folded(candidates: readonly Candidate[], table: ChunkTable): Candidate[] {
  const around = new Map<Candidate, Candidate>();
  for (const candidate of candidates) {
    const holder = candidates.find(
      (other) => other !== candidate && !isInside(other, candidate, around) && isHeldBy(candidate, other, table),
    );
    if (holder !== undefined) around.set(candidate, holder);
  }
  for (const candidate of around.keys()) {
    let top = candidate;
    for (let step = 0; step < candidates.length; step += 1) top = around.get(top) ?? top;
    top.moreBytes += candidate.growing.growthBytes;
    top.inside.push(candidate);
  }
  return candidates.filter((candidate) => !around.has(candidate));
}

function isInside(candidate: Candidate, of: Candidate, around: ReadonlyMap<Candidate, Candidate>): boolean {
  for (let at: Candidate | undefined = candidate, step = 0; at !== undefined && step < 64; at = around.get(at), step += 1)
    if (at === of) return true;
  return false;
}

function isHeldBy({ ways, growing, held }: Candidate, other: Candidate, table: ChunkTable): boolean {
  if (other.growing.kind === growing.kind || !mayBeHeldAlike(held, other.held)) return false;
  const holders = ways.flatMap(({ blocks }) => {
    const nearest = blocks.slice(1, 5).find((index) => table.kindOf(index) !== growing.kind);
    const found = blocks.slice(1, 5).find((index) => table.kindOf(index) === other.growing.kind);
    return found === undefined || nearest === undefined ? [] : [found];
  });
  return ways.length > 0 && holders.length * 2 > ways.length && new Set(holders).size * 2 > holders.length;
}
