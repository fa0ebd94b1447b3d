/** What keeps the most in a heap snapshot, by class, and the shortest way from the root to one of each. */
import type { HeapSnapshot } from './heapSnapshot.ts';
import { retainedBytes } from './snapshotDominators.ts';

const mostClasses = 10;
const mostSteps = 30;
const mostMembers = 64;
const mostDigits = 2;
const mostStepCharacters = 120;
const none = 0xffffffff;

export interface SnapshotClass {
  type: string;
  count: number;
  selfBytes: number;
  /** What is alive only because of these: those that one of the same class keeps are in it. */
  retainedBytes: number;
  /** By which most of them are come to, from the outermost. */
  path: string[];
}

export interface SnapshotAnswer {
  nodes: number;
  edges: number;
  bytes: number;
  /** What keeps the most first. */
  classes: SnapshotClass[];
}

/** `showTexts`: keys of objects that are used as maps, which may be secret, as they are. */
export function answerOfSnapshot(snapshot: HeapSnapshot, showTexts: boolean): SnapshotAnswer {
  const retained = retainedBytes(snapshot);
  const classes = new Map<number, { count: number; selfBytes: number; retainedBytes: number; members: number[]; largest: number }>();
  const [objectType, functionType] = [snapshot.nodeTypes.indexOf('object'), snapshot.nodeTypes.indexOf('closure')];
  let bytes = 0;
  for (let node = 0; node < snapshot.nodeCount; node += 1) {
    const self = snapshot.selfBytes[node] ?? 0;
    bytes += self;
    const kept = retained.bytes[node] ?? 0;
    // These have names of the program; what V8 has for itself doesn't say who.
    const type = snapshot.types[node];
    if ((type !== objectType && type !== functionType) || kept === 0) continue;
    // A class and its objects have the same name.
    const key = (snapshot.names[node] ?? 0) * 2 + Number(type === functionType);
    let found = classes.get(key);
    if (found === undefined) {
      found = { count: 0, selfBytes: 0, retainedBytes: 0, members: [], largest: node };
      classes.set(key, found);
    }
    found.count += 1;
    found.selfBytes += self;
    if (found.members.length < mostMembers) found.members.push(node);
    if (kept > (retained.bytes[found.largest] ?? 0)) found.largest = node;
    if (!isKeptByOwnClass(snapshot, retained.keepers, node)) found.retainedBytes += kept;
  }
  const parents = shortestWays(snapshot);
  return {
    nodes: snapshot.nodeCount,
    edges: snapshot.edgeTargets.length,
    bytes,
    classes: [...classes]
      .sort((a, b) => b[1].retainedBytes - a[1].retainedBytes)
      .slice(0, mostClasses)
      .map(([key, { count, selfBytes, retainedBytes: kept, members, largest }]) => ({
        type: `${key % 2 === 1 ? 'function ' : ''}${snapshot.text(Math.floor(key / 2))}`,
        count,
        selfBytes,
        retainedBytes: kept,
        path: usualPath(
          [largest, ...members].map((node) => ({
            path: pathTo(snapshot, parents, node, showTexts),
            bytes: retained.bytes[node] ?? 0,
          })),
        ),
      })),
  };
}

function isKeptByOwnClass({ names, types }: HeapSnapshot, keepers: Uint32Array, node: number): boolean {
  for (let at = keepers[node] ?? none, step = 0; at !== none && step < mostSteps; at = keepers[at] ?? none, step += 1)
    if (names[at] === names[node] && types[at] === types[node]) return true;
  return false;
}

/** By node, the edge by which it is come to first from the root; none of the root. */
function shortestWays({ nodeCount, firstEdges, edgeKinds, edgeTargets, edgeTypes }: HeapSnapshot): {
  edges: Uint32Array;
  from: Uint32Array;
} {
  const weak = edgeTypes.indexOf('weak');
  const edges = new Uint32Array(nodeCount).fill(none);
  const from = new Uint32Array(nodeCount);
  const queue = new Uint32Array(nodeCount);
  let count = 1;
  for (let done = 0; done < count; done += 1) {
    const node = queue[done] ?? 0;
    for (let edge = firstEdges[node] ?? 0; edge < (firstEdges[node + 1] ?? 0); edge += 1) {
      const target = edgeTargets[edge] ?? 0;
      if (edgeKinds[edge] === weak || target === 0 || edges[target] !== none) continue;
      edges[target] = edge;
      from[target] = node;
      queue[count++] = target;
    }
  }
  return { edges, from };
}

/** By which most is kept: of many Maps the one that grew counts more than all the small ones. */
function usualPath(paths: readonly { path: string[]; bytes: number }[]): string[] {
  const sums = new Map<string, number>();
  const keyOf = (path: readonly string[]) => path.join('\n').replace(/\d+/g, '#');
  for (const { path, bytes } of paths) sums.set(keyOf(path), (sums.get(keyOf(path)) ?? 0) + bytes);
  const [usual] = [...sums].sort((a, b) => b[1] - a[1]);
  return paths.find(({ path }) => keyOf(path) === usual?.[0])?.path ?? [];
}

/** `global / inflightRequests:Map › table › RequestContext`. */
function pathTo(
  snapshot: HeapSnapshot,
  { edges, from }: { edges: Uint32Array; from: Uint32Array },
  node: number,
  showTexts: boolean,
): string[] {
  const path: string[] = [];
  for (let at = node, step = 0; edges[at] !== none && step < mostSteps; at = from[at] ?? 0, step += 1) {
    const edge = edges[at] ?? 0;
    const kind = snapshot.edgeTypes[snapshot.edgeKinds[edge] ?? 0];
    const name = kind === 'element' || kind === 'hidden' ? '[]' : snapshot.text(snapshot.edgeNames[edge] ?? 0);
    const shown = showTexts || kind !== 'property' || isOfProgram(name) ? name : '…';
    path.unshift(`${shown}: ${snapshot.text(snapshot.names[at] ?? 0)}`.slice(0, mostStepCharacters));
  }
  return path;
}

/** As programs name what they write: not a token, an address or a number. */
function isOfProgram(name: string): boolean {
  return (/^[A-Za-z_$#][\w$]{0,40}$/.test(name) && name.replace(/\D/g, '').length <= mostDigits) || /^<symbol [\w. ()]{1,60}>$/.test(name);
}
