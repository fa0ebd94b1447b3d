import type { Reason, Resource, ResourceVerdict } from '../model/verdict.ts';

export const tooFewSamples: Reason = { rule: 'enough-samples', for: 'undecided', text: 'too few samples so far' };

/** The verdict where nothing can be judged yet, or nothing is. */
export function undecidedVerdict(resource: Resource, why: Reason): ResourceVerdict {
  return {
    resource,
    verdict: 'undecided',
    class: 'unknown',
    probability: 0,
    onset: null,
    detectedAt: null,
    slope: null,
    exhaustion: null,
    urgency: { level: 'none', text: 'nothing to do' },
    reasons: [why],
  };
}
