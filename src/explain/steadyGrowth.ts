/** How many are held, by a part of them that was followed to what holds them, and by how much that may be wrong. */
export interface HeldCount {
  count: number;
  error: number;
}

/**
 * More each time. A part of a few is not exact, and that all of them are held is not either: what may be chance, over all of the time, is no
 * growth. Pure.
 */
export function isSteady(looks: readonly HeldCount[]): boolean {
  const steps = looks.slice(1).map((now, index) => ({ now, before: looks[index] ?? now }));
  const [first, last] = [looks[0], looks.at(-1)];
  const grew = (before: HeldCount, now: HeldCount, sure: number) => now.count - before.count > sure * Math.hypot(before.error, now.error);
  return first !== undefined && last !== undefined && steps.every(({ before, now }) => grew(before, now, 1)) && grew(first, last, 3);
}
