import { clamp, percent, type Rule } from './rule.ts';

/** Growth that follows the CPU rate of the moment is work in progress, not a leak. */
export const notLoad: Rule = {
  name: 'not-load',
  weigh: (e) => (e.loadShare === null ? null : clamp(0.5 - 5 * Math.max(0, e.loadShare - 0.1), -5, 0.5)),
  tell(e) {
    const share = e.loadShare ?? 0;
    return `the load of the moment (CPU) explains ${share < 0.005 ? 'none' : percent(share)} of the growth`;
  },
};
