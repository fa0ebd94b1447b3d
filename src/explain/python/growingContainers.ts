/**
 * Containers that have more in them at each look and still have what they had: whoever empties a list from time to time, or puts things into a
 * cache that turns over, is none. Many that each grow a little count as one.
 */
import { spread } from '../threeLooks.ts';
import type { ContainerTable, GrownContainer } from './containerTable.ts';
import type { PythonFinds, PythonLook } from './pythonCensus.ts';
import type { PythonObjects } from './pythonObjects.ts';
import type { ContainerKind } from './pythonValues.ts';

const mostSampled = 100;
const mostLittle = 48;
const membersSampled = 16;
const membersSearched = 512;
/** Of one container alone, in an interval. */
const leastGrowth = 8;
const leastLittle = 32;
/** Of what all of its kind grow by: of a dict in a dict in a dict each alone is too little to be told. */
const leastPart = 0.04;
const leastKept = 0.5;

/** Members of containers that had grown by the second look, each with a mark. */
export type MemberSample = Map<number, { address: number; mark: number }[]>;

export interface PythonLooks {
  looks: readonly [PythonLook, PythonLook, PythonLook];
  finds: PythonFinds;
  members: MemberSample;
}

export interface KeptGroup {
  kind: ContainerKind;
  containers: number[];
  /** Members at the three looks. */
  sizes: [number, number, number];
  /** In the slower interval. */
  growth: number;
  survival: number;
  newest: number[];
}

/** At the second look. */
export function sampleMembers(objects: PythonObjects, containers: ContainerTable, first: PythonLook, second: PythonLook): MemberSample {
  const grown = containers.grownBetween(first.parts, second.parts).sort((a, b) => b.growth - a.growth);
  const little = grown.filter(({ growth }) => growth < leastGrowth);
  const sample: MemberSample = new Map();
  for (const { address } of [...grown.slice(0, mostSampled), ...spread(little, mostLittle)]) {
    const members = objects.values.members(address, membersSampled);
    sample.set(
      address,
      members.map((member) => ({ address: member, mark: objects.mark(member) })),
    );
  }
  return sample;
}

export function keptGroups(
  objects: PythonObjects,
  { looks: [first, second, third], finds: { containers }, members: sample }: PythonLooks,
): KeptGroup[] {
  const before = new Map(containers.grownBetween(first.parts, second.parts).map((each) => [each.address, each]));
  const both = containers.grownBetween(second.parts, third.parts).flatMap((now) => {
    const earlier = before.get(now.address);
    return earlier === undefined || earlier.kind !== now.kind ? [] : [{ now, earlier }];
  });
  const groups: KeptGroup[] = [];
  for (const kind of ['dict', 'list', 'set', 'deque'] as const) {
    const grown = both.filter(({ now }) => now.kind === kind);
    const least = Math.max(leastGrowth, leastPart * grown.reduce((sum, each) => sum + slower(each), 0));
    const little = grown.filter((each) => slower(each) < least);
    groups.push(...grown.filter((each) => slower(each) >= least).flatMap((each) => groupOf(objects, [each], sample) ?? []));
    const together = little.reduce((sum, each) => sum + slower(each), 0);
    if (little.length >= leastLittle || together >= leastLittle * leastGrowth) groups.push(...(groupOf(objects, little, sample) ?? []));
  }
  return groups.sort((a, b) => b.growth - a.growth);
}

interface Twice {
  now: GrownContainer;
  earlier: GrownContainer;
}

function slower({ now, earlier }: Twice): number {
  return Math.min(now.growth, earlier.growth);
}

function groupOf(objects: PythonObjects, members: readonly Twice[], sample: MemberSample): [KeptGroup] | null {
  const [one] = members;
  if (one === undefined) return null;
  const sum = (of: (each: Twice) => number) => members.reduce((total, each) => total + of(each), 0);
  const known = members.filter(({ now }) => sample.has(now.address));
  const survival = survivalOf(objects, known, sample);
  if (survival === null || survival < leastKept) return null;
  const newest = spread(known.length > 0 ? known : members, mostLittle).flatMap(({ now }) =>
    objects.values.members(now.address, members.length === 1 ? membersSampled : 1),
  );
  const size = sum(({ now }) => now.size);
  const [firstGrowth, secondGrowth] = [sum(({ earlier }) => earlier.growth), sum(({ now }) => now.growth)];
  return [
    {
      kind: one.now.kind,
      containers: members.map(({ now }) => now.address),
      sizes: [size - secondGrowth - firstGrowth, size - secondGrowth, size],
      growth: Math.min(firstGrowth, secondGrowth),
      survival,
      newest,
    },
  ];
}

/** Part of the sampled members that are the same as they were; those of a set are not in an order, and each is looked for where it was. */
function survivalOf(objects: PythonObjects, members: readonly Twice[], sample: MemberSample): number | null {
  let [sampled, kept] = [0, 0];
  for (const { now } of members) {
    const before = sample.get(now.address) ?? [];
    const isOrdered = now.kind === 'list';
    const still = isOrdered ? null : new Set(objects.values.members(now.address, membersSearched));
    for (const { address, mark } of before) {
      sampled += 1;
      if ((still === null || now.size > membersSearched || still.has(address)) && objects.mark(address) === mark) kept += 1;
    }
  }
  return sampled === 0 ? null : kept / sampled;
}
