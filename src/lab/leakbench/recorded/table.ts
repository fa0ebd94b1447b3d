import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export type Row = Record<string, string>;

/** Reads a recorded table, packed with gzip or not. */
export function readTable(path: string): Row[] {
  const bytes = readFileSync(path);
  return parseTable((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
}

/** Plain CSV as the recordings have it: a header, commas, no quotes. Short rows are left out. */
function parseTable(text: string): Row[] {
  const [head, ...lines] = text.split('\n').map((line) => line.trimEnd());
  const names = (head ?? '').split(',');
  return lines.flatMap((line) => {
    const cells = line.split(',');
    if (cells.length < names.length) return [];
    return [Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']))];
  });
}

/** A cell as a number; NaN when it is empty or missing. */
export function numberIn(row: Row, column: string): number {
  const cell = row[column];
  return cell === undefined || cell === '' ? Number.NaN : Number(cell);
}

/** `2024-05-05 00:01:00`, `2024/05/05 00:01`, `2024-04-26 12:43:30.260145` or `17-08-2023 01:42:37`, taken as UTC; NaN when none of them. */
export function timeIn(row: Row, column: string): number {
  const text = (row[column] ?? '').replaceAll('/', '-').replace(/^(\d\d)-(\d\d)-(\d{4})/, '$3-$2-$1');
  const [date = '', time = ''] = text.split(' ');
  return Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time.slice(0, 12)}Z`);
}
