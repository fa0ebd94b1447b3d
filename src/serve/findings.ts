/** `/api/v1/findings`. */
import type { Finding } from '../model/finding.ts';
import type { FindingDocument, FindingsDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

export function findingsDocument(source: LiveSource, query: { sinceMs?: number; limit: number }): FindingsDocument {
  return {
    schema: 'stanch.findings/1',
    time: new Date(source.nowMs()).toISOString(),
    findings: source.store.findings(query).map(findingPart),
  };
}

export function findingPart(finding: Finding): FindingDocument {
  return {
    id: finding.id,
    subjectId: finding.subjectId,
    subjectName: finding.subjectName,
    state: finding.state,
    stateSince: new Date(finding.stateSinceMs).toISOString(),
    firstSeen: new Date(finding.firstSeenMs).toISOString(),
    lastSeen: new Date(finding.lastSeenMs).toISOString(),
    verdict: finding.verdict,
  };
}
