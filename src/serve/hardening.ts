/** `/api/v1/audit`. */
import { audit } from '../advise/audit/audit.ts';
import { readAuditFacts } from '../advise/audit/readAuditFacts.ts';
import type { HardeningDocument } from './schema.ts';

export function hardeningDocument({ nowMs }: { nowMs(): number }): HardeningDocument {
  const { score, checks, notices } = audit(readAuditFacts());
  return { schema: 'stanch.audit/1', time: new Date(nowMs()).toISOString(), score, checks, notices };
}
