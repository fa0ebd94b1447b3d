/** `/api/v1/evidence`: what was found out about processes, what finding out more would cost, beginning and ending it. */
import { headroomFactor } from '../explain/cost.ts';
import { type ExportFormat, exportEvidence } from '../explain/export/exportEvidence.ts';
import type { Means } from '../explain/means.ts';
import { StanchError } from '../model/errors.ts';
import type { Evidence, EvidenceSubject } from '../model/evidence.ts';
import type { Scan } from '../sample/scan.ts';
import { findTarget } from '../stabilise/target.ts';
import { HttpProblem } from './problem.ts';
import type { EvidenceListDocument, EvidencePlanDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

/** `subject`: only what is about it, or about a process of it. */
export function evidenceDocument(source: LiveSource, { limit, subject }: { limit: number; subject?: string }): EvidenceListDocument {
  return {
    schema: 'stanch.evidence-list/1',
    time: new Date(source.nowMs()).toISOString(),
    job: source.explainer.job(),
    evidence: source.explainer.evidence(limit, subject === undefined ? undefined : isAbout(source.scan(), subject)),
  };
}

function isAbout(scan: Scan, wanted: string): (subjectId: string | null) => boolean {
  const members = scan.workloads.find(({ subject }) => subject.id === wanted)?.memberIds ?? [];
  return (subjectId) => subjectId !== null && (subjectId === wanted || members.includes(subjectId));
}

export function oneEvidence(source: LiveSource, id: string): Evidence & Record<string, unknown> {
  const evidence = source.explainer.get(id);
  if (evidence !== null) return { ...evidence };
  throw new HttpProblem(404, 'STANCH_E_NO_INPUT', {
    expected: 'the id of evidence that is kept',
    found: JSON.stringify(id.slice(0, 80)),
    next: 'GET /api/v1/evidence',
  });
}

/** To be opened with another tool. */
export function exportedEvidence(source: LiveSource, id: string, format: ExportFormat): string | Buffer {
  return exportEvidence(oneEvidence(source, id), format);
}

export function evidencePlan(source: LiveSource, wanted: string, means: Means): EvidencePlanDocument {
  const { subject, pool, estimate, does, headroom, allowed } = asked(() =>
    source.explainer.plan(evidenceSubject(source.scan(), wanted), means),
  );
  return {
    schema: 'stanch.evidence-plan/1',
    time: new Date(source.nowMs()).toISOString(),
    subject,
    means,
    pool,
    estimate,
    does,
    allowed,
    headroom: headroom === null ? null : { ...headroom, neededBytes: headroomFactor * estimate.rssBytes },
  };
}

/** How far it is, is in the list. */
export function beginEvidence(
  source: LiveSource,
  { subject, means }: { subject: string; means: Means },
  { by, address }: { by: string; address: string },
): EvidenceListDocument {
  source.audit.write({ atMs: source.nowMs(), by, address, action: 'evidence.begin', subject, detail: means });
  asked(() => source.explainer.begin(evidenceSubject(source.scan(), subject), means));
  return evidenceDocument(source, { limit: 1 });
}

export function cancelEvidence(source: LiveSource, { by, address }: { by: string; address: string }): EvidenceListDocument {
  const subject = source.explainer.job()?.subject.name ?? '';
  if (!source.explainer.cancel()) {
    throw new HttpProblem(409, 'STANCH_E_GONE', {
      expected: 'an explanation that runs',
      found: 'none',
      next: 'GET /api/v1/evidence has what was found.',
    });
  }
  source.audit.write({ atMs: source.nowMs(), by, address, action: 'evidence.cancel', subject, detail: '' });
  return evidenceDocument(source, { limit: 1 });
}

/** What stanch refuses is the answer, and no fault of the server. */
function asked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StanchError)) throw error;
    throw new HttpProblem(error.code === 'STANCH_E_NO_SUBJECT' ? 404 : 409, error.code, error);
  }
}

/** The process of that id, or the largest of the workload. Errors: STANCH_E_NO_SUBJECT. */
export function evidenceSubject(scan: Scan, wanted: string): EvidenceSubject {
  const process = scan.processes.find(({ subject }) => subject.id === wanted);
  if (process !== undefined) {
    return { pid: process.id.pid, startTimeTicks: process.id.startTimeTicks, subjectId: wanted, name: process.subject.name };
  }
  const { subject, processes } = findTarget(scan, wanted, null);
  const [largest] = processes;
  if (largest !== undefined)
    return { pid: largest.id.pid, startTimeTicks: largest.id.startTimeTicks, subjectId: subject.id, name: subject.name };
  throw new StanchError('STANCH_E_NO_SUBJECT', { expected: 'a workload that runs', found: 'one without a process', next: 'stanch top' });
}
