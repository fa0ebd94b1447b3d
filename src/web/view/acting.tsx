/** What can be done to a workload, in place: planned, read, agreed to, followed and taken back without leaving what one looks at. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem, tell } from '../talk/api.ts';
import type { ActionPlan, ActionsDocument, Proposal, SubjectRow } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { inert } from '../words/inert.ts';
import { shellWord } from '../words/shell.ts';
import { Command } from './command.tsx';
import { Done, PlanWords } from './doneAction.tsx';
import { problemWords } from './problemWords.ts';

type Kind = ActionPlan['kind'];

const everyMs = 3000;
const mostDone = 10;

const kinds: Record<Exclude<Kind, 'limit'>, { verb: string; says: string }> = {
  restart: { verb: 'Restart', says: 'Gives back what it holds. It answers nobody for a moment; a leak begins anew.' },
  recycle: { verb: 'Recycle workers', says: 'One worker after the other ends when its request is done. Nobody waits.' },
  throttle: { verb: 'Slow down', says: 'From a soft limit on it is slowed, at a hard one it ends: the rest of the server is spared.' },
  protect: { verb: 'Protect', says: 'When memory ends, the kernel takes others first. For what must stay up.' },
  isolate: { verb: 'Freeze', says: 'It stands still with its memory as it is: no more growth, and no answers.' },
  kill: { verb: 'End it', says: 'The last resort: its processes are ended, at once if they do not go.' },
};
const usual = ['restart', 'recycle', 'throttle'] as const;
const rare = ['protect', 'isolate', 'kill'] as const;

export function Acting({ subject, actions }: { subject: SubjectRow; actions: KnownActions }) {
  const acting = useActing(subject.id, actions);
  const word = shellWord(subject.name);
  return (
    <section aria-labelledby="acting" class="panel acting">
      <div class="panel-head">
        <h2 id="acting" tabIndex={-1}>
          What can be done now
        </h2>
      </div>
      <p class="acting-lead">Nothing happens before you have read the plan and agreed. It is written down who did what.</p>
      <Ways kinds={usual} onPlan={acting.plan} />
      <details class="acting-rare">
        <summary>More ways: protect, freeze, end</summary>
        <Ways kinds={rare} onPlan={acting.plan} />
      </details>
      <Outcome acting={acting} />
      {word !== null && (
        <details>
          <summary>The same from a terminal</summary>
          <Command text={`sudo stanch do restart ${word}`} />
        </details>
      )}
    </section>
  );
}

/** For a card with little room: one way, and what came of it. */
export function PlanRestart({ subjectId, actions }: { subjectId: string; actions: KnownActions }) {
  const acting = useActing(subjectId, actions);
  return (
    <div class="plan-restart">
      {acting.proposals.length === 0 && (
        <p class="buttons">
          <button type="button" onClick={() => void acting.plan('restart')}>
            Plan a restart
          </button>
        </p>
      )}
      <Outcome acting={acting} />
    </div>
  );
}

function Ways({ kinds: offered, onPlan }: { kinds: readonly (keyof typeof kinds)[]; onPlan: (kind: Kind) => void }) {
  return (
    <ul class="ways">
      {offered.map((kind) => (
        <li key={kind}>
          <button type="button" onClick={() => onPlan(kind)}>
            {kinds[kind].verb} …
          </button>
          <span>{kinds[kind].says}</span>
        </li>
      ))}
    </ul>
  );
}

/** Plans that wait, the word of what was pressed last, and what was done. */
function Outcome({ acting }: { acting: ReturnType<typeof useActing> }) {
  const { proposals, actions, said, heldBack } = acting;
  return (
    <>
      {proposals.map((proposal) => (
        <Waiting key={proposal.id} proposal={proposal} heldBack={heldBack === proposal.id} acting={acting} />
      ))}
      <p role="status" class="acting-said">
        {said}
      </p>
      {actions.length > 0 && (
        <ul class="incidents" aria-label="Done to it so far">
          {actions.map((action) => (
            <Done key={action.id} action={action} onUndo={() => void acting.undo(action.id)} />
          ))}
        </ul>
      )}
    </>
  );
}

