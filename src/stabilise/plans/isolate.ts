/** Stopped in its tracks, with its memory as it is: for evidence, or to think. */
import { type Planner, planOf, requireUnit } from './plan.ts';

export const isolate: Planner = (target, options) => {
  const unit = requireUnit(target, options, 'freeze it');
  const others = target.sharesUnitWith.length === 0 ? '' : `; ${target.sharesUnitWith.slice(0, 3).join(', ')} stand still with it`;
  return planOf(target, {
    kind: 'isolate',
    reason: `${unit} takes no more memory and no CPU until it is thawed: stanch undo.`,
    steps: [{ step: { do: 'unit', verb: 'freeze', unit }, text: `freeze ${unit}: all of its processes stand still` }],
    risk: `It answers nobody while it is frozen${others}.`,
    undoable: true,
    expectedBytes: null,
  });
};
