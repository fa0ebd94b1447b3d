/** A recommendation as an action: carried out, written down and taken back like every other. Pure. */
import type { ActionPlan, PlannedStep } from '../model/action.ts';
import type { Advice, InForce, Recommendation } from '../model/advice.ts';

/** null: there is no file that stanch could write; the line is for a person. */
export function actionPlan({ subjectId, subjectName }: Advice, recommendation: Recommendation): ActionPlan | null {
  const { change, inForce, title, reason, risk, settings } = recommendation;
  if (change === null) return null;
  const what = settings.map(({ name, advised }) => `${name} ${advised}`).join(', ');
  const write: PlannedStep = { step: { do: 'write-file', ...change }, text: `set ${what} in ${change.path}` };
  const restarts = inForce.some((step) => step.do === 'unit' && step.verb === 'restart');
  return {
    kind: 'limit',
    subjectId,
    subjectName,
    reason: `${title}. ${reason}`,
    steps: [write, ...inForce.map((step) => ({ step, text: textOf(step) }))],
    risk:
      [risk, restarts ? 'It is restarted: connections and requests that it has end.' : null].filter((each) => each !== null).join(' ') ||
      null,
    undoable: true,
    expectedBytes: null,
  };
}

function textOf(step: InForce): string {
  return step.do === 'unit' ? `${step.verb} ${step.unit}` : 'have systemd read its unit files anew';
}
