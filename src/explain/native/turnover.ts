/**
 * Which of several holders of blocks of one kind grows. Where a bounded cache turns over, as many go as come and stay: of what came between two looks
 * and was still there at the next, and of what was there at two looks and no longer at the next, equal numbers are no growth.
 */
export interface GroupTurnover {
  /** Of a sample of what came and stayed: those that it holds. */
  came: number;
  /** Of a sample of what went: those that it held. */
  went: number;
}

const deviations = 2.5;
const leastGrowth = 0.1;

/** Of all growth the part of each group; 0 for those that do not grow. `came`, `went`: how many there were in all. */
export function growthParts(groups: readonly GroupTurnover[], came: number, went: number): number[] {
  const sampleCame = sumOf(groups.map((group) => group.came));
  const sampleWent = sumOf(groups.map((group) => group.went));
  const grown = groups.map((group) => {
    const [part, partWent] = [partOf(group.came, sampleCame), partOf(group.went, sampleWent)];
    const [more, less] = [part * came, partWent * went];
    const variance = came ** 2 * varianceOf(part, sampleCame) + went ** 2 * varianceOf(partWent, sampleWent) + more + less;
    const isLessThanChance = less > 0 && more - less < Math.max(deviations * Math.sqrt(variance), leastGrowth * more);
    return isLessThanChance ? 0 : more - less;
  });
  const total = sumOf(grown);
  return total > 0 ? grown.map((each) => each / total) : groups.map((group) => partOf(group.came, sampleCame));
}

function partOf(count: number, of: number): number {
  return of === 0 ? 0 : count / of;
}

function varianceOf(part: number, of: number): number {
  return of === 0 ? 0 : (part * (1 - part)) / of;
}

function sumOf(of: readonly number[]): number {
  return of.reduce((sum, each) => sum + each, 0);
}
