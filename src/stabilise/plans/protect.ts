/** The kernel is told to take others first: what the owner or its role says is vital. */
import type { PlannedStep } from '../../model/action.ts';
import { dropInSteps } from '../dropIn.ts';
import { type Planner, planOf } from './plan.ts';

/** As sshd sets it for itself is -1000, never; a database may be the one that leaks, so it stays in the list, at its end. */
const score = -600;

export const protect: Planner = (target, { hasSystemd }) => {
  const live = target.processes
    .filter(({ oomScoreAdj }) => oomScoreAdj !== null && oomScoreAdj > score)
    .map(
      ({ id, oomScoreAdj, command }): PlannedStep => ({
        step: { do: 'write-kernel', path: `/proc/${id.pid}/oom_score_adj`, before: String(oomScoreAdj), after: String(score), process: id },
        text: `OOM score of process ${id.pid} (${command}) from ${oomScoreAdj} to ${score}`,
      }),
    );
  const alone = target.unit !== null && target.sharesUnitWith.length === 0;
  const lasting =
    hasSystemd && alone && target.unit !== null
      ? dropInSteps({ unit: target.unit, cgroup: null, purpose: 'protect', settings: { OOMScoreAdjust: String(score) }, runtime: false })
      : [];
  return planOf(target, {
    kind: 'protect',
    reason: `When memory ends, the kernel ends others before ${target.subject.name}.`,
    steps: [...lasting, ...live],
    risk: lasting.length > 0 ? null : 'It lasts until its processes start anew: there is no service of its own to write it down for.',
    undoable: true,
    expectedBytes: null,
  });
};
