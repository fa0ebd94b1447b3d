import { formatDuration } from '../../model/units.ts';
import { clamp, type Rule } from './rule.ts';

const hourMs = 3_600_000;

/** Most of what grows from its start stops by itself: the longer it has not, the likelier it never will. */
export const oldEnough: Rule = {
  name: 'old-enough',
  weigh(e) {
    if (e.pastSpans >= 1) return null;
    return 0.5 * (1 - e.pastSpans) * clamp(Math.log((e.toMs - e.fromMs) / (12 * hourMs)), -6, 1.5);
  },
  tell(e, _, weight) {
    const span = formatDuration(e.toMs - e.fromMs);
    return weight > 0
      ? `it has not ended in ${span}, longer than most of what stops growing by itself`
      : `little is known from before these ${span}: growth this young often stops by itself`;
  },
};
