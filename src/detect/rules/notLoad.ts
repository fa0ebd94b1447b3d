import { clamp, type Rule } from './rule.ts';

/** Growth that follows the CPU rate of the moment is work in progress, not a leak. */
export const notLoad: Rule = {
  name: 'not-load',
  weigh(e) {
    if (e.loadShare === null) return null;
    const weight = clamp(0.5 - 5 * Math.max(0, e.loadShare - 0.1), -5, 0.5);
    const share = Math.round(e.loadShare * 100);
    return {
      weight,
      text:
        share === 0
          ? 'the load of the moment (CPU) explains none of the growth'
          : `the load of the moment (CPU) explains ${share} % of the growth`,
    };
  },
};
