/** A recommendation as an action: carried out, written down and taken back like every other. Pure. */
import type { ActionPlan, PlannedStep } from '../model/action.ts';
import type { Advice, AdvisedSetting, InForce, Recommendation } from '../model/advice.ts';
import { checkLimitsSteps, checkRoomSteps, checkUnitStep } from '../stabilise/dropIn.ts';
import { isLiveLimit } from '../stabilise/liveLimits.ts';
import { unitBytes } from './unitFiles.ts';

/** systemd gives a service 90 s to stop and as much to start, unless it is told otherwise. */
const upWithinMs = 200_000;

/** null: there is no file that stanch could write; the line is for a person. `cgroup` of its unit, to see whether limits hold; null: unseen. */
export function actionPlan({ subjectId, subjectName }: Advice, recommendation: Recommendation, cgroup: string | null): ActionPlan | null {
  const { change, inForce, title, reason, risk, settings } = recommendation;
  if (change === null) return null;
  const what = settings.map(({ name, advised }) => `${name} ${advised}`).join(', ');
  const unit = /^\/etc\/systemd\/system\/([^/]+)\.d\/[^/]+$/.exec(change.path)?.[1] ?? null;
  const known: PlannedStep[] = unit === null ? [] : [checkUnitStep(unit)];
  const write: PlannedStep = { step: { do: 'write-file', ...change }, text: `set ${what} in ${change.path}` };
  const limits = limitsOf(settings);
  const room = unit === null ? [] : checkRoomSteps(unit, cgroup, limits);
  const restarts = inForce.some(isRestart);
  const [firstInForce] = inForce;
  const restartsFirst = firstInForce !== undefined && isRestart(firstInForce);
  return {
    kind: 'limit',
    subjectId,
    subjectName,
    reason: `${title}. ${reason}`,
    steps: [
      ...known,
      ...(restartsFirst ? [] : room),
      write,
      ...inForce.flatMap((step) => [...stepsOf(step), ...(restartsFirst && isRestart(step) ? room : [])]),
      ...(unit === null ? [] : checkLimitsSteps(unit, cgroup, limits)),
    ],
    risk:
      [risk, restarts ? 'It is restarted: connections and requests that it has end.' : null].filter((each) => each !== null).join(' ') ||
      null,
    undoable: true,
    expectedBytes: null,
  };
}

function isRestart(step: InForce): step is Extract<InForce, { do: 'unit' }> {
  return step.do === 'unit' && step.verb === 'restart';
}

/** What comes after a restart must not meet the processes from before it. */
function stepsOf(step: InForce): PlannedStep[] {
  const planned: PlannedStep = { step, text: textOf(step) };
  if (!isRestart(step)) return [planned];
  const wait: PlannedStep = {
    step: { do: 'await-unit', unit: step.unit, withinMs: upWithinMs },
    text: `wait until ${step.unit} is up again`,
  };
  return [planned, wait];
}

function limitsOf(settings: readonly AdvisedSetting[]): Record<string, string> {
  return Object.fromEntries(
    settings.filter(({ name }) => isLiveLimit(name)).map(({ name, advised }) => [name, String(unitBytes(advised, null) ?? advised)]),
  );
}

function textOf(step: InForce): string {
  return step.do === 'unit' ? `${step.verb} ${step.unit}` : 'have systemd read its unit files anew';
}
