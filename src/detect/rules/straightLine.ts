import { clamp, percent, type Rule } from './rule.ts';

/** Whatever ends by itself bends: is a straight part left under every saturating curve that fits as well? */
export const straightLine: Rule = {
  name: 'straight-line',
  weigh(e) {
    const straight = clamp((e.linearShareLow - 0.25) * 5, -4, 1.5);
    return straight + clamp((e.curvatureT + 2.5) * 0.8, -4, 0);
  },
  tell(e, _, weight) {
    const share = percent(clamp(e.linearShareLow, 0, 1));
    return weight > 0
      ? `at least ${share} of the growth is a straight line, whatever warm-up is assumed`
      : `a warm-up or a filling cache explains it as well: only ${share} of the growth is surely a straight line`;
  },
};
