/**
 * The second means, for native code and only where the owner asks for it: the function that allocates what grows. The memory is looked at three times
 * as always; only when blocks grow, probes are at the program's own calls of malloc for seconds, and a last look says which of the blocks that came
 * then are still there.
 */
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatMs } from '../../model/units.ts';
import { sectionNamed } from '../elfFile.ts';
import type { GrowingThing } from '../growingThing.ts';
import { startTimeOf } from '../identity.ts';
import { type GlibcReader, openGlibc } from '../native/nativeProcess.ts';
import { VariableNames } from '../native/variableNames.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { allocationSites } from './allocationSites.ts';
import { type CallFrames, unwind } from './callFrames.ts';
import { linesOf } from './debugLines.ts';
import { FrameTables } from './frameTables.ts';
import { mostLostMs, mostShare, type Pulse, pulseAt, type SeenBlock } from './pulse.ts';
import { notPossible, requireTracefs } from './uprobes.ts';

const mostAgeMs = 20_000;
const leastSurvival = 0.3;
const leastSurvivors = 3;
const mostTold = 8;

export const probesCostText = `Only when blocks grow: probes at the program's own calls of malloc for up to 5 s, never at malloc itself, in this process and in others that run the same file. They are counted for 0.1 s first; it ends there where more would take over ${Math.round(mostShare * 100)} % of one processor, and takes ${formatMs(mostLostMs)} of CPU time from the process at most. Then one more look.`;

/** Of a process whose malloc is glibc's, on a kernel that has uprobes. Errors: STANCH_E_NOT_POSSIBLE. */
export function requireProbeable(memory: TargetMemory): GlibcReader {
  requireTracefs();
  const heap = openGlibc(memory);
  if (heap === null) throw notPossible('a process with the malloc of glibc', 'one with another allocator');
  return heap;
}

export interface Sites {
  things: GrowingThing[];
  notes: string[];
}

/** After three looks: the same things with where they are allocated. */
export async function addSites(
  memory: TargetMemory,
  heap: GlibcReader,
  things: readonly GrowingThing[],
  { intervalMs, says }: { intervalMs: number; says(text: string): void },
): Promise<Sites> {
  const startTicks = startTimeOf(memory.pid);
  const tables = new FrameTables(memory);
  const sizes = new Set(things.flatMap(({ blockSizes = [] }) => blockSizes));
  const pulse = await pulseAt(memory.pid, allocationSites(memory, tables), sizes, says);
  const ageMs = Math.min(intervalMs, mostAgeMs);
  await sleep(ageMs);
  const sizesNow = heap.sizesNow(pulse.blocks.map(({ block }) => block));
  if (sizesNow === null || startTimeOf(memory.pid) !== startTicks) return { things: [...things], notes: [costNote(pulse), unseenNote] };
  const callers = new Callers(memory, tables);
  const groups = groupsOf(pulse.blocks, sizesNow, callers);
  const found = things.map((thing) => ({ thing, group: groupFor(thing, groups) }));
  callers.addLines(found.flatMap(({ group }) => group?.frames ?? []));
  const placed = found.map(({ thing, group }) =>
    group === null ? thing : { ...thing, place: callers.nameOf(callers.ownOf(group.frames)) },
  );
  return { things: placed, notes: [costNote(pulse), ...found.map(({ thing, group }) => siteNote(thing, group, ageMs, callers))] };
}

const unseenNote = 'The process ended, or its memory could not be read, before the last look: where what grows is allocated was not seen.';

/** Blocks that were allocated by the same way. */
interface Group {
  /** Addresses, the innermost first. */
  frames: number[];
  born: number;
  stayed: number;
  /** Bytes of those that stayed, by their size. */
  bytesOf: Map<number, number>;
}

function groupsOf(blocks: readonly SeenBlock[], sizesNow: readonly number[], callers: Callers): Group[] {
  const groups = new Map<string, Group>();
  for (const [index, seen] of blocks.entries()) {
    const frames = callers.of(seen);
    const key = frames.join();
    let group = groups.get(key);
    if (group === undefined) {
      group = { frames, born: 0, stayed: 0, bytesOf: new Map() };
      groups.set(key, group);
    }
    group.born += 1;
    const size = seen.isFreed ? 0 : (sizesNow[index] ?? 0);
    if (size === 0) continue;
    group.stayed += 1;
    group.bytesOf.set(size, (group.bytesOf.get(size) ?? 0) + size);
  }
  return [...groups.values()];
}

