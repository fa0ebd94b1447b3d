/** `/api/v1/actions`: what was done and is proposed; plans are made, agreed to and taken back here. */
import type { Action, ActionKind, ActionPlan } from '../model/action.ts';
import { StanchError } from '../model/errors.ts';
import type { Proposal } from '../stabilise/guardian.ts';
import { advisedPlan } from './advice.ts';
import { HttpProblem } from './problem.ts';
import type { ActionsDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

interface Who {
  by: string;
  address: string;
}

export function actionsDocument(source: LiveSource, limit: number): ActionsDocument {
  return {
    schema: 'stanch.actions/1',
    time: timeOf(source.nowMs()),
    actions: source.guardian.actions().slice(-limit).reverse().map(actionPart),
    proposals: source.guardian.proposals().map(proposalPart),
  };
}

/** Plans, and changes nothing. */
export function planAction(
  source: LiveSource,
  wanted: { kind: ActionKind; subject: string; highBytes: number | null; maxBytes: number | null },
): ActionsDocument['proposals'][number] & Record<string, unknown> {
  return proposalPart(asked(() => source.guardian.propose(wanted.kind, wanted.subject, wanted)));
}

/** Advice as a plan, with its way back; and changes nothing. */
export function planAdvice(
  source: LiveSource,
  wanted: { subject: string; id: string; requestsPerHour: number | null },
): ActionsDocument['proposals'][number] & Record<string, unknown> {
  const plan = advisedPlan(source, wanted);
  if (plan !== null) return proposalPart(asked(() => source.guardian.keepPlan(plan)));
  throw new HttpProblem(404, 'STANCH_E_NO_INPUT', {
    expected: 'the id of a workload that runs, and of advice on it that is the change of a file',
    found: JSON.stringify(`${wanted.subject.slice(0, 80)} ${wanted.id.slice(0, 80)}`),
    next: 'GET /api/v1/advice',
  });
}

function proposalPart({ id, atMs, state, plan }: Proposal): ActionsDocument['proposals'][number] {
  return { id, time: timeOf(atMs), state, plan: planPart(plan) };
}

/** Begins what was planned; how it goes on is in the list of actions. */
export function agreeTo(source: LiveSource, id: string, again: boolean, { by, address }: Who): { id: string } {
  source.audit.write({ atMs: source.nowMs(), by, address, action: 'action.agree', subject: id, detail: again ? 'again' : '' });
  return { id: asked(() => source.guardian.agree(id, by, again)) };
}

/** Takes an action back; whether it worked is in the list of actions. */
export function undoAction(source: LiveSource, id: string, { by, address }: Who): { id: string } {
  if (!source.guardian.actions().some((action) => action.id === id)) {
    throw new HttpProblem(404, 'STANCH_E_NO_ACTION', {
      expected: 'the id of an action',
      found: JSON.stringify(id.slice(0, 80)),
      next: 'GET /api/v1/actions',
    });
  }
  source.audit.write({ atMs: source.nowMs(), by, address, action: 'action.undo', subject: id, detail: '' });
  source.guardian.undo(id).catch(() => source.guardian.actions());
  return { id };
}

/** What stanch refuses is the answer, and no fault of the server. */
function asked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StanchError)) throw error;
    const isMissing = error.code === 'STANCH_E_NO_ACTION' || error.code === 'STANCH_E_NO_SUBJECT';
    throw new HttpProblem(isMissing ? 404 : 409, error.code, error);
  }
}

function actionPart({ id, atMs, by, plan, state, stepsDone, error, endedMs, proof }: Action): ActionsDocument['actions'][number] {
  return {
    id,
    time: timeOf(atMs),
    by,
    plan: planPart(plan),
    state,
    stepsDone,
    error,
    ended: endedMs === null ? null : timeOf(endedMs),
    proof:
      proof === null
        ? null
        : {
            helped: proof.helped,
            sentence: proof.sentence,
            beforeBytes: proof.beforeBytes,
            afterBytes: proof.afterBytes,
            boughtMs: proof.boughtMs,
            probes: proof.probes,
          },
  };
}

function planPart({ steps, ...plan }: ActionPlan): ActionsDocument['proposals'][number]['plan'] {
  return { ...plan, steps: steps.map(({ text }) => text) };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
