import { clamp, type Rule } from './rule.ts';

/** Whatever ends by itself bends: does a line, with or without a warm-up, fit better than every curve that flattens? */
export const straightLine: Rule = {
  name: 'straight-line',
  weigh: (e) => clamp(e.lineOdds, -8, 6),
  tell(e, _, weight) {
    if (e.endingCurve === null) return 'no warm-up and no cache that fills explains it: it does not grow like one';
    const times = Math.exp(Math.min(20, Math.abs(e.lineOdds)));
    const odds = times > 1000 ? 'over 1000' : times.toFixed(times < 10 ? 1 : 0);
    if (times < 1.1) return 'a straight line explains it as well as a warm-up or a cache that fills';
    return weight > 0
      ? `a straight line explains it ${odds} × better than a warm-up or a cache that fills`
      : `a warm-up or a cache that fills explains it ${odds} × better than a straight line`;
  },
};
