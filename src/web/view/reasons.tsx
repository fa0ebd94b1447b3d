/** Why the verdict is what it is, and what speaks against it. */
import type { Reason, Verdict } from '../talk/documents.ts';
import { inert } from '../words/inert.ts';

export function Reasons({ verdict, level }: { verdict: Verdict; level: 3 | 4 }) {
  const side = verdict.verdict === 'leak' || verdict.verdict === 'suspect' ? 'leak' : verdict.verdict;
  const supporting = verdict.reasons.filter((reason) => reason.for === side);
  const opposing = verdict.reasons.filter((reason) => reason.for !== side && reason.for !== 'undecided');
  const open = verdict.reasons.filter((reason) => reason.for === 'undecided' && side !== 'undecided');
  if (verdict.reasons.length === 0) return <p class="small">No reasons yet: there is too little history.</p>;
  return (
    <div class="reasons">
      <ReasonList title={titleOf(verdict.verdict)} reasons={supporting} level={level} kind="for" />
      <ReasonList title="What speaks against it" reasons={opposing} level={level} kind="against" />
      <ReasonList title="Not known yet" reasons={open} level={level} kind="open" />
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

function ReasonList({
  title,
  reasons,
  level,
  kind,
}: {
  title: string;
  reasons: readonly Reason[];
  level: 3 | 4;
  kind: 'for' | 'against' | 'open';
}) {
  if (reasons.length === 0) return null;
  const Heading = level === 3 ? 'h3' : 'h4';
  return (
    <div class={`reason-list reason-${kind}`}>
      <Heading>{title}</Heading>
      <ul>
        {reasons.map((reason) => (
          <li key={reason.rule + reason.text}>
            {inert(reason.text)} <code class="rule">{reason.rule}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}
