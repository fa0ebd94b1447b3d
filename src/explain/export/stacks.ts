/** Evidence as stacks, root first, with the bytes that each gained a second: what tools for profiles show. */
import type { Evidence } from '../../model/evidence.ts';

export interface WeightedStack {
  frames: string[];
  bytesPerSecond: number;
  /** How many came in all of the time; 0 where bytes or requests were counted. */
  count: number;
}

export function stacksOf({ grows }: Evidence): WeightedStack[] {
  return grows.map(({ type, place, owner, path, counts, bytesPerSecond, isAllocation, isOneBlock, isScript }) => {
    const above = path.length > 0 ? path : owner === null ? [] : [owner];
    const last = place === null ? type : `${type} ${place}`;
    return {
      frames: above.at(-1) === last ? above : [...above, last],
      bytesPerSecond: Math.round(bytesPerSecond),
      count: isAllocation || isOneBlock || isScript ? 0 : Math.max(0, Math.round(counts[2] - counts[0])),
    };
  });
}
