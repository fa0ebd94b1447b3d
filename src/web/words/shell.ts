/** A name as one word of a command that somebody copies into a shell. */
import { inert } from './inert.ts';

/** null: it has characters that cannot be told from what they are not; the pid has to do. */
export function shellWord(name: string): string | null {
  if (inert(name) !== name || name === '') return null;
  return /^[\w@:/][\w.@:/-]*$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
