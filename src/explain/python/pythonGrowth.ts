/**
 * From three looks at a Python process to what grows in it and who holds it. A container that has more in it each time and keeps what it had is
 * told by what is in it; then classes of the program that grow without one, texts that are written on and on, and last whatever type grew.
 */
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import { type Growing, type Look, spread, whatGrows } from '../threeLooks.ts';
import { type KeptGroup, keptGroups, type PythonLooks } from './growingContainers.ts';
import type { PythonLook } from './pythonCensus.ts';
import { PythonClimb, type PythonPath } from './pythonClimb.ts';
import { PythonObjects } from './pythonObjects.ts';
import type { PythonPart } from './pythonPart.ts';
import { firstHolder } from './pythonRoots.ts';
import { taskText } from './pythonTasks.ts';
import type { PythonType, PythonValues } from './pythonValues.ts';

const mostThings = 5;
const mostFollowed = 6;
const mostSized = 12;
const mostNamedItems = 4;
const leastSurvival = 0.5;
const leastGrowthBytes = 16_384;
const explainedPart = 0.5;
const memo = 'functools._lru_cache_wrapper';
/** Classes that asyncio has for them. */
const tasks = /^(?:(?:_asyncio\.)?(?:Task|Future)|TimerHandle)$/;
const nowhere: PythonPath = { path: [], through: [], isRooted: false, isCycle: false };

/** Told when it is known what leads to these. */
interface Found {
  bytes: number;
  from: readonly number[];
  tell: (path: PythonPath) => GrowingThing;
}

export function pythonGrowth(values: PythonValues, types: readonly PythonType[], taken: PythonLooks): GrowingThing[] {
  const { looks, finds } = taken;
  const objects = new PythonObjects(values);
  const groups = keptGroups(objects, taken);
  const deques = groups.flatMap(({ kind, containers }) => (kind === 'deque' ? containers : []));
  const climb = new PythonClimb(values, looks[2], finds.containers, deques);
  const growing = whatGrows(withSamples(taken)).filter(({ growthBytes, growthCount, survival }) => {
    return growthBytes >= leastGrowthBytes && growthCount > 0 && (survival ?? 0) >= leastSurvival;
  });
  const teller = new Teller(values, objects, types);
  const inGroups = groups.slice(0, mostThings).flatMap((group) => teller.group(group) ?? []);
  const explained = new Map<number, number>();
  for (const { perMember, growth } of inGroups) {
    for (const [type, count] of perMember) explained.set(type, (explained.get(type) ?? 0) + count * growth);
  }
  const isExplained = ({ kind, growthCount }: Growing) => (explained.get(types[kind]?.address ?? 0) ?? 0) >= growthCount * explainedPart;
  const isOwn = ({ kind }: Growing) => types[kind]?.isOfProgram === true && !isOfAsyncio(types[kind]);
  const alone = growing.filter((each) => isOwn(each) && !isExplained(each));
  const found: Found[] = [...inGroups, ...teller.outermost(alone).map((each) => teller.type(each, looks[2]))];
  found.push(...teller.texts(looks));
  if (found.length === 0) found.push(...growing.slice(0, 1).map((each) => teller.type(each, looks[2])));
  const most = found.sort((a, b) => b.bytes - a.bytes).slice(0, mostThings);
  const paths = climb.climb(most.map(({ from }) => from));
  return most.map(({ tell }, index) => tell(paths[index] ?? nowhere));
}

/** Of what is in parts of memory that were not the same at all three: nothing came or went in the others. */
function withSamples({ looks: [first, second, third], finds }: PythonLooks): [Look, Look, Look] {
  const [inFirst, inSecond, inThird] = [new Set(first.parts), new Set(second.parts), new Set(third.parts)];
  const isChanged = (part: PythonPart) => !(inFirst.has(part) && inSecond.has(part) && inThird.has(part));
  const withSample = (look: PythonLook) => ({ ...look, sample: finds.sample.in(look.parts.filter(isChanged)) });
  return [withSample(first), withSample(second), withSample(third)];
}

