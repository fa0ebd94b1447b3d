import type { PlannedStep } from '../../model/action.ts';
import type { PlanOptions } from '../plans/plan.ts';
import type { Target } from '../target.ts';

export interface Restart {
  steps: PlannedStep[];
  risk: string | null;
}

/** null: it is not this one that keeps the target running. */
export type Manager = (target: Target, options: PlanOptions) => Restart | null;
