/** What shares one cause: findings, thresholds, stages, probes and kills, with a timeline and what people said of it. */
import type { ServerEvent } from './event.ts';
import type { ResourceVerdict } from './verdict.ts';

export type Severity = ServerEvent['severity'];

/** `recurred` is open again after it was resolved. */
export const incidentStates = ['open', 'acknowledged', 'silenced', 'resolved', 'recurred'] as const;
type IncidentState = (typeof incidentStates)[number];

export interface IncidentNote {
  atMs: number;
  by: string;
  text: string;
}

/** Something that stands as long as it is told, beside the verdicts: a threshold that is crossed, a stage of the server. */
export interface Concern {
  /** Stable: `stage`, `threshold-memory`. */
  key: string;
  /** Null: the host. */
  subjectId: string | null;
  subjectName: string;
  severity: Severity;
  sinceMs: number;
  /** One sentence without its end: `memory is 96 % full`. */
  text: string;
}

/** What starting it anew did to the leak. */
export interface IncidentFix {
  restartMs: number;
  word: 'gone' | 'slower' | 'same';
  sinceMs: number;
  /** What was changed before the restart; null: nothing that is known of. Then it neither closes nor opens anything. */
  newBuild: string | null;
  /** `the leak is still there, 97 % sure: 20 MiB/h after 21 MiB/h`. */
  text: string;
}

/** Moments in ms since the epoch; names and texts not escaped. */
export interface Incident {
  id: string;
  /** Who causes it; null while only the host's trouble is known. */
  subjectId: string | null;
  subjectName: string;
  state: IncidentState;
  stateSinceMs: number;
  severity: Severity;
  openedMs: number;
  /** When anything of it was last seen. */
  lastSeenMs: number;
  silencedUntilMs: number | null;
  owner: string | null;
  notes: IncidentNote[];
  /** The gravest verdict, as last seen; null: thresholds, stages and kills alone. */
  verdict: ResourceVerdict | null;
  /** What stands of it beside verdicts. */
  concerns: Concern[];
  findingIds: string[];
  /** As of the latest restart of which anything can be said. */
  fix: IncidentFix | null;
  /** In order of time. The first and the latest are kept. */
  timeline: ServerEvent[];
  droppedEvents: number;
  recurrences: number;
}

/** Whether it still wants somebody. */
export function isOpen({ state }: Pick<Incident, 'state'>): boolean {
  return state !== 'resolved';
}
