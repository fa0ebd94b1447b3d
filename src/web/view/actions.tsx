/** What was done to this server, what waits for somebody to agree, and the way back. */
import { useState } from 'preact/hooks';
import { tell } from '../talk/api.ts';
import type { ActionsDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { inert } from '../words/inert.ts';
import { Done, PlanWords } from './doneAction.tsx';
import { Moment } from './moment.tsx';
import { problemWords } from './problemWords.ts';

const everyMs = 3000;

export function Actions() {
  const { document: found } = useDocument<ActionsDocument>('actions', () => 'actions?limit=200', everyMs);
  const [said, setSaid] = useState('');
  if (found === null) return <p class="alone waiting">Loading the actions …</p>;
  const send = async (path: string) => {
    try {
      await tell<{ id: string }>(path, { by: 'page' });
      setSaid('Begun. It is in the list in a moment.');
    } catch (cause) {
      setSaid(problemWords(cause));
    }
  };
  return (
    <>
      <header class="subject">
        <h1>{found.actions.length === 0 ? 'Nothing was done to this server' : 'What was done to this server'}</h1>
        <p class="subject-line">stanch only watches unless its owner says otherwise: [policy] in the configuration.</p>
      </header>
      <p role="status">{said}</p>
      {found.proposals.length > 0 && (
        <section aria-labelledby="proposals">
          <h2 id="proposals">Planned, and not done</h2>
          {found.proposals.map(({ id, plan, time }) => (
            <article key={id} class="panel plan" aria-label={`${plan.kind} ${inert(plan.subjectName)}`}>
              <PlanWords plan={plan} />
              <p class="small">
                Planned <Moment at={time} />
              </p>
              <button type="button" onClick={() => void send(`actions/${encodeURIComponent(id)}/agree`)}>
                Do it
              </button>
            </article>
          ))}
        </section>
      )}
      {found.actions.length > 0 && (
        <section aria-labelledby="done">
          <h2 id="done">Done</h2>
          <ul class="incidents">
            {found.actions.map((action) => (
              <Done key={action.id} action={action} onUndo={() => void send(`actions/${encodeURIComponent(action.id)}/undo`)} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
