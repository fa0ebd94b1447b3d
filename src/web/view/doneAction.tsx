/** A plan, and what became of one, in words: on the list of actions and beside the workload. */
import type { Action, ActionPlan } from '../talk/documents.ts';
import { inert } from '../words/inert.ts';
import { Moment } from './moment.tsx';

export function PlanWords({ plan }: { plan: ActionPlan }) {
  return (
    <>
      <h3>
        {plan.kind} {inert(plan.subjectName)}
      </h3>
      <p>{inert(plan.reason)}</p>
      <ol class="plan-steps">
        {plan.steps.map((step) => (
          <li key={step}>{inert(step)}</li>
        ))}
      </ol>
      {plan.risk !== null && (
        <p>
          <strong>Risk:</strong> {inert(plan.risk)}
        </p>
      )}
      <p class="small">{plan.undoable ? 'All of it can be taken back.' : 'There is no way back.'}</p>
    </>
  );
}

const stateWords: Record<Action['state'], string> = {
  running: 'under way',
  done: 'done',
  failed: 'failed',
  undone: 'taken back',
  interrupted: 'interrupted',
};

export function Done({ action, onUndo }: { action: Action; onUndo: () => void }) {
  const { plan, state, proof, error, stepsDone } = action;
  return (
    <li class={state === 'failed' || state === 'interrupted' ? 'incident-critical' : ''}>
      <strong>
        {plan.kind} {inert(plan.subjectName)}
      </strong>
      : {stateWords[state]}
      {state === 'running' && plan.steps.length > 1 && `, ${stepsDone} of ${plan.steps.length} steps`}
      <p class="small">
        <Moment at={action.time} />, by {inert(action.by)}
      </p>
      {error !== null && <p>{inert(error)}</p>}
      {state === 'done' && plan.expectedBytes !== null && proof === null && <p class="small">Measuring whether it helped …</p>}
      {proof !== null && plan.expectedBytes !== null && (
        <p>
          {proof.helped ? 'It helped: ' : 'It did not help: '}
          {inert(proof.sentence)}
        </p>
      )}
      {state === 'done' && plan.undoable && (
        <button type="button" onClick={onUndo}>
          Take it back
        </button>
      )}
    </li>
  );
}
