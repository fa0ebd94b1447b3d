/** Incidents in the words of people. */
import type { IncidentDocument, IncidentRow } from '../talk/documents.ts';

const stateWords: Record<IncidentRow['state'], string> = {
  open: 'Nobody takes care yet',
  acknowledged: 'Taken care of',
  silenced: 'Silenced',
  resolved: 'Over',
  recurred: 'It came back',
};

export function stateWord(state: IncidentRow['state']): string {
  return stateWords[state];
}

const severityWords: Record<IncidentRow['severity'], string> = { info: 'To know', warning: 'Warning', critical: 'Critical' };

export function severityWord(severity: IncidentRow['severity']): string {
  return severityWords[severity];
}

const markWords: Record<IncidentDocument['timeline'][number]['kind'], string> = {
  finding: 'finding',
  stage: 'stage',
  probe: 'service',
  kill: 'killed',
  action: 'action',
  evidence: 'evidence',
  change: 'change',
};

export function markWord(kind: IncidentDocument['timeline'][number]['kind']): string {
  return markWords[kind];
}

export function isOpen({ state }: Pick<IncidentRow, 'state'>): boolean {
  return state !== 'resolved';
}
