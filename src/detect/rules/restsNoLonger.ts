import { formatDuration } from '../../model/units.ts';
import { clamp, type Rule } from './rule.ts';

/** Even growth takes a tenth of the time for a tenth of the way. */
const evenRest = 0.12;

/** A leak may pause, but not for longer than it did before; what has filled up rests for good. */
export const restsNoLonger: Rule = {
  name: 'rests-no-longer',
  weigh: (e) => clamp(1 - 3 * Math.log(Math.max(e.lastRest, evenRest) / Math.max(e.longestRest, evenRest)), -4, 1),
  tell(e, _, weight) {
    const spanMs = e.toMs - e.fromMs;
    const last = formatDuration(e.lastRest * spanMs);
    const longest = formatDuration(e.longestRest * spanMs);
    return weight > 0
      ? `the last tenth of the growth took ${last}, no longer than earlier ones, of which the slowest took ${longest}`
      : `its lasting floor has hardly risen for ${last}; before, it never rested longer than ${longest}`;
  },
};
