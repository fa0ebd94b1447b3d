/** `/api/v1/audit`, and what `stanch audit --json` prints. */
import type { Audit } from '../advise/audit/audit.ts';
import type { HardeningDocument } from './schema.ts';

export function hardeningDocument({ score, checks, notices }: Audit, nowMs: number): HardeningDocument {
  return { schema: 'stanch.audit/1', time: new Date(nowMs).toISOString(), score, checks, notices };
}
