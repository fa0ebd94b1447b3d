/** What the rules of the detector say of a series at several moments, with the truth: what their trust is fitted to. */
import { resources } from '../../detect/resources.ts';
import { rules } from '../../detect/rules/index.ts';
import { createSubjectWatch } from '../../detect/subjectWatch.ts';
import type { BenchCase } from './case.ts';

/** Shares of a series after which it is looked at, and how much a look counts: the whole series is what a verdict is about in the end. */
const looks = [
  { share: 0.15, counts: 0.5 },
  { share: 0.25, counts: 0.5 },
  { share: 0.4, counts: 0.5 },
  { share: 0.55, counts: 1 },
  { share: 0.7, counts: 1 },
  { share: 0.85, counts: 1 },
  { share: 1, counts: 3 },
] as const;

/** A leak that has just begun can't be seen yet: this share of the time from its onset to the end says nothing. */
const unseenShare = 0.12;

export interface Glimpse {
  family: string;
  leaks: boolean;
  counts: number;
  /** For every window that rises, what each rule says, in the order of the rules; 0 where it says nothing. */
  opinions: number[][];
}

export function glimpsesOf(benchCase: BenchCase): Glimpse[] {
  const { samples, label, family, resource } = benchCase;
  const startMs = samples[0]?.timeMs ?? 0;
  const endMs = samples.at(-1)?.timeMs ?? 0;
  if (label === 'ambiguous') return [];
  const fromMs = benchCase.onsetMs ?? startMs;
  const seenMs = fromMs + unseenShare * (endMs - fromMs);
  const context = resources.find((judged) => judged.resource === resource);
  const due = looks.map(({ share, counts }) => ({ timeMs: startMs + share * (endMs - startMs), counts }));
  const watch = createSubjectWatch(benchCase.id);
  const glimpses: Glimpse[] = [];
  for (const sample of samples) {
    watch.push(sample);
    for (let look = due[0]; look !== undefined && sample.timeMs >= look.timeMs; look = due[0]) {
      due.shift();
      if (label === 'leak' && sample.timeMs < seenMs) continue;
      const evidence = watch.evidenceOn(resource);
      if (context === undefined || evidence.length === 0) continue;
      const opinions = evidence.map((e) => rules.map(({ rule }) => rule.weigh(e, context) ?? 0));
      glimpses.push({ family, leaks: label === 'leak', counts: look.counts, opinions });
    }
  }
  return glimpses;
}
