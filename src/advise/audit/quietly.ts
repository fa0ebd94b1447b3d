/** For what may not be there and then says nothing: a file that cannot be read is null. */
import { readText } from '../../kernel/read.ts';
import { isValue } from '../../model/reading.ts';

export function textOf(path: string, maxBytes = 1 << 16): string | null {
  const text = readText(path, maxBytes);
  return isValue(text) ? text : null;
}
