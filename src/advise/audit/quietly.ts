/** For what may not be there and then says nothing: a file or link that cannot be read is null. */
import { readlinkSync } from 'node:fs';
import { missingFor, readText } from '../../kernel/read.ts';
import { isValue } from '../../model/reading.ts';

export function textOf(path: string, maxBytes = 1 << 16): string | null {
  const text = readText(path, maxBytes);
  return isValue(text) ? text : null;
}

export function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch (error) {
    missingFor(error);
    return null;
  }
}
