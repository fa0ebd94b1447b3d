/** Filter, order and page of the table of workloads: pure, over thousands of rows. */
import type { SubjectRow } from '../talk/documents.ts';
import { originWord, verdictWord } from '../words/verdictWords.ts';
import type { Column } from './columns.tsx';

export type Direction = 'ascending' | 'descending';

const collator = new Intl.Collator('en', { numeric: true });

/** Every word must occur in name, user, account, domain, origin or verdict, as the page shows them. */
export function matching(rows: readonly SubjectRow[], filter: string): readonly SubjectRow[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const origin = row.origin === null ? '' : originWord(row.origin);
    const shown = [row.name, row.user, row.account, row.domain, origin, verdictWord(row.verdict.verdict)];
    const text = shown.join('\n').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function ordered(rows: readonly SubjectRow[], column: Pick<Column, 'sortValue'>, direction: Direction): SubjectRow[] {
  const sign = direction === 'ascending' ? 1 : -1;
  return rows
    .map((row) => ({ row, value: column.sortValue(row) }))
    .sort((one, other) => {
      if (one.value === null || other.value === null)
        return Number(one.value === null) - Number(other.value === null) || byMemory(one.row, other.row);
      return sign * compare(one.value, other.value) || byMemory(one.row, other.row);
    })
    .map(({ row }) => row);
}

function compare(one: string | number, other: string | number): number {
  return typeof one === 'number' && typeof other === 'number' ? one - other : collator.compare(String(one), String(other));
}

function byMemory(one: SubjectRow, other: SubjectRow): number {
  return (other.privateBytes ?? -1) - (one.privateBytes ?? -1) || collator.compare(one.name, other.name);
}
