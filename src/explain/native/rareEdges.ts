/**
 * Pairs of kinds of which blocks of the one refer to blocks of the other in hardly any case: malloc gives a block with what somebody else has left
 * in it, and the program does not write all of it.
 */
import type { ChunkTable } from './chunkTable.ts';

/** By the kind of what refers: those of what is referred to. */
export type RareEdges = ReadonlyMap<number, ReadonlySet<number>>;

export interface Edges {
  /** Of each block the number of its first edge; those of the last end where one more would begin. */
  firstEdge: Uint32Array;
  edges: Uint32Array;
}

/** From a block up to its root. */
type Blocks = readonly number[];

/** In a shorter way there is no chain to whose middle such a word could lead. */
const leastLength = 4;
const leastBlocks = 16;
const rarePart = 0.05;
const rareInTexts = 0.3;

interface PairCount {
  count: number;
  /** The last block that was counted for it. */
  latest: number;
}

/**
 * Of those that some ways go along: in each piece of a way a block is referred to by the next. `families`: for each kind one that stands for all that are
 * counted together with it as what refers; `texts`: that of texts, which are short of what malloc gives and refer to nothing.
 */
export function rareEdges(
  ways: readonly Blocks[],
  table: ChunkTable,
  { firstEdge, edges }: Edges,
  families: readonly number[],
  texts: number,
): RareEdges {
  const used = usedPairs(ways, table, families);
  const rare = new Map<number, Set<number>>();
  if (used.size === 0) return rare;
  const blocks = new Map<number, number>();
  for (let from = 0; from < table.count; from += 1) {
    const family = families[table.kindOf(from)] ?? -1;
    const pairs = used.get(family);
    if (pairs === undefined) continue;
    blocks.set(family, (blocks.get(family) ?? 0) + 1);
    const end = firstEdge[from + 1] ?? 0;
    for (let edge = firstEdge[from] ?? 0; edge < end; edge += 1) {
      const pair = pairs.get(table.kindOf(edges[edge] ?? 0));
      if (pair === undefined || pair.latest === from) continue;
      pair.latest = from;
      pair.count += 1;
    }
  }
  for (const [kind, family] of families.entries()) {
    const count = blocks.get(family) ?? 0;
    const most = Math.max(1, count * (family === texts ? rareInTexts : rarePart));
    const few = [...(used.get(family) ?? [])].filter(([, pair]) => pair.count <= most).map(([other]) => other);
    if (count >= leastBlocks && few.length > 0) rare.set(kind, new Set(few));
  }
  return rare;
}

/** What on these ways holds a block of another kind. */
export function holdersOf(ways: readonly Blocks[], table: ChunkTable): ReadonlySet<number> {
  const holders = new Set<number>();
  for (const blocks of ways) {
    for (const [step, block] of blocks.entries()) {
      const below = blocks[step - 1];
      if (blocks.length >= leastLength && below !== undefined && table.kindOf(below) !== table.kindOf(block)) holders.add(block);
    }
  }
  return holders;
}

function usedPairs(ways: readonly Blocks[], table: ChunkTable, families: readonly number[]): Map<number, Map<number, PairCount>> {
  const used = new Map<number, Map<number, PairCount>>();
  for (const blocks of ways) {
    if (blocks.length < leastLength) continue;
    for (const [step, block] of blocks.entries()) {
      const above = blocks[step + 1];
      if (above === undefined) break;
      const [kind, other] = [table.kindOf(above), table.kindOf(block)];
      if (kind === other) continue;
      const family = families[kind] ?? -1;
      const pairs = used.get(family) ?? new Map<number, PairCount>();
      used.set(family, pairs.set(other, { count: 0, latest: -1 }));
    }
  }
  return used;
}
