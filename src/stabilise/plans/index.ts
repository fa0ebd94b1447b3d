/** Every kind of action and how it is planned. */
import type { ActionKind, ActionPlan } from '../../model/action.ts';
import type { Target } from '../target.ts';
import { isolate } from './isolate.ts';
import { kill } from './kill.ts';
import { limit } from './limit.ts';
import type { Planner, PlanOptions } from './plan.ts';
import { protect } from './protect.ts';
import { recycle } from './recycle.ts';
import { restart } from './restart.ts';
import { throttle } from './throttle.ts';

const planners: Record<ActionKind, Planner> = { protect, throttle, isolate, restart, recycle, limit, kill };

/** Throws STANCH_E_NOT_POSSIBLE where this can't be done to that. */
export function planAction(kind: ActionKind, target: Target, options: PlanOptions): ActionPlan {
  return planners[kind](target, options);
}
