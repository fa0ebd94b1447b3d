/** From objects up to a variable that holds them, the shortest way: who has their address is searched for, level by level. */
import type { ContainerTable } from './containerTable.ts';
import type { PythonLook } from './pythonCensus.ts';
import { type Holder, PythonHolders } from './pythonHolders.ts';
import { containerKindOf, type PythonValues } from './pythonValues.ts';

const mostLevels = 9;
const mostFrontier = 48;
/** Of one climb, and in all memory. */
const [mostHolders, mostPlaces] = [400, 50_000];
/** Of all memory, for all climbs together: so many, and fewer where there is much of it. */
const [mostScans, leastScans] = [40, 8];
const mostScannedBytes = 10 * 2 ** 30;
/** Levels above the first variable for one that leads to more of them. */
const levelsBeyondFirst = 2;
/** Levels on which each is held by the next one of its kind alone: such a chain is too long to be climbed. */
const levelsOfChain = 2;

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

/** A variable, and to how many of those that were started from it leads. */
interface Root {
  step: Step;
  reach: number;
}

export class PythonClimb {
  readonly #values: PythonValues;
  readonly #holders: PythonHolders;
  readonly #taggedPointers: boolean;
  #scansLeft: number;

  constructor(values: PythonValues, look: PythonLook, containers: ContainerTable, deques: readonly number[]) {
    this.#values = values;
    this.#holders = new PythonHolders(values, look, containers, deques);
    this.#taggedPointers = values.layout.minor >= 14;
    const heapBytes = look.parts.reduce((sum, { filled }) => sum + filled * 4, 0);
    this.#scansLeft = Math.max(leastScans, Math.min(mostScans, Math.floor(mostScannedBytes / heapBytes)));
  }

  /** Of all at once, so that memory is gone through once for each level. */
  climb(froms: readonly (readonly number[])[]): PythonPath[] {
    const ways = froms.map((from) => new Way(from));
    for (let level = 0; level < mostLevels; level += 1) {
      const open = ways.filter((way) => way.isOpen(level));
      if (open.length === 0) break;
      if (this.#scansLeft <= 0) {
        for (const way of open) way.isComplete = false;
        break;
      }
      this.#oneUp(open, level);
    }
    return ways.map((way) => way.path());
  }

