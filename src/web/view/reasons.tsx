/** Why the verdict is what it is, and what speaks against it. */
import type { Reason, Verdict } from '../talk/documents.ts';
import { inert } from '../words/inert.ts';

/** `brief` leads with the weightiest reasons and folds the rest away; otherwise all are shown with the names of their rules. */
export function Reasons({ verdict, brief }: { verdict: Verdict; brief: boolean }) {
  const side = verdict.verdict === 'leak' || verdict.verdict === 'suspect' ? 'leak' : verdict.verdict;
  const supporting = verdict.reasons.filter((reason) => reason.for === side);
  const opposing = verdict.reasons.filter((reason) => reason.for !== side && reason.for !== 'undecided');
  const open = verdict.reasons.filter((reason) => reason.for === 'undecided' && side !== 'undecided');
  if (verdict.reasons.length === 0) return <p class="small">No reasons yet: there is too little history.</p>;
  return (
    <div class="reasons">
      <ReasonList title={titleOf(verdict.verdict)} reasons={supporting} brief={brief} kind="for" />
      <div>
        <ReasonList title="What speaks against it" reasons={opposing} brief={brief} kind="against" />
        <ReasonList title="Not known yet" reasons={open} brief={brief} kind="open" />
      </div>
    </div>
  );
}

function titleOf(verdict: Verdict['verdict']): string {
  switch (verdict) {
    case 'leak':
      return 'Why it is a leak';
    case 'suspect':
      return 'Why it is suspected';
    case 'no-leak':
      return 'Why it is healthy';
    case 'undecided':
      return 'Why it is too early to say';
  }
}

const briefCount = 4;

interface ListProps {
  title: string;
  reasons: readonly Reason[];
  brief: boolean;
  kind: 'for' | 'against' | 'open';
}

function ReasonList({ title, reasons, brief, kind }: ListProps) {
  if (reasons.length === 0) return null;
  const Heading = brief ? 'h4' : 'h3';
  const folded = brief ? reasons.slice(briefCount) : [];
  return (
    <div class={`reason-list reason-${kind}`}>
      <Heading>{title}</Heading>
      <Items reasons={brief ? reasons.slice(0, briefCount) : reasons} withRule={!brief} />
      {folded.length > 0 && (
        <details>
          <summary>{folded.length === 1 ? '1 more reason' : `${folded.length} more reasons`}</summary>
          <Items reasons={folded} withRule={false} />
        </details>
      )}
    </div>
  );
}

function Items({ reasons, withRule }: { reasons: readonly Reason[]; withRule: boolean }) {
  return (
    <ul>
      {reasons.map((reason) => (
        <li key={reason.rule + reason.text}>
          {asSentence(inert(reason.text))} {withRule && <code class="rule">{reason.rule}</code>}
        </li>
      ))}
    </ul>
  );
}

/** Reasons come as clauses, as a terminal shows them after a dash. */
export function asSentence(clause: string): string {
  return withStop(clause.charAt(0).toUpperCase() + clause.slice(1));
}

/** For what begins with a name, which stays as it is. */
export function withStop(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
