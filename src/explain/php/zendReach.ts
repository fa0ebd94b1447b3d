/**
 * From the variables of the script down to the first object of a class: for chains, which are too long to be climbed. A list of SPL is such a chain
 * as well, of blocks that only the extension knows.
 */
import type { Holder, HoldingPath } from './zendClimb.ts';
import type { ZendRoots } from './zendRoots.ts';
import { isAddress, type ZendValues, zendType } from './zendValues.ts';

const mostMet = 4_000;
const deepest = 8;
const mostElements = 64;
const mostRecordBytes = 320;
/** An element of a list: its neighbours, a count and a value. */
const elementBytes = 48;

interface Place {
  address: number;
  /** From the outside in. */
  steps: HoldingPath['steps'];
  root: string;
}

interface Child {
  address: number;
  by: string | null;
}

/** The shortest way to an object whose class has this entry; null where none is found. */
export function firstOfClass(values: ZendValues, roots: ZendRoots, entry: number): HoldingPath | null {
  const seen = new Set<number>();
  let open: Place[] = [...roots].map(([address, root]) => ({ address, steps: [], root }));
  for (let depth = 0; depth < deepest && open.length > 0; depth += 1) {
    const next: Place[] = [];
    for (const place of open) {
      if (seen.has(place.address) || seen.size >= mostMet) continue;
      seen.add(place.address);
      const holder = holderAt(values, place.address);
      if (holder === null) continue;
      if (holder.kind === 'object' && values.word(place.address + 16) === entry) {
        return { root: place.root, isCycle: false, isUnheld: false, steps: place.steps.toReversed() };
      }
      for (const { address, by } of childrenOf(values, holder)) next.push({ ...place, address, steps: [...place.steps, { holder, by }] });
    }
    open = next;
  }
  return null;
}

/** What has a count of references says beside it what it is. */
function holderAt(values: ZendValues, address: number): Holder | null {
  const type = isAddress(address) ? Math.floor(values.word(address) / 2 ** 32) & 15 : 0;
  if (type === zendType.array) return { address, kind: 'array', name: null, blockBytes: 0, heldBy: [] };
  if (type === zendType.reference) return { address, kind: 'reference', name: null, blockBytes: 0, heldBy: [] };
  const name = type === zendType.object ? values.className(values.word(address + 16)) : null;
  return name === null ? null : { address, kind: 'object', name, blockBytes: 0, heldBy: [] };
}

function childrenOf(values: ZendValues, { address, kind }: Holder): Child[] {
  if (kind === 'reference') return heldAt(values, address + 8, null);
  if (kind === 'array') return elementsOf(values, address);
  const properties = [...values.properties(values.word(address + 16))].flatMap(([offset, name]) => heldAt(values, address + offset, name));
  return [...properties, ...inRecord(values, address)];
}

function elementsOf(values: ZendValues, address: number): Child[] {
  const array = values.array(address);
  const entries = array === null ? [] : values.entries(array, mostElements);
  return entries.flatMap(({ key, address: value }) => heldAt(values, value, key));
}

function heldAt(values: ZendValues, address: number, by: string | null): Child[] {
  const held = values.held(address);
  return held === null || held.type === zendType.string ? [] : [{ address: held.address, by }];
}

/** Classes of extensions have their own record before the object; how long it is, its handlers say first. */
function inRecord(values: ZendValues, address: number): Child[] {
  const handlers = values.word(address + 24);
  const length = isAddress(handlers) ? (values.bytes(handlers, 4)?.readUInt32LE(0) ?? 0) : 0;
  if (length === 0 || length > mostRecordBytes) return [];
  return inBlock(values, address - length, length, 2);
}

/** Values in it, and in the blocks that it points to. */
function inBlock(values: ZendValues, start: number, length: number, depth: number): Child[] {
  const found: Child[] = [];
  for (let offset = 0; offset + 8 <= length; offset += 8) {
    const word = values.word(start + offset);
    if (!isAddress(word)) continue;
    if (offset + 16 <= length) found.push(...heldAt(values, start + offset, null));
    if (depth > 0) found.push(...inBlock(values, word, elementBytes, depth - 1));
  }
  return found;
}
