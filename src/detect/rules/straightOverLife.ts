import { clamp, percent, type Rule } from './rule.ts';

/** A late stretch of a curve that flattens looks straight: does the whole life leave room for a leak of this slope? */
export const straightOverLife: Rule = {
  name: 'straight-over-life',
  weigh: (e) => (e.lifeLinearShare === null ? null : clamp((e.lifeLinearShare - 0.35) * 6, -5, 0.5)),
  tell(e) {
    const share = clamp(e.lifeLinearShare ?? 0, 0, 1);
    return `over its whole life the growth slows down; ${share < 0.005 ? 'none' : percent(share)} of the present slope is surely not part of that`;
  },
};
