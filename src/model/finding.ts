import type { ResourceVerdict } from './verdict.ts';

type FindingState = 'suspect' | 'confirmed' | 'resolved' | 'recurred';

/** A verdict that lasted long enough to be told. One for each subject and resource at a time. */
export interface Finding {
  id: string;
  subjectId: string;
  subjectName: string;
  state: FindingState;
  /** When the state was entered, ms since the epoch. */
  stateSinceMs: number;
  firstSeenMs: number;
  lastSeenMs: number;
  verdict: ResourceVerdict;
}
