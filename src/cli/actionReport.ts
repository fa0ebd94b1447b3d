/** Plans and actions for a person at a terminal. Pure. */
import type { Action, ActionPlan } from '../model/action.ts';
import { formatTime } from '../model/units.ts';
import type { Colour, Paint } from './paint.ts';
import { printable } from './printable.ts';

export function planReport({ kind, subjectName, reason, steps, risk, undoable }: ActionPlan, paint: Paint): string {
  const lines = [
    `${paint('bold', `${kind} ${printable(subjectName)}`)}`,
    `  ${printable(reason)}`,
    '',
    ...steps.map(({ text }, index) => `  ${index + 1}. ${printable(text)}`),
    '',
    ...(risk === null ? [] : [`  ${paint('yellow', 'risk')}  ${printable(risk)}`]),
    `  ${undoable ? 'undo  all of it: stanch undo' : 'undo  there is none'}`,
  ];
  return `${lines.join('\n')}\n`;
}

const colours: Record<Action['state'], Colour> = { running: 'yellow', done: 'green', failed: 'red', undone: 'yellow', interrupted: 'red' };

export function actionReport({ id, atMs, by, plan, state, error, proof }: Action, paint: Paint): string {
  const lines = [
    `${paint(colours[state], state)}  ${id}  ${formatTime(atMs)}  ${plan.kind} ${printable(plan.subjectName)}, by ${printable(by)}`,
  ];
  if (error !== null) lines.push(`  ${printable(error)}`);
  if (proof !== null && plan.expectedBytes !== null) {
    lines.push(`  ${proof.helped ? 'it helped:' : paint('red', 'it did not help:')} ${printable(proof.sentence)}`);
  }
  if (state === 'done' && plan.undoable) lines.push(`  take it back: stanch undo ${id}`);
  return lines.join('\n');
}