class Teller {
  readonly #values: PythonValues;
  readonly #objects: PythonObjects;
  readonly #types: readonly PythonType[];

  constructor(values: PythonValues, objects: PythonObjects, types: readonly PythonType[]) {
    this.#values = values;
    this.#objects = objects;
    this.#types = types;
  }

  /** Null when it is too little. */
  group(group: KeptGroup): (Found & { growth: number; perMember: Map<number, number> }) | null {
    // Refer to what they don't keep.
    if (group.newest.every((member) => /^(?:weakref|KeyedRef)/.test(this.#values.typeOf(member)?.name ?? 'weakref'))) return null;
    const sizes = group.newest.slice(0, mostSized).map((member) => this.#objects.deepSize(member));
    const perMember = new Map<number, number>();
    for (const { types } of sizes)
      for (const [type, count] of types) perMember.set(type, (perMember.get(type) ?? 0) + count / sizes.length);
    const each = sizes.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, sizes.length);
    const bytes = group.growth * (each + (group.kind === 'dict' ? 40 : 8));
    if (bytes < leastGrowthBytes) return null;
    return {
      bytes,
      growth: group.growth,
      perMember,
      from: spread(group.containers, mostFollowed),
      tell: (path) => ({
        type: mostCommon(group.newest.map((member) => this.#nameOf(member))) ?? 'an object',
        place: null,
        counts: group.sizes,
        growthBytes: bytes,
        survival: group.survival,
        owner: ownerOf(path, null),
        path: path.path,
        pattern: patternOf(
          [group.kind, ...path.through],
          path,
          group.newest.map((member) => this.#values.typeOf(member)?.name ?? ''),
        ),
      }),
    };
  }

  /** Of classes whose objects hold each other one by one, the outer one. */
  outermost(growing: readonly Growing[]): Growing[] {
    const inside = new Set<number>();
    for (const outer of growing) {
      const held = new Map<number, number>();
      const followed = spread(outer.survivors, mostSized);
      for (const address of followed) {
        for (const [type, count] of this.#objects.deepSize(address).types) held.set(type, (held.get(type) ?? 0) + count);
      }
      for (const inner of growing) {
        const type = this.#types[inner.kind]?.address ?? 0;
        if (inner === outer || inside.has(outer.kind) || (held.get(type) ?? 0) < followed.length / 2) continue;
        inside.add(inner.kind);
      }
    }
    return growing.filter(({ kind }) => !inside.has(kind)).slice(0, mostThings);
  }

  type(growing: Growing, look: PythonLook): Found {
    const type = this.#types[growing.kind];
    const name = type?.name ?? 'an object';
    const survivors = growing.survivors.slice(-mostFollowed);
    const sizes = spread(survivors, mostSized).map((each) => this.#objects.deepSize(each).bytes);
    const deep = growing.growthCount * (sizes.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, sizes.length));
    const bytes = type?.isOfProgram === true ? Math.max(growing.growthBytes, deep) : growing.growthBytes;
    return {
      bytes,
      from: survivors,
      tell: (climbed) => {
        const chain = climbed.isRooted || climbed.isCycle || type === undefined ? null : firstHolder(this.#values, look, type);
        const path = chain ?? climbed;
        return {
          type: type?.isMeta === true ? 'classes made while it runs' : name,
          place: null,
          counts: growing.counts,
          growthBytes: bytes,
          survival: growing.survival,
          owner: ownerOf(path, name),
          path: path.path,
          pattern: path.isCycle ? 'cycle-never-collected' : chain !== null ? 'list-only-grows' : patternOf(path.through, path, [name]),
        };
      },
    };
  }

  /** The one that can be written on where it lies and is longer each time. */
  texts([first, second, third]: PythonLooks['looks']): Found[] {
    const found: Found[] = [];
    for (const { address, kind, bytes } of third.large) {
      const before = second.large.find((each) => each.kind === kind && each.address === address);
      const earlier = before === undefined ? undefined : first.large.find((each) => each.kind === kind && each.address === address);
      const counts: [number, number, number] = [earlier?.bytes ?? 0, before?.bytes ?? 0, bytes];
      const growth = Math.min(counts[1] - counts[0], counts[2] - counts[1]);
      if (before === undefined || growth < leastGrowthBytes) continue;
      found.push({
        bytes: growth,
        from: [address],
        tell: (path) => ({
          type: this.#types[kind]?.name ?? 'text',
          place: null,
          counts,
          growthBytes: growth,
          survival: 1,
          owner: ownerOf(path, null),
          path: path.path,
          pattern: this.#types[kind]?.name === 'array.array' ? 'list-only-grows' : 'text-only-grows',
        }),
      });
    }
    return found.sort((a, b) => b.bytes - a.bytes).slice(0, 1);
  }

  /** As one would say it: the class, the shape of a dict, which function. */
  #nameOf(address: number): string {
    const type = this.#values.typeOf(address);
    switch (type?.name) {
      case undefined:
        return 'an object';
      case 'dict': {
        const keys = this.#values.entries(address, 6).map(({ key }) => this.#values.name(key));
        return keys.length > 0 && keys.every((key) => key !== null) ? `dict {${keys.join(', ')}}` : 'dict';
      }
      case 'tuple':
        return this.#tupleName(address);
      case 'list': {
        const [first] = this.#values.members(address, 1);
        const of = first === undefined ? undefined : this.#values.typeOf(first)?.name;
        return of === undefined ? 'list' : `list of ${of}`;
      }
      case 'function':
        return `function ${this.#values.functionName(address)?.replaceAll('<locals>.', '') ?? ''}`.trim();
      case 'method':
        return `method ${this.#values.functionName(this.#values.windows.word(address + 16)) ?? ''}`.trim();
      default:
        return taskText(this.#values, this.#objects, address) ?? type?.name ?? 'an object';
    }
  }

  /** Of a few, what each is. */
  #tupleName(address: number): string {
    const count = this.#values.windows.word(address + 16);
    const type = this.#values.typeOf(address);
    const items = type === null || count > mostNamedItems ? [] : this.#objects.children(address, type);
    const names = items.map((item) => this.#values.typeOf(item)?.name ?? 'an object');
    return names.length !== count || count === 0 ? `tuple of ${count}` : `tuple (${names.join(', ')})`;
  }
}

/** Made when its module is loaded, as a class of the program is: who holds them tells them. */
function isOfAsyncio(type: PythonType | undefined): boolean {
  return type?.name.startsWith('_asyncio.') === true;
}

/** The nearest thing with a name, without what the objects call each other. */
function ownerOf({ path, through }: PythonPath, type: string | null): string | null {
  const named = path.filter((name) => !name.includes('.__') && (type === null || !name.startsWith(`${type}.`)));
  const owner = named.at(-1) ?? null;
  return owner !== null && through.includes(memo) ? `${owner} (lru_cache)` : owner;
}

function patternOf(through: readonly string[], { path }: PythonPath, types: readonly string[]): LeakPattern | null {
  if (through.includes(memo)) return 'memo-without-limit';
  if (types.filter((type) => tasks.test(type)).length * 2 > types.length) return 'task-never-done';
  if (path.at(-1) === 'threading._active') return 'thread-never-ends';
  if (through.some((type) => type.startsWith('_thread._local'))) return 'thread-local';
  if (path[0]?.startsWith('default of ') === true) return 'mutable-default';
  if (types.filter((type) => type === 'function' || type === 'method').length * 2 > types.length) return 'listener-never-removed';
  const container = through.find((type) => ['dict', 'list', 'set', 'collections.deque', 'deque'].includes(type));
  if (container === undefined) return null;
  return container === 'dict' || container === 'set' ? 'map-without-eviction' : 'list-only-grows';
}

function mostCommon(of: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}
