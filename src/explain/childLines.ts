/** What the child and who started it say to each other: one JSON document a line. */
import type { ErrorCode, ErrorParts } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';

export type ChildLine =
  | { kind: 'progress'; done: number; says: string | null }
  | { kind: 'evidence'; evidence: Evidence }
  | { kind: 'error'; code: ErrorCode; parts: Pick<ErrorParts, 'expected' | 'found' | 'next'> };
