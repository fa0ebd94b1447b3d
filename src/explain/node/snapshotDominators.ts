/**
 * What each node of a heap snapshot keeps alive: the node that all ways from the root lead through. Weak edges keep nothing.
 * K. D. Cooper, T. J. Harvey, K. Kennedy: A Simple, Fast Dominance Algorithm, 2001.
 */
import type { HeapSnapshot } from './heapSnapshot.ts';

const none = 0xffffffff;
const mostRounds = 100;

export interface Retained {
  /** By node, with itself; 0 of what can't be come to from the root. */
  bytes: Float64Array;
  /** By node, the one that keeps it alive. */
  keepers: Uint32Array;
}

export function retainedBytes(snapshot: HeapSnapshot): Retained {
  const weak = snapshot.edgeTypes.indexOf('weak');
  const { order, places } = postOrder(snapshot, weak);
  const idom = immediateDominators(predecessors(snapshot, weak, order, places), order.length);
  const bytes = new Float64Array(snapshot.nodeCount);
  const keepers = new Uint32Array(snapshot.nodeCount).fill(none);
  for (const node of order) bytes[node] = snapshot.selfBytes[node] ?? 0;
  for (let place = 0; place < order.length - 1; place += 1) {
    const node = order[place] ?? 0;
    const keeper = order[idom[place] ?? 0] ?? 0;
    keepers[node] = keeper;
    bytes[keeper] = (bytes[keeper] ?? 0) + (bytes[node] ?? 0);
  }
  return { bytes, keepers };
}

/** Nodes that can be come to from the root, each after all that it leads to; and the place of each node in that. */
function postOrder(
  { nodeCount, firstEdges, edgeKinds, edgeTargets }: HeapSnapshot,
  weak: number,
): { order: Uint32Array; places: Uint32Array } {
  const order = new Uint32Array(nodeCount);
  const places = new Uint32Array(nodeCount).fill(none);
  const isSeen = new Uint8Array(nodeCount);
  const stack = new Uint32Array(nodeCount);
  const nextEdges = new Uint32Array(nodeCount);
  let [depth, count] = [1, 0];
  isSeen[0] = 1;
  nextEdges[0] = firstEdges[0] ?? 0;
  while (depth > 0) {
    const node = stack[depth - 1] ?? 0;
    const end = firstEdges[node + 1] ?? 0;
    let edge = nextEdges[node] ?? 0;
    while (edge < end && (edgeKinds[edge] === weak || isSeen[edgeTargets[edge] ?? 0] === 1)) edge += 1;
    nextEdges[node] = edge + 1;
    if (edge < end) {
      const target = edgeTargets[edge] ?? 0;
      isSeen[target] = 1;
      nextEdges[target] = firstEdges[target] ?? 0;
      stack[depth++] = target;
    } else {
      places[node] = count;
      order[count++] = node;
      depth -= 1;
    }
  }
  return { order: order.subarray(0, count), places };
}

interface Predecessors {
  first: Uint32Array;
  /** Places in the order. */
  from: Uint32Array;
}

function predecessors(
  { firstEdges, edgeKinds, edgeTargets }: HeapSnapshot,
  weak: number,
  order: Uint32Array,
  places: Uint32Array,
): Predecessors {
  const first = new Uint32Array(order.length + 1);
  for (const node of order) {
    for (let edge = firstEdges[node] ?? 0; edge < (firstEdges[node + 1] ?? 0); edge += 1) {
      if (edgeKinds[edge] === weak) continue;
      const place = (places[edgeTargets[edge] ?? 0] ?? 0) + 1;
      first[place] = (first[place] ?? 0) + 1;
    }
  }
  for (let place = 0; place < order.length; place += 1) first[place + 1] = (first[place + 1] ?? 0) + (first[place] ?? 0);
  const from = new Uint32Array(first[order.length] ?? 0);
  const next = first.slice(0, order.length);
  for (let place = 0; place < order.length; place += 1) {
    const node = order[place] ?? 0;
    for (let edge = firstEdges[node] ?? 0; edge < (firstEdges[node + 1] ?? 0); edge += 1) {
      if (edgeKinds[edge] === weak) continue;
      const target = places[edgeTargets[edge] ?? 0] ?? 0;
      const slot = next[target] ?? 0;
      from[slot] = place;
      next[target] = slot + 1;
    }
  }
  return { first, from };
}

/** By place in the order; the root is the last. */
function immediateDominators({ first, from }: Predecessors, count: number): Uint32Array {
  const idom = new Uint32Array(count).fill(none);
  idom[count - 1] = count - 1;
  let isChanged = true;
  for (let round = 0; isChanged && round < mostRounds; round += 1) {
    isChanged = false;
    for (let place = count - 2; place >= 0; place -= 1) {
      let best = none;
      const end = first[place + 1] ?? 0;
      for (let slot = first[place] ?? 0; slot < end; slot += 1) {
        let other = from[slot] ?? 0;
        if (idom[other] === none) continue;
        if (best === none) {
          best = other;
          continue;
        }
        while (best !== other) {
          while (best < other) best = idom[best] ?? count - 1;
          while (other < best) other = idom[other] ?? count - 1;
        }
      }
      if (idom[place] !== best) {
        idom[place] = best;
        isChanged = true;
      }
    }
  }
  return idom;
}
