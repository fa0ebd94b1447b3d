/** Incidents as bars over time, those of one culprit in one row. Pure. */
import type { IncidentRow } from '../talk/documents.ts';
import { isOpen } from '../words/incidentWords.ts';

export interface IncidentBar {
  id: string;
  title: string;
  severity: IncidentRow['severity'];
  isOpen: boolean;
  fromMs: number;
  toMs: number;
}

const mostRows = 12;

/** Rows with the latest trouble first. `more`: how many there are beside these. */
export function incidentBars(
  incidents: readonly IncidentRow[],
  fromMs: number,
  toMs: number,
): { rows: { name: string; bars: IncidentBar[] }[]; more: number } {
  const rows = new Map<string, { name: string; bars: IncidentBar[] }>();
  for (const incident of incidents) {
    const { id, title, severity, subjectId, subjectName, opened, stateSince } = incident;
    const open = isOpen(incident);
    const bar = { id, title, severity, isOpen: open, fromMs: Date.parse(opened), toMs: open ? toMs : Date.parse(stateSince) };
    if (bar.toMs < fromMs || bar.fromMs > toMs) continue;
    const key = subjectId ?? '';
    const row = rows.get(key) ?? { name: subjectName, bars: [] };
    row.bars.push(bar);
    rows.set(key, row);
  }
  const latest = (row: { bars: IncidentBar[] }) => Math.max(...row.bars.map((bar) => bar.toMs));
  const sorted = [...rows.values()].sort((one, other) => latest(other) - latest(one));
  return { rows: sorted.slice(0, mostRows), more: Math.max(0, sorted.length - mostRows) };
}
