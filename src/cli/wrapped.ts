/** Lines of at most `columns`, the first begun with `lead` and the others as far in. What is not printable is escaped. */
import { printable } from './printable.ts';

export function wrapped(text: string, columns: number, lead: string): string[] {
  const lines: string[] = [];
  let row = '';
  for (const word of printable(text).split(' ')) {
    if (row !== '' && lead.length + row.length + 1 + word.length > columns) {
      lines.push(row);
      row = '';
    }
    row += row === '' ? word : ` ${word}`;
  }
  return [...lines, row].map((each, index) => `${index === 0 ? lead : ' '.repeat(lead.length)}${each}`);
}
