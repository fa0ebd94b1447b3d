/** From objects up to a variable that holds them, the shortest way: who has their address is searched for, level by level. */
import type { ContainerTable } from './containerTable.ts';
import type { PythonLook } from './pythonCensus.ts';
import { type Holder, PythonHolders } from './pythonHolders.ts';
import type { PythonValues } from './pythonValues.ts';

const mostLevels = 9;
const mostFrontier = 48;
const mostHolders = 400;
/** Of all memory, for all climbs together. */
const mostScans = 40;

export interface PythonPath {
  /** From the variable down to the objects: only what has a name. */
  path: string[];
  /** Types of what is between, from the objects up. */
  through: string[];
  /** A variable was reached. */
  isRooted: boolean;
  /** Whoever refers to them was followed to the end, and it was they themselves: nothing of the program leads to them. */
  isCycle: boolean;
}

interface Step {
  child: number;
  holder: Holder;
}

export class PythonClimb {
  readonly #values: PythonValues;
  readonly #holders: PythonHolders;
  readonly #taggedPointers: boolean;
  #scansLeft = mostScans;

  constructor(values: PythonValues, look: PythonLook, containers: ContainerTable, deques: readonly number[]) {
    this.#values = values;
    this.#holders = new PythonHolders(values, look, containers, deques);
    this.#taggedPointers = values.layout.minor >= 14;
  }

  climb(from: readonly number[]): PythonPath {
    const steps = new Map<number, Step | null>(from.map((address) => [address, null]));
    let frontier = [...from];
    let running: Step | null = null;
    let isComplete = true;
    let isSeenAgain = false;
    for (let level = 0; level < mostLevels && frontier.length > 0; level += 1) {
      if (this.#scansLeft <= 0) {
        isComplete = false;
        break;
      }
      const next: number[] = [];
      const places = this.#above(frontier);
      let above = this.#stepsTo(places, false);
      let root = above.find((step) => isLasting(step, steps));
      if (root === undefined && this.#scansLeft > 0) {
        // Attributes that lie apart from their object are found in all memory only.
        above = this.#stepsTo(places, true);
        root = above.find((step) => isLasting(step, steps));
      }
      if (root !== undefined) return this.#tell(root, steps);
      for (const step of above) {
        const { holder } = step;
        // A frame that has ended may still lie there: only when nothing else leads to it.
        if (holder.type === 'frame') running ??= step;
        if (steps.has(holder.address)) isSeenAgain = true;
        if (holder.isRoot || steps.has(holder.address)) continue;
        steps.set(holder.address, step);
        if (next.length < mostFrontier) next.push(holder.address);
        else isComplete = false;
      }
      frontier = next;
    }
    if (running !== null) return this.#tell(running, steps);
    return { path: [], through: [], isRooted: false, isCycle: isComplete && isSeenAgain && frontier.length === 0 };
  }

  /** Words that refer to one of these. */
  #above(frontier: readonly number[]): { at: number; target: number }[] {
    const targets = new Set(frontier);
    // What a frame has is marked there from 3.14 on when it isn't counted.
    if (this.#taggedPointers) for (const address of frontier) targets.add(address + 1);
    this.#scansLeft -= 1;
    return this.#values.windows.holders(targets, mostHolders);
  }

  /** Those that keep one of these, the ones in dicts, lists and attributes found first. */
  #stepsTo(found: readonly { at: number; target: number }[], canScan: boolean): Step[] {
    if (canScan) this.#scansLeft -= 1;
    const holders = this.#holders.at(
      found.map(({ at }) => at),
      canScan,
    );
    return found.flatMap(({ at, target }) => {
      const holder = holders.get(at);
      return holder === undefined ? [] : [{ child: target - (target % 8), holder }];
    });
  }

  #tell(last: Step, steps: ReadonlyMap<number, Step | null>): PythonPath {
    const path: string[] = [];
    const through: string[] = [];
    for (let step: Step | null | undefined = last; step !== null && step !== undefined; step = steps.get(step.child)) {
      through.push(step.holder.type);
      const name = namedBy(step, steps);
      if (name !== null && path.at(-1) !== name && path.length < 12) path.push(name);
    }
    return { path, through: through.reverse(), isRooted: true, isCycle: false };
  }
}

/** A variable, which has a name. */
function isLasting(step: Step, steps: ReadonlyMap<number, Step | null>): boolean {
  return step.holder.isRoot && step.holder.type !== 'frame' && namedBy(step, steps) !== null;
}

/** Of what the step holds: its own name, or what the thing that it holds has it under. */
function namedBy({ child, holder }: Step, steps: ReadonlyMap<number, Step | null>): string | null {
  if (holder.name !== null || holder.names === null) return holder.name;
  const key = steps.get(child)?.holder.key;
  return key === null || key === undefined ? null : holder.names(key);
}
