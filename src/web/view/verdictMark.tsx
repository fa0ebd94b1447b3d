import type { VerdictWord } from '../talk/documents.ts';
import { verdictWord } from '../words/verdictWords.ts';

/** The verdict as shape, colour and word: no one of them alone carries it. */
export function VerdictMark({ verdict, detail }: { verdict: VerdictWord; detail?: string }) {
  return (
    <span class={`verdict verdict-${verdict}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <circle cx="6" cy="6" r="4.5" />
      </svg>
      {verdictWord(verdict)}
      {detail === undefined ? null : <span class="verdict-detail"> · {detail}</span>}
    </span>
  );
}
