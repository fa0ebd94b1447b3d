/**
 * What grows and stays, from looks at one heap at three times. A cache that turns over grows by nothing, rubbish doesn't stay, and what is
 * still filling up is seen again later: only what grew both times counts, as much as it did the slower time.
 */

/** Blocks of a sample, by address in order. */
export interface LookSample {
  addresses: Float64Array;
  kinds: Int32Array;
  /** Of what tells a block from the next one in its place. */
  marks: Uint32Array;
}

export interface Look {
  /** By kind. */
  counts: readonly number[];
  bytes: readonly number[];
  sample: LookSample;
}

export interface Growing {
  kind: number;
  counts: [number, number, number];
  bytes: [number, number, number];
  /** Between two looks, the slower time. */
  growthBytes: number;
  growthCount: number;
  /** Of the sample's blocks that came between the first and the second look, the part that was still there at the third; null without any. */
  survival: number | null;
  /** Blocks of the sample that came between the first and the second look. */
  born: number;
  /** Some of those that stayed. */
  survivors: number[];
}

const mostSurvivors = 2_000;
const leastGrowthBytes = 2_048;

/** The fastest first, by what stays. */
export function whatGrows(looks: readonly [Look, Look, Look]): Growing[] {
  const cohorts = cohortsOf(looks.map(({ sample }) => sample) as [LookSample, LookSample, LookSample]);
  const most = Math.max(...looks.map(({ counts }) => counts.length));
  const growing: Growing[] = [];
  for (let kind = 0; kind < most; kind += 1) {
    const counts = looks.map((look) => look.counts[kind] ?? 0) as [number, number, number];
    const bytes = looks.map((look) => look.bytes[kind] ?? 0) as [number, number, number];
    const growthBytes = slowerGrowth(bytes);
    if (growthBytes < leastGrowthBytes) continue;
    const cohort = cohorts.get(kind);
    growing.push({
      kind,
      counts,
      bytes,
      growthBytes,
      growthCount: slowerGrowth(counts),
      survival: cohort === undefined || cohort.born === 0 ? null : cohort.stayed.count / cohort.born,
      born: cohort?.born ?? 0,
      survivors: cohort?.stayed.kept ?? [],
    });
  }
  return growing.sort((a, b) => b.growthBytes * (b.survival ?? 1) - a.growthBytes * (a.survival ?? 1));
}

export function slowerGrowth([first, second, third]: readonly [number, number, number]): number {
  return Math.min(second - first, third - second);
}

/** Some of all that were added, spread over them in the order in which they came. */
class Some {
  count = 0;
  kept: number[] = [];
  #every = 1;

  add(address: number): void {
    if (this.count % this.#every === 0) this.kept.push(address);
    this.count += 1;
    if (this.kept.length < mostSurvivors) return;
    this.kept = this.kept.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
  }
}

interface Cohort {
  born: number;
  stayed: Some;
}

function cohortsOf([first, second, third]: [LookSample, LookSample, LookSample]): Map<number, Cohort> {
  const cohorts = new Map<number, Cohort>();
  let before = 0;
  let after = 0;
  for (let index = 0; index < second.addresses.length; index += 1) {
    const address = second.addresses[index] ?? 0;
    before = skipTo(first, before, address);
    if (isSame(first, before, second, index)) continue;
    const kind = second.kinds[index] ?? 0;
    let cohort = cohorts.get(kind);
    if (cohort === undefined) {
      cohort = { born: 0, stayed: new Some() };
      cohorts.set(kind, cohort);
    }
    cohort.born += 1;
    after = skipTo(third, after, address);
    if (!isSame(third, after, second, index)) continue;
    cohort.stayed.add(address);
  }
  return cohorts;
}

/** Of a kind some of the blocks of a sample, spread over all. */
export function someOf({ addresses, kinds }: LookSample, kind: number): readonly number[] {
  const some = new Some();
  for (const [index, address] of addresses.entries()) if (kinds[index] === kind) some.add(address);
  return some.kept;
}

/** Of some kinds, blocks that were there at two looks and no longer at the next: how many of the sample, and some of them. */
export function goneAfter(
  [first, second, third]: readonly [LookSample, LookSample, LookSample],
  kinds: ReadonlySet<number>,
): Map<number, { count: number; kept: readonly number[] }> {
  const gone = new Map<number, Some>();
  if (kinds.size === 0) return gone;
  let before = 0;
  let after = 0;
  for (let index = 0; index < second.addresses.length; index += 1) {
    const kind = second.kinds[index] ?? 0;
    if (!kinds.has(kind)) continue;
    const address = second.addresses[index] ?? 0;
    before = skipTo(first, before, address);
    after = skipTo(third, after, address);
    if (!isSame(first, before, second, index) || isSame(third, after, second, index)) continue;
    const of = gone.get(kind) ?? new Some();
    gone.set(kind, of);
    of.add(address);
  }
  return gone;
}

function skipTo(sample: LookSample, from: number, address: number): number {
  let index = from;
  while (index < sample.addresses.length && (sample.addresses[index] ?? 0) < address) index += 1;
  return index;
}

function isSame(one: LookSample, at: number, other: LookSample, index: number): boolean {
  return one.addresses[at] === other.addresses[index] && one.kinds[at] === other.kinds[index] && one.marks[at] === other.marks[index];
}

/** So many of them, spread over all. */
export function spread<T>(from: readonly T[], most: number): T[] {
  if (from.length <= most) return [...from];
  return Array.from({ length: most }, (_, index) => from[Math.floor((index * from.length) / most)]).filter((each) => each !== undefined);
}
