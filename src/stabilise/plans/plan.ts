import type { ActionPlan } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import type { Target } from '../target.ts';

/** What a plan may be made with, beside the target. */
export interface PlanOptions {
  /** For throttle and limit, bytes; null: worked out. */
  highBytes: number | null;
  maxBytes: number | null;
  graceMs: number;
  /** systemd runs here, with cgroup v2. */
  hasSystemd: boolean;
  hasCgroup2: boolean;
}

/** Pure but for looks at files that would be changed. Throws STANCH_E_NOT_POSSIBLE where there is no way. */
export type Planner = (target: Target, options: PlanOptions) => ActionPlan;

export function planOf(target: Target, plan: Omit<ActionPlan, 'subjectId' | 'subjectName'>): ActionPlan {
  return { ...plan, subjectId: target.subject.id, subjectName: target.subject.name };
}

/** Throws STANCH_E_NOT_POSSIBLE. */
export function requireUnit({ unit, subject }: Target, options: PlanOptions, what: string): string {
  if (!options.hasSystemd)
    throw notPossible(`systemd, to ${what}`, 'none on this server', 'stanch do restart or stanch do kill work without it.');
  if (unit !== null) return unit;
  throw notPossible(
    `${subject.name} to run in one systemd service, to ${what}`,
    'processes outside of services, or in several',
    'stanch do restart or stanch do kill work without one.',
  );
}

export function notPossible(expected: string, found: string, next: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', { expected, found, next });
}
