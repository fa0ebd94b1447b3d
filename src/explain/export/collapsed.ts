/** Collapsed stacks, as flame graphs take them: `root;holder;type 123`, in bytes a second. */
import type { Evidence } from '../../model/evidence.ts';
import { stacksOf } from './stacks.ts';

export function collapsed(evidence: Evidence): string {
  const lines = stacksOf(evidence).map(({ frames, bytesPerSecond }) => `${frames.map(frameText).join(';')} ${bytesPerSecond}\n`);
  return lines.join('');
}

/** What separates frames and lines may stand in no name. */
function frameText(name: string): string {
  return name.replace(/;/g, ':').replace(/\p{Cc}/gu, ' ');
}
