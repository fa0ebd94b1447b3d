/** How long a service of this server takes to answer, asked from inside it. */
export const probeKinds = ['ssh', 'http', 'ftp', 'tcp'] as const;
export type ProbeKind = (typeof probeKinds)[number];

export interface ProbeTarget {
  kind: ProbeKind;
  host: string;
  port: number;
  /** Of http; else empty. */
  path: string;
  /** Named in the configuration, not found listening. */
  isConfigured: boolean;
}

export interface ProbeResult {
  atMs: number;
  /** Until the greeting or the first line of the answer; of `tcp` until the connection stood. Null: there was none. */
  latencyMs: number | null;
  /** Why there was none, or why it does not count as one: `refused`, `no answer within 10 s`, `answered 502`. */
  failure: string | null;
}

/** What is usual for it, from answers while the host was well. */
export interface ProbeRange {
  lowMs: number;
  medianMs: number;
  highMs: number;
}

export interface ProbeState {
  /** `ssh`, `http 127.0.0.1:8080/health`: short where there is one of its kind at the usual port. */
  name: string;
  target: ProbeTarget;
  state: 'learning' | 'healthy' | 'slow' | 'failing';
  sinceMs: number;
  latest: ProbeResult | null;
  /** The slowest answer or the failure among the last few that were not as usual; null: all were. */
  worst: ProbeResult | null;
  /** How long the one that is on the way has been waiting; null: none is. */
  waitingMs: number | null;
  range: ProbeRange | null;
  /** What takes longer is slow. */
  slowAboveMs: number;
}

/** Small packets to oneself over loopback: what the network of the machine itself does. */
export interface LoopbackState {
  atMs: number;
  sent: number;
  lost: number;
  /** The shortest: the network delays all of them, a machine that is busy only some. Null where all were lost. */
  roundTripMs: number | null;
}
