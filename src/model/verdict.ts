export type VerdictWord = 'leak' | 'suspect' | 'no-leak' | 'undecided';

export type VerdictClass =
  | 'leak'
  | 'restart-masked-leak'
  | 'warm-up'
  | 'bounded-cache'
  | 'load'
  | 'gc-sawtooth'
  | 'allocator-retention'
  | 'step'
  | 'slowing'
  | 'flat'
  | 'unknown';

export type Resource = 'memory' | 'shmem' | 'fds' | 'sockets' | 'threads' | 'processes' | 'kernel';

/** One rule's word on a verdict, with the numbers, as an admin would read it. */
export interface Reason {
  /** Stable name of the rule: `floor-rises`, `not-load`. */
  rule: string;
  for: 'leak' | 'no-leak' | 'undecided';
  text: string;
}

export interface Slope {
  perHour: number;
  low: number;
  high: number;
  unit: 'bytes' | 'count';
}

/** When headroom ends. `low` is the earliest and `high` the latest moment of the interval; `high` is null when it may never end. */
export interface Exhaustion {
  at: string;
  low: string;
  high: string | null;
  /** What is run into: `limit_bytes`, `host_memory`, `rlimit_nofile`. */
  wall: string;
}

/** How soon it matters; decides who is woken and never what the verdict is. */
export interface Urgency {
  level: 'none' | 'watch' | 'soon' | 'now';
  text: string;
}

/** The verdict on one resource of one subject. Moments are RFC 3339 in UTC. */
export interface ResourceVerdict {
  resource: Resource;
  verdict: VerdictWord;
  class: VerdictClass;
  /** Calibrated probability that it leaks, 0 to 1. */
  probability: number;
  onset: string | null;
  /** When the present verdict would have been reached live. */
  detectedAt: string | null;
  slope: Slope | null;
  exhaustion: Exhaustion | null;
  urgency: Urgency;
  reasons: Reason[];
}

/** A subject's worst resource on top, every resource judged in `resources`. */
export interface SubjectVerdict extends ResourceVerdict {
  subject: string;
  resources: ResourceVerdict[];
}
