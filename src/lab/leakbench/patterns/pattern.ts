import type { Gauge } from '../../../model/gauge.ts';
import type { Resource, VerdictClass } from '../../../model/verdict.ts';
import type { Label } from '../case.ts';
import type { Rng } from '../rng.ts';
import { days, type World } from './worlds.ts';

export type { World } from './worlds.ts';

/** What the subject holds at one moment of the simulation. */
export interface Tick {
  /** Of the pattern's resource, in bytes or pieces. For memory: anonymous and swapped together. */
  value: number;
  /** Gauges that the pattern sets itself, beside the one of its resource. */
  rest?: Partial<Record<Gauge, number>>;
  /** Work of the moment, 1 on average; CPU time is its integral. Absent: constant work. */
  load?: number;
  /** Goes up when the process is restarted. */
  generation?: number;
  /** `value` without rare spikes, which is what has to fit under the wall. */
  regular?: number;
}

/** Advances the simulation by `dt` hours to `t` hours after its start. */
type Model = (t: number, dt: number) => Tick;

export interface Scenario {
  model: Model;
  /** Where the subject ends, in the unit of the resource; visible to the detector or not. */
  wall?: number;
  /** Hours after the start; 0 when not given. */
  onsetH?: number;
  /** Expected growth an hour when it is constant after the onset. */
  slopePerHour?: number;
  /** Replaces the pattern's own label for draws that are undecidable. */
  label?: Label;
  /** Makes the series one that shows its load (or hides it) whatever was drawn. */
  showCpu?: boolean;
  /** Whether restarts can be read from the start time; with full detail they can, unless said otherwise. */
  showStart?: boolean;
}

export interface Pattern {
  family: string;
  label: Label;
  resource: Resource;
  alsoLeaks?: Resource[];
  expected: VerdictClass[];
  world: (rng: Rng) => World;
  scenario: (world: World) => Scenario;
}

/** A leak of private memory over days, unless told otherwise. */
export function leakOf(family: string, scenario: (world: World) => Scenario, other: Partial<Pattern> = {}): Pattern {
  return { label: 'leak', resource: 'memory', expected: ['leak'], world: days, ...other, family, scenario };
}

/** A healthy use of private memory over days, unless told otherwise. */
export function healthyOf(
  family: string,
  expected: VerdictClass[],
  scenario: (world: World) => Scenario,
  other: Partial<Pattern> = {},
): Pattern {
  return { label: 'healthy', resource: 'memory', world: days, ...other, expected, family, scenario };
}
