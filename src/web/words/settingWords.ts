/** Where a setting comes from, in words. */
import type { SettingsDocument } from '../talk/documents.ts';

export type Setting = SettingsDocument['settings'][number];

export function originWords({ from, line, flag, waits }: Setting): string {
  const wait = waits ? '; the file says otherwise, from the next restart on' : '';
  switch (from) {
    case 'file':
      return `line ${line ?? '?'} of the file${wait}`;
    case 'flag':
      return `${flag ?? 'a flag'} of the command line${wait}`;
    case 'program':
      return 'given by the program';
    case 'default':
      return `default${wait}`;
  }
}
