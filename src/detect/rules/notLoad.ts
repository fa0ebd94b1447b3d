import { clamp, percent, type Rule } from './rule.ts';

/**
 * Share above which what is left counts little: the load is known inexactly, so that its part is always a little underestimated.
 */
const mostExplained = 0.7;

/** Growth that follows the CPU rate of the moment is work in progress, not a leak. */
export const notLoad: Rule = {
  name: 'not-load',
  weigh: (e) =>
    e.loadShare === null ? null : clamp(0.5 - 5 * Math.max(0, e.loadShare - 0.1) - 15 * Math.max(0, e.loadShare - mostExplained), -8, 0.5),
  tell(e) {
    const share = e.loadShare ?? 0;
    return `the load of the moment (CPU) explains ${share < 0.005 ? 'none' : percent(share)} of the growth`;
  },
};