  #oneUp(ways: readonly Way[], level: number): void {
    const places = this.#above(ways);
    const { found, left } = this.#holders.at(places.map(({ at }) => at));
    const direct = stepsTo(places, found);
    const unrooted = ways.filter((way) => !way.isRootIn(direct));
    let all = direct;
    if (unrooted.length > 0 && this.#holders.hasValuesApart && this.#scansLeft > 0) {
      this.#scansLeft -= 1;
      const isAsked = ({ at, target }: Place) => left.has(at) && unrooted.some((way) => way.frontier.has(untagged(target)));
      const apart = this.#holders.inValues(places.filter(isAsked).map(({ at }) => at));
      all = stepsTo(places, new Map([...found, ...apart]));
    }
    for (const way of ways) way.take(unrooted.includes(way) ? all : direct, level);
  }

  /** Words that refer to what the ways have come to. */
  #above(ways: readonly Way[]): Place[] {
    const targets = new Set(ways.flatMap(({ frontier }) => [...frontier]));
    // What a frame has is marked there from 3.14 on when it isn't counted.
    if (this.#taggedPointers) for (const address of [...targets]) targets.add(address + 1);
    this.#scansLeft -= 1;
    const found = this.#values.windows.holders(targets, mostPlaces);
    // What thousands refer to on one way leaves room for the others, and for what keeps it.
    const counts = ways.map(() => 0);
    const isMuch = found.length > mostHolders;
    return found.filter(({ at, target }) => {
      const way = ways.findIndex(({ frontier }, index) => (counts[index] ?? 0) < mostHolders && frontier.has(untagged(target)));
      if (way < 0 || (isMuch && this.#holders.isPassing(at))) return false;
      counts[way] = (counts[way] ?? 0) + 1;
      return true;
    });
  }
}

interface Place {
  at: number;
  target: number;
}

function stepsTo(places: readonly Place[], holders: ReadonlyMap<number, Holder>): Step[] {
  return places.flatMap(({ at, target }) => {
    const holder = holders.get(at);
    return holder === undefined ? [] : [{ child: untagged(target), holder }];
  });
}

function untagged(target: number): number {
  return target - (target % 8);
}

/** What one climb has found. */
class Way {
  readonly #steps: Map<number, Step | null>;
  /** By object: those started from that it leads to, a bit each. */
  readonly #reached: Map<number, number>;
  readonly #count: number;
  #rootLevel = 0;
  #root: Root | null = null;
  #levelsOfChain = 0;
  /** A frame that has ended may still lie there: only when nothing else leads to it. */
  #running: Step | null = null;
  #isSeenAgain = false;
  frontier: ReadonlySet<number>;
  /** Nothing was left out. */
  isComplete = true;

  constructor(from: readonly number[]) {
    this.#count = from.length;
    this.frontier = new Set(from);
    this.#steps = new Map(from.map((address) => [address, null]));
    this.#reached = new Map(from.map((address, index) => [address, 1 << (index % 32)]));
  }

  /** More levels may say more. */
  isOpen(level: number): boolean {
    if (this.frontier.size === 0) return false;
    if (this.#root === null) return this.#levelsOfChain < levelsOfChain;
    return !this.#isOfMost(this.#root) && level <= this.#rootLevel + levelsBeyondFirst;
  }

  isRootIn(steps: readonly Step[]): boolean {
    return this.#rootsIn(this.#own(steps)).some((root) => this.#isOfMost(root));
  }

  #own(steps: readonly Step[]): Step[] {
    return steps.filter(({ child }) => this.frontier.has(child));
  }

  /** A variable of a loop has one of them, that which keeps them has most. */
  #isOfMost({ reach }: Root): boolean {
    return reach * 2 >= this.#count;
  }

  #rootsIn(above: readonly Step[]): Root[] {
    const roots = new Map<string, { step: Step; bits: number }>();
    for (const step of above) {
      const name = this.#isLasting(step) ? this.#namedBy(step) : null;
      if (name === null) continue;
      const same = roots.get(name);
      roots.set(name, { step: same?.step ?? step, bits: (same?.bits ?? 0) | (this.#reached.get(step.child) ?? 0) });
    }
    return [...roots.values()].map(({ step, bits }) => ({ step, reach: bitCount(bits) }));
  }

  /** One level up. */
  take(steps: readonly Step[], level: number): void {
    const above = this.#own(steps);
    const next: number[] = [];
    for (const root of this.#rootsIn(above)) this.#keepRoot(root, level);
    this.#levelsOfChain = this.#isChain(above) ? this.#levelsOfChain + 1 : 0;
    for (const step of above) {
      const { child, holder } = step;
      if (holder.type === 'frame') this.#running ??= step;
      if (this.#steps.has(holder.address)) this.#isSeenAgain = true;
      this.#reached.set(holder.address, (this.#reached.get(holder.address) ?? 0) | (this.#reached.get(child) ?? 0));
      if (holder.isRoot || this.#steps.has(holder.address)) continue;
      this.#steps.set(holder.address, step);
      next.push(holder.address);
    }
    if (next.length > mostFrontier) this.isComplete = false;
    this.frontier = new Set(next.slice(0, mostFrontier));
  }

  /** Each is an attribute of another one of its class. */
  #isChain(above: readonly Step[]): boolean {
    const steps = above.filter(({ holder }) => holder.type !== 'frame');
    return (
      steps.length > 0 &&
      steps.every(({ child, holder }) => {
        const type = this.#steps.get(child)?.holder.type;
        return holder.type === type && containerKindOf(type) === null && type !== 'tuple';
      })
    );
  }

  #keepRoot(root: Root, level: number): void {
    if (this.#root === null) this.#rootLevel = level;
    if (this.#root === null || root.reach > this.#root.reach) this.#root = root;
  }

  path(): PythonPath {
    const last = this.#root?.step ?? this.#running;
    if (last !== null) return this.#tell(last);
    const isCycle = this.isComplete && this.#isSeenAgain && this.frontier.size === 0;
    return { path: [], through: [], isRooted: false, isCycle };
  }

  #tell(last: Step): PythonPath {
    const path: string[] = [];
    const through: string[] = [];
    for (let step: Step | null | undefined = last; step !== null && step !== undefined; step = this.#steps.get(step.child)) {
      through.push(step.holder.type);
      const name = this.#namedBy(step);
      if (name !== null && path.at(-1) !== name && path.length < 12) path.push(name);
    }
    return { path, through: through.reverse(), isRooted: true, isCycle: false };
  }

  /** A variable, which has a name. */
  #isLasting(step: Step): boolean {
    return step.holder.isRoot && step.holder.type !== 'frame' && this.#namedBy(step) !== null;
  }

  /** Of what the step holds: its own name, or what the thing that it holds has it under. */
  #namedBy({ child, holder }: Step): string | null {
    if (holder.name !== null || holder.names === null) return holder.name;
    const key = this.#steps.get(child)?.holder.key;
    return key === null || key === undefined ? null : holder.names(key);
  }
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}
