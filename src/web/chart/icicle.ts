/** A tree of memory laid out as columns: each level of it is one, and a part is as high as its share of the whole. */
import type { MemoryNodeDocument } from '../talk/documents.ts';
import type { Reclaim } from '../words/reclaimWords.ts';

export interface IcicleCell {
  node: MemoryNodeDocument;
  /** Names from below the root down to this. */
  path: string[];
  /** Column, 0 first. */
  depth: number;
  /** 0 to 1 of the height. */
  top: number;
  height: number;
  /** Its own, or that of what it is a part of; null where its parts differ. */
  reclaim: Reclaim | null;
}

const icicleLevels = 3;
/** Thinner parts can't be seen. */
const leastHeight = 0.002;

export function icicleCells(root: MemoryNodeDocument, reclaim: Reclaim | null): IcicleCell[] {
  const cells: IcicleCell[] = [];
  const place = (parent: MemoryNodeDocument, path: string[], depth: number, top: number, inherited: Reclaim | null): void => {
    let at = top;
    for (const node of parent.children ?? []) {
      const height = root.bytes > 0 ? node.bytes / root.bytes : 0;
      const own = node.reclaim ?? inherited;
      const here = [...path, node.name];
      if (height >= leastHeight) {
        cells.push({ node, path: here, depth, top: at, height, reclaim: own });
        if (depth + 1 < icicleLevels) place(node, here, depth + 1, at, own);
      }
      at += height;
    }
  };
  place(root, [], 0, 0, root.reclaim ?? reclaim);
  return cells;
}

/** The part at the end of a path of names, with what it inherits; the root where the path leads nowhere any more. */
export function partAt(
  root: MemoryNodeDocument,
  path: readonly string[],
): { node: MemoryNodeDocument; reclaim: Reclaim | null; path: readonly string[] } {
  let node = root;
  let reclaim = root.reclaim ?? null;
  for (const name of path) {
    const next = node.children?.find((child) => child.name === name);
    if (next?.children === undefined) return { node: root, reclaim: root.reclaim ?? null, path: [] };
    node = next;
    reclaim = next.reclaim ?? reclaim;
  }
  return { node, reclaim, path };
}
