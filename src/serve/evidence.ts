/** `/api/v1/evidence`: what was found out about processes, and beginning to find out more. */
import { StanchError } from '../model/errors.ts';
import type { EvidenceSubject } from '../model/evidence.ts';
import type { Scan } from '../sample/scan.ts';
import { findTarget } from '../stabilise/target.ts';
import { HttpProblem } from './problem.ts';
import type { EvidenceListDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

export function evidenceDocument(source: LiveSource, limit: number): EvidenceListDocument {
  return {
    schema: 'stanch.evidence-list/1',
    time: new Date(source.nowMs()).toISOString(),
    job: source.explainer.job(),
    evidence: source.explainer.evidence().slice(0, limit),
  };
}

export function oneEvidence(source: LiveSource, id: string): EvidenceListDocument['evidence'][number] & Record<string, unknown> {
  const evidence = source.explainer.get(id);
  if (evidence !== null) return { ...evidence };
  throw new HttpProblem(404, 'STANCH_E_NO_INPUT', {
    expected: 'the id of evidence that is kept',
    found: JSON.stringify(id.slice(0, 80)),
    next: 'GET /api/v1/evidence',
  });
}

/** How far it is, is in the list. */
export function beginEvidence(source: LiveSource, wanted: string, { by, address }: { by: string; address: string }): EvidenceListDocument {
  source.audit.write({ atMs: source.nowMs(), by, address, action: 'evidence.begin', subject: wanted, detail: '' });
  try {
    source.explainer.begin(evidenceSubject(source.scan(), wanted));
  } catch (error) {
    if (!(error instanceof StanchError)) throw error;
    throw new HttpProblem(error.code === 'STANCH_E_NO_SUBJECT' ? 404 : 409, error.code, error);
  }
  return evidenceDocument(source, 1);
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