interface WaitingProps {
  proposal: Proposal;
  /** It was agreed to and refused: it did not help lately, or the owner does not want it touched. */
  heldBack: boolean;
  acting: ReturnType<typeof useActing>;
}

function Waiting({ proposal: { id, plan }, heldBack, acting }: WaitingProps) {
  const article = useRef<HTMLElement>(null);
  const isNew = acting.planned === id;
  // Whoever pressed the button is told what is to be done next, and hears the plan.
  useEffect(() => {
    if (isNew) article.current?.focus();
  }, [isNew]);
  return (
    <article class="plan plan-here" aria-label={`Plan: ${plan.kind} ${inert(plan.subjectName)}`} tabIndex={-1} ref={article}>
      <PlanWords plan={plan} />
      <p class="buttons">
        <button type="button" class="primary" onClick={() => void acting.agree(id, heldBack)}>
          {heldBack ? 'Do it all the same' : 'Do it'}
        </button>
        <button type="button" onClick={() => acting.leave(id)}>
          Not now
        </button>
      </p>
    </article>
  );
}

interface KnownActions {
  found: ActionsDocument | null;
  refresh(): void;
}

/** Of all workloads, so that a view with many of them asks once. */
export function useActions(): KnownActions {
  const [turn, setTurn] = useState(0);
  const { document: found } = useDocument<ActionsDocument>(`actions?${turn}`, () => 'actions?limit=200', everyMs);
  return { found, refresh: () => setTurn((before) => before + 1) };
}

function useActing(subjectId: string, { found, refresh }: KnownActions) {
  const [planned, setPlanned] = useState<Proposal | null>(null);
  const [left, setLeft] = useState<readonly string[]>([]);
  const [said, setSaid] = useState('');
  const [heldBack, setHeldBack] = useState<string | null>(null);

  const attempt = async (work: () => Promise<string>) => {
    try {
      setSaid(await work());
      refresh();
    } catch (cause) {
      setSaid(problemWords(cause));
    }
  };
  return {
    proposals: latestOfEach([...(found?.proposals ?? []), ...(planned === null ? [] : [planned])], subjectId, left),
    actions: (found?.actions ?? []).filter(({ plan }) => plan.subjectId === subjectId).slice(0, mostDone),
    planned: planned?.id ?? null,
    said,
    heldBack,
    plan: (kind: Kind) =>
      attempt(async () => {
        setPlanned(await tell<Proposal>('actions/plan', { kind, subject: subjectId }));
        return '';
      }),
    agree: (id: string, again: boolean) =>
      attempt(async () => {
        try {
          await tell<{ id: string }>(`actions/${encodeURIComponent(id)}/agree`, { by: 'page', ...(again ? { again } : {}) });
        } catch (cause) {
          if (isHeldBack(cause)) setHeldBack(id);
          throw cause;
        }
        setLeft((before) => [...before, id]);
        return 'Begun.';
      }),
    undo: (id: string) =>
      attempt(async () => {
        await tell<{ id: string }>(`actions/${encodeURIComponent(id)}/undo`, { by: 'page' });
        return 'It is being taken back.';
      }),
    leave: (id: string) => {
      setLeft([...left, id]);
      setSaid('Nothing was done.');
    },
  };
}

function isHeldBack(cause: unknown): boolean {
  return cause instanceof ApiProblem && cause.problem.kind === 'refused' && cause.problem.error?.code === 'STANCH_E_POLICY';
}

/** Of several plans of the same kind the last: the others were made before it. */
function latestOfEach(proposals: readonly Proposal[], subjectId: string, left: readonly string[]): Proposal[] {
  const wanted = proposals.filter(({ id, plan }) => plan.subjectId === subjectId && !left.includes(id));
  return [...new Map(wanted.map((proposal) => [proposal.plan.kind, proposal])).values()];
}
