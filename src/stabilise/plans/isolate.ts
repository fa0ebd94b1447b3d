/** Taken out of its service and stopped in its tracks, with its memory as it is: for evidence, or to think. */
import { randomBytes } from 'node:crypto';
import type { PlannedStep } from '../../model/action.ts';
import { carriesStanch } from '../carriesStanch.ts';
import { notPossible, type Planner, planOf } from './plan.ts';

/** At the top, and so not inside of stanch.slice, whose memory is kept for stanch: a dash in the name would put it there. */
const slice = 'stanch_isolated.slice';
const most = 1000;

export const isolate: Planner = (target, { hasSystemd, hasCgroup2 }) => {
  const { unit, home, processes, subject, sharesUnitWith } = target;
  if (!hasSystemd)
    throw notPossible('systemd, to freeze it', 'none on this server', 'stanch do restart or stanch do kill work without it.');
  if (!hasCgroup2) throw notPossible('cgroup v2, to freeze it', 'cgroup v1', 'stanch do restart gives its memory back.');
  if (home === null) throw notPossible(`${subject.name} to be in one cgroup`, 'none, or several', 'Name one of its processes by its pid.');
  if (processes.length > most) throw notPossible(`at most ${most} processes to move`, String(processes.length), 'stanch do throttle NAME');
  if (carriesStanch(processes)) {
    throw notPossible('a workload that may stand still', 'one that the server or stanch itself runs by', 'Choose another.');
  }
  const scope = `stanch-isolated-${randomBytes(4).toString('hex')}.scope`;
  const alone = unit !== null && sharesUnitWith.length === 0 && home.path.endsWith(`/${unit}`);
  const move: PlannedStep = {
    step: { do: 'isolate', scope, slice, home, processes: processes.map(({ id }) => id), all: alone },
    text: `move ${alone ? 'all of' : `the ${processes.length} processes of`} ${alone ? unit : subject.name} into ${scope} in ${slice}, and freeze them there`,
  };
  return planOf(target, {
    kind: 'isolate',
    reason: `${subject.name} takes no more memory and no CPU until it is thawed: stanch undo.`,
    steps: alone ? whileFrozen(unit, move) : [move],
    risk: `It answers nobody while it is frozen, and ends without a word where its service is restarted meanwhile. Memory that it holds already stays counted where it was.`,
    undoable: true,
    expectedBytes: null,
  });
};

/** What is frozen starts nothing that would be left behind, and ends no pid that another process could get. */
function whileFrozen(unit: string, move: PlannedStep): PlannedStep[] {
  return [
    { step: { do: 'unit', verb: 'freeze', unit }, text: `freeze ${unit}, so that nothing of it is left behind` },
    move,
    { step: { do: 'unit', verb: 'thaw', unit }, text: `thaw ${unit}, which is empty now` },
  ];
}
