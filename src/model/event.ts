/** What happened on the server and belongs on a timeline: told by every stage, gathered into incidents. */
export interface ServerEvent {
  /** Unix, in milliseconds. */
  atMs: number;
  kind: 'finding' | 'stage' | 'probe' | 'kill' | 'action' | 'evidence' | 'change';
  /** What it is about; null for the host. */
  subjectId: string | null;
  severity: 'info' | 'warning' | 'critical';
  /** One sentence, not escaped. */
  text: string;
}
