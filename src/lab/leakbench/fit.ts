/**
 * How much each rule's word counts: logistic regression over glimpses, where the likeliest window speaks for its series, as it does in the
 * detector. No rule loses more than half its say at once, however little the generators ask for it: what they don't ask, machines may. Pure
 * and deterministic.
 */
import type { Glimpse } from './glimpse.ts';

/** Strength of the pull towards where the search began: what the glimpses can't tell stays as it is. */
const ridge = 40;
/** Times the likeliest windows are chosen anew; the choice settles after a few. */
const rounds = 12;
const steps = 400;
/** Share of the trust in force that a fit leaves at least. */
const leastKept = 0.5;

export interface Fit {
  prior: number;
  trust: number[];
  /** Mean negative log-likelihood of a glimpse. */
  loss: number;
}

interface Row {
  opinion: number[];
  leaks: boolean;
  counts: number;
}

/** `start` is where the search begins: the trusts in force. A family counts as the root of its number of series. */
export function fitTrust(glimpses: readonly Glimpse[], start: Omit<Fit, 'loss'>): Fit {
  const counts = evenCounts(glimpses);
  let fit: Fit = { ...start, loss: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round += 1) {
    const rows = glimpses.map(({ leaks, opinions }, i): Row => ({ opinion: likeliest(opinions, fit), leaks, counts: counts[i] ?? 0 }));
    fit = ascend(rows, fit, start);
  }
  return fit;
}

/** A set of many alike series must not outvote the rest, nor a single series speak as loud as a family. */
function evenCounts(glimpses: readonly Glimpse[]): number[] {
  const total = new Map<string, number>();
  for (const { family, counts } of glimpses) total.set(family, (total.get(family) ?? 0) + counts);
  const average = [...total.values()].reduce((sum, count) => sum + count, 0) / Math.max(1, total.size);
  return glimpses.map(({ family, counts }) => counts * Math.sqrt(average / (total.get(family) ?? 1)));
}

function logOdds(opinion: readonly number[], { prior, trust }: Omit<Fit, 'loss'>): number {
  return opinion.reduce((sum, weight, rule) => sum + weight * (trust[rule] ?? 0), prior);
}

function likeliest(opinions: readonly number[][], fit: Fit): number[] {
  return opinions.reduce((best, opinion) => (logOdds(opinion, fit) > logOdds(best, fit) ? opinion : best), opinions[0] ?? []);
}

/** Projected gradient ascent with a step for each coefficient (diagonal of the Hessian's bound). */
function ascend(rows: readonly Row[], from: Fit, start: Omit<Fit, 'loss'>): Fit {
  const trust = [...from.trust];
  let { prior } = from;
  const curvature = trust.map((_, rule) =>
    rows.reduce((sum, { opinion, counts }) => sum + (counts * (opinion[rule] ?? 0) ** 2) / 4, ridge),
  );
  const priorCurvature = rows.reduce((sum, { counts }) => sum + counts / 4, 0);
  const pace = 1 / Math.sqrt(trust.length);
  let loss = 0;
  for (let step = 0; step < steps; step += 1) {
    const slope = new Float64Array(trust.length);
    let priorSlope = 0;
    loss = 0;
    for (const { opinion, leaks, counts } of rows) {
      const odds = logOdds(opinion, { prior, trust });
      const miss = counts * ((leaks ? 1 : 0) - 1 / (1 + Math.exp(-odds)));
      loss += counts * Math.log1p(Math.exp(leaks ? -odds : odds));
      priorSlope += miss;
      for (let rule = 0; rule < slope.length; rule += 1) slope[rule] = (slope[rule] ?? 0) + miss * (opinion[rule] ?? 0);
    }
    prior += (pace * priorSlope) / priorCurvature;
    for (let rule = 0; rule < trust.length; rule += 1) {
      const old = trust[rule] ?? 0;
      const inForce = start.trust[rule] ?? 0;
      const step = (pace * ((slope[rule] ?? 0) - ridge * (old - inForce))) / (curvature[rule] ?? 1);
      trust[rule] = Math.max(leastKept * inForce, old + step);
    }
  }
  return {
    prior,
    trust,
    loss:
      loss /
      Math.max(
        1,
        rows.reduce((sum, { counts }) => sum + counts, 0),
      ),
  };
}
