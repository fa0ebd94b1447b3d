/** What did not help is not done again. Pure. */
import type { Action, ActionKind } from '../model/action.ts';
import { formatDuration } from '../model/units.ts';

/** An action that brought nothing is not repeated for so long by itself. */
const holdsMs = 6 * 3_600_000;
/** What helps, and is needed again and again, is a storm: then something else is needed. */
const stormMs = 3_600_000;
const stormCount = 3;

/** Why this is not to be done to that now; null: nothing speaks against it. */
export function whyNotAgain(actions: readonly Action[], kind: ActionKind, subjectId: string, nowMs: number): string | null {
  const same = actions.filter(({ plan, state }) => plan.kind === kind && plan.subjectId === subjectId && state !== 'undone');
  const last = same.at(-1);
  if (last === undefined) return null;
  const ago = nowMs - last.atMs;
  if (last.state === 'failed' && ago < holdsMs) return `it failed ${formatDuration(ago)} ago: ${last.error ?? ''}`;
  if (last.proof?.helped === false && ago < holdsMs) return `it did not help ${formatDuration(ago)} ago: ${last.proof.sentence}`;
  const lately = same.filter(({ atMs }) => nowMs - atMs < stormMs);
  if (lately.length < stormCount) return null;
  return `it was done ${lately.length} times within the last hour: it comes back too soon for this to be the cure. stanch advise`;
}
