/** Acting from the live view: on whom, what, the plan, and how it went. Pure; whoever draws it asks the daemon. */
import type { ActionKind } from '../model/action.ts';
import type { ActionsDocument } from '../serve/schema.ts';
import type { Colour } from './paint.ts';

export type Proposal = ActionsDocument['proposals'][number];
type DoneAction = ActionsDocument['actions'][number];

/** `planning` and `agreeing` are questions to the daemon that are under way. */
export type TopAction =
  | { step: 'choosing'; subjectId: string; name: string }
  | { step: 'planning'; subjectId: string; name: string; kind: ActionKind }
  | { step: 'planned'; proposal: Proposal }
  | { step: 'agreeing'; proposal: Proposal }
  | { step: 'running'; id: string; proposal: Proposal }
  | { step: 'ended'; done: DoneAction }
  | { step: 'refused'; text: string };

const kindKeys: Record<string, ActionKind> = {
  r: 'restart',
  c: 'recycle',
  t: 'throttle',
  l: 'limit',
  i: 'isolate',
  p: 'protect',
  k: 'kill',
};

/** Null: back to the list. What is under way goes on all the same. */
export function pressAction(action: TopAction, key: string): TopAction | null {
  if (action.step === 'choosing') {
    const kind = Object.hasOwn(kindKeys, key) ? kindKeys[key] : undefined;
    return kind === undefined ? null : { step: 'planning', subjectId: action.subjectId, name: action.name, kind };
  }
  return action.step === 'planned' && key === 'y' ? { step: 'agreeing', proposal: action.proposal } : null;
}

/** A line, not cut to any width, and its colour. */
type Line = readonly [text: string, colour?: Colour];

export function actionLines(action: TopAction): Line[] {
  switch (action.step) {
    case 'choosing': {
      const keys = Object.entries(kindKeys).map(([key, kind]) => `${key} ${kind}`);
      return [[`act on ${action.name}`, 'bold'], [keys.join('   ')], ['The plan is shown first. Any other key: nothing.', 'dim']];
    }
    case 'planning':
      return [[`planning to ${action.kind} ${action.name} …`]];
    case 'planned':
      return [...planLines(action.proposal), ['y does it.  Any other key: nothing.', 'bold']];
    case 'agreeing':
    case 'running':
      return [...planLines(action.proposal), ['under way … any key: back to the list, it goes on', 'yellow']];
    case 'ended':
      return endLines(action.done);
    case 'refused':
      return [
        [action.text, 'red'],
        ['Any key: back to the list.', 'dim'],
      ];
  }
}

function planLines({ plan: { kind, subjectName, reason, steps, risk, undoable } }: Proposal): Line[] {
  return [
    [`${kind} ${subjectName}: ${reason}`, 'bold'],
    ...steps.map((text, index): Line => [`${index + 1}. ${text}`]),
    ...(risk === null ? [] : [[`risk: ${risk}`, 'yellow'] as const]),
    [undoable ? 'It can be taken back.' : 'It can’t be taken back.'],
  ];
}

function endLines({ id, plan, state, error, proof }: DoneAction): Line[] {
  return [
    [`${state}: ${plan.kind} ${plan.subjectName}`, state === 'done' ? 'green' : 'red'],
    ...(error === null ? [] : [[error] as const]),
    ...(proof === null || plan.expectedBytes === null
      ? []
      : [[`${proof.helped ? 'it helped: ' : 'it did not help: '}${proof.sentence}`] as const]),
    ...(state === 'done' && plan.undoable ? [[`take it back: stanch undo ${id}`] as const] : []),
    ['Any key: back to the list.', 'dim'],
  ];
}
