import { clamp, percent, type Rule } from './rule.ts';

/** A late stretch of a curve that flattens looks straight: does the window grow by more than the curve of its whole life foresees? */
export const straightOverLife: Rule = {
  name: 'straight-over-life',
  weigh: (e) => (e.foreseenShare === null ? null : clamp(4 - 10 * e.foreseenShare, -6, 1)),
  tell: (e) =>
    `over its whole life it flattens like a warm-up or a cache, which foresees ${percent(clamp(e.foreseenShare ?? 0, 0, 9.99))} of this growth`,
};
