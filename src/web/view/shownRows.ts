/** What the list showed last, by id: a workload that is opened from there shows at once what is known of it. */
import type { WorkloadRow } from '../talk/documents.ts';

let shown: readonly WorkloadRow[] = [];

export function showRows(rows: readonly WorkloadRow[]): void {
  shown = rows;
}

export function shownRow(id: string): WorkloadRow | null {
  return shown.find((row) => row.id === id) ?? null;
}