/** The one that has left most bytes of the sizes that the thing has; null where hardly anything stayed. */
function groupFor({ blockSizes = [] }: GrowingThing, groups: readonly Group[]): Group | null {
  const bytes = ({ bytesOf }: Group) => blockSizes.reduce((sum, size) => sum + (bytesOf.get(size) ?? 0) + (bytesOf.get(size + 16) ?? 0), 0);
  const score = (group: Group) => (bytes(group) * group.stayed) / group.born;
  const [best] = [...groups].sort((a, b) => score(b) - score(a));
  if (best === undefined || bytes(best) === 0) return null;
  return best.stayed >= leastSurvivors && best.stayed / best.born >= leastSurvival ? best : null;
}

function costNote({ seenPerSecond, forMs, share, places }: Pulse): string {
  return `Probes were at ${places === 1 ? 'one call' : `${places} calls`} of malloc for ${(forMs / 1000).toFixed(1)} s, and are gone again: ${Math.round(seenPerSecond)} allocations a second were seen, at about ${(share * 100).toFixed(2)} % of one processor.`;
}

function siteNote({ type }: GrowingThing, group: Group | null, ageMs: number, callers: Callers): string {
  if (group === null) return `Where ${type} come from was not seen: none stayed of what the program's own calls of malloc gave meanwhile.`;
  const way = group.frames.slice(0, mostTold).map((frame) => callers.nameOf(frame));
  return `${type}: ${group.stayed} of ${group.born} blocks that ${way.join(' < ')} allocated were still there after ${Math.round(ageMs / 1000)} s.`;
}

/** Of C++ and Rust; of C++ also where the name is not understood. */
const standard = /^(?:std::|__gnu_cxx::|_ZN?K?St|_ZN9__gnu_cxx|<*(?:\w+ as )?(?:core|alloc|std|hashbrown)::)/;

/** Ways from the innermost function outwards, and how people call them. */
class Callers {
  readonly #memory: TargetMemory;
  readonly #variables: VariableNames;
  readonly #tables: FrameTables;
  readonly #names = new Map<number, string>();
  readonly #lines = new Map<number, string>();

  constructor(memory: TargetMemory, tables: FrameTables) {
    this.#memory = memory;
    this.#tables = tables;
    this.#variables = new VariableNames(memory, memory.regions());
  }

  of({ at, stackPointer, framePointer, stack }: SeenBlock): number[] {
    const [, ...callers] = unwind({ at, stackPointer, framePointer, words: stack }, (address) => this.#framesAt(address));
    // Of the call, as of those further out, and not of what it returns to.
    return [at - 1, ...callers];
  }

  /** The innermost that is no container or string of the language, compiled into the program as those are; else the one nearest to what uses them. */
  ownOf([first = 0, ...callers]: readonly number[]): number {
    const file = this.#variables.fileAt(first);
    const inFile = [first, ...callers].filter((frame) => this.#variables.fileAt(frame) === file);
    return inFile.find((frame) => !standard.test(this.nameOf(frame))) ?? inFile.at(-1) ?? first;
  }

  nameOf(address: number): string {
    let name = this.#names.get(address);
    if (name === undefined) {
      name = this.#name(address);
      this.#names.set(address, name);
    }
    return name;
  }

  /** Of those whose file was compiled with -g. */
  addLines(addresses: readonly number[]): void {
    for (const file of new Set(addresses.map((address) => this.#variables.fileAt(address)))) {
      if (file === null) continue;
      for (const [address, line] of linesIn(this.#memory, file, addresses)) this.#lines.set(address, line);
    }
  }

  #name(address: number): string {
    const name = this.#place(address);
    const line = this.#lines.get(address);
    return line === undefined ? name : `${name} (${line})`;
  }

  #place(address: number): string {
    const file = this.#variables.fileAt(address);
    if (file === null) return `0x${address.toString(16)}`;
    const named = this.#variables.functionAt(file, address);
    if (named !== null) return `${named.name}+0x${named.offset.toString(16)}`;
    return `${basename(file)}+0x${this.#variables.offsetIn(file, address).toString(16)}`;
  }

  #framesAt(address: number): CallFrames | null {
    const file = this.#variables.fileAt(address);
    return file === null ? null : this.#tables.of(file);
  }
}

function linesIn(memory: TargetMemory, file: string, addresses: readonly number[]): Map<number, string> {
  const found = memory.fromFile(
    (path) => path === file,
    (elf, bias) => {
      const content = (name: string) => sectionNamed(elf, name)?.bytes ?? null;
      const table = content('.debug_line');
      if (table === null) return null;
      const texts = { lineStrings: content('.debug_line_str'), strings: content('.debug_str') };
      const inFile = addresses.map((address) => address - bias);
      return new Map([...linesOf(table, texts, inFile)].map(([address, line]) => [address + bias, line]));
    },
  );
  return found ?? new Map();
}
