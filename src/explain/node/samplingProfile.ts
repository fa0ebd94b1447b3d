/** A sampling heap profile of V8: what is alive of what was allocated since it began, by the line that allocated it. */
import { basename } from 'node:path';
import type { GrowingThing } from '../growingThing.ts';

const mostDepth = 500;
const mostThings = 5;
const leastGrowthBytes = 16_384;
/** A cache that fills up is full by the second half. */
const leastPartInSecond = 0.3;

export interface SamplingNode {
  name: string;
  place: string;
  selfBytes: number;
  children: SamplingNode[];
}

export function parseSamplingProfile(profile: unknown): SamplingNode {
  return nodeOf(valueAt(profile, 'head'), 0);
}

/** Of a document of the inspector. */
export function valueAt(from: unknown, key: string): unknown {
  return typeof from === 'object' && from !== null ? Object.entries(from).find(([name]) => name === key)?.[1] : undefined;
}

function nodeOf(node: unknown, depth: number): SamplingNode {
  const frame = valueAt(node, 'callFrame');
  const children = valueAt(node, 'children');
  const line = Number(valueAt(frame, 'lineNumber') ?? -1);
  return {
    name: String(valueAt(frame, 'functionName') ?? '').slice(0, 200) || '(anonymous)',
    place: `${basename(String(valueAt(frame, 'url') ?? '').slice(-500))}:${line + 1}`,
    selfBytes: Number(valueAt(node, 'selfSize') ?? 0) || 0,
    children: Array.isArray(children) && depth < mostDepth ? children.map((child) => nodeOf(child, depth + 1)) : [],
  };
}

/** Alive at the middle and at the end. */
export function allocationGrowth(middle: SamplingNode, end: SamplingNode): GrowingThing[] {
  const [first, second] = [bytesByPlace(middle), bytesByPlace(end)];
  return [...second]
    .map(([key, { node, bytes, path }]) => ({ node, path, half: first.get(key)?.bytes ?? 0, bytes }))
    .filter(({ half, bytes }) => bytes - half >= Math.max(leastGrowthBytes, bytes * leastPartInSecond))
    .sort((a, b) => b.bytes - b.half - (a.bytes - a.half))
    .slice(0, mostThings)
    .map(({ node, path, half, bytes }) => ({
      type: `bytes allocated in ${node.name}`,
      place: node.place,
      counts: [0, half, bytes],
      isAllocation: true,
      // Compiled meanwhile, a function may be told under its caller in the second half.
      growthBytes: bytes / 2,
      survival: null,
      owner: null,
      path: path.slice(-12),
      pattern: null,
    }));
}

interface Allocated {
  node: SamplingNode;
  bytes: number;
  /** Who called, from the outermost. */
  path: string[];
}

function bytesByPlace(root: SamplingNode): Map<string, Allocated> {
  const found = new Map<string, Allocated>();
  const visit = (node: SamplingNode, path: string[]) => {
    const here = [...path, `${node.name} ${node.place}`];
    const key = `${node.name}\n${node.place}`;
    // Node's own files have no line that is of use.
    if (node.selfBytes > 0 && !/^:|^\(/.test(node.place)) {
      const known = found.get(key);
      if (known === undefined) found.set(key, { node, bytes: node.selfBytes, path: here });
      else known.bytes += node.selfBytes;
    }
    for (const child of node.children) visit(child, here);
  };
  visit(root, []);
  return found;
}
