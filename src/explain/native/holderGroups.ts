/**
 * Blocks of one kind by what holds them. Seen from the root down, a group goes apart where two things that hold many of them do: two variables, two
 * fields of one object. Where each holds few, as the places of an array and the nodes of a tree do, it stays one.
 */
import type { Way } from './pointerGraph.ts';

export interface HolderGroup {
  /** Numbers of the ways. */
  members: number[];
  /** From the root down to where they go apart, what they all are held by. */
  held: readonly string[];
}

export interface HolderKeys {
  /** The same for what has one name, as all places of an array that is a variable. */
  ofRoot(root: number): string;
  /** Blocks of one size, one below the other, are one structure. */
  sizeOf(block: number): number;
}

/** What is held by any of the others. */
const rest = '*';
const lost = '';
const mostLevels = 8;

/** `isMany`: whether a group of such members may be one of its own. What is left over is with the largest. */
export function holderGroups(ways: readonly Way[], keys: HolderKeys, isMany: (members: readonly number[]) => boolean): HolderGroup[] {
  return apart({ members: [...ways.keys()], held: [] }, ways, keys, isMany);
}

function apart(
  { members, held }: HolderGroup,
  ways: readonly Way[],
  keys: HolderKeys,
  isMany: (members: readonly number[]) => boolean,
): HolderGroup[] {
  if (held.length === mostLevels) return [{ members, held }];
  const below = new Map<string, number[]>();
  for (const member of members) {
    const key = keyAt(ways[member], held.length, keys);
    const of = below.get(key);
    if (of === undefined) below.set(key, [member]);
    else of.push(member);
  }
  const parts = [...below].map(([key, of]) => ({ key, of, isOwn: key !== rest && isMany(of) }));
  const many = parts.filter(({ isOwn }) => isOwn);
  if (many.length === 0) return [{ members, held }];
  const left = parts.filter(({ isOwn }) => !isOwn).flatMap(({ of }) => of);
  const groups = many.flatMap(({ key, of }) => apart({ members: of, held: [...held, key] }, ways, keys, isMany));
  if (isMany(left)) return [...groups, { members: left, held: [...held, rest] }];
  const [largest] = groups.sort((a, b) => b.members.length - a.members.length);
  largest?.members.push(...left);
  return groups;
}

/** The root itself, then the blocks below it, down to what is held. */
function keyAt(way: Way | undefined, level: number, { ofRoot, sizeOf }: HolderKeys): string {
  if (way === undefined || way.root === null) return level === 0 ? lost : rest;
  if (level === 0) return `${ofRoot(way.root)}`;
  const at = way.blocks.length - level;
  const [block, above] = [way.blocks[at], way.blocks[at + 1]];
  if (block === undefined || at < 1 || (above !== undefined && sizeOf(above) === sizeOf(block))) return rest;
  return `${block}`;
}

/** Whether what is held in one of these ways may be held in the other. */
export function mayBeHeldAlike(one: readonly string[], other: readonly string[]): boolean {
  return one.every((key, level) => {
    const its = other[level];
    return its === undefined || its === key || its === rest || key === rest;
  });
}
