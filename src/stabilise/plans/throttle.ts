/** It may go on, within limits: the leak is slowed down and, at the hard limit, ends itself instead of the server. */
import { formatBytes, formatDuration } from '../../model/units.ts';
import { dropInSteps } from '../dropIn.ts';
import { notPossible, type Planner, planOf, requireUnit } from './plan.ts';

/** Above what it holds now, so that it is not stalled at once; and the hard limit above that, for what it needs to end well. */
const highShare = 1.1;
const maxShare = 1.35;
const page = 1 << 20;

export const throttle: Planner = (target, options) => {
  const unit = requireUnit(target, options, 'limit its memory');
  if (!options.hasCgroup2) throw notPossible('cgroup v2, to slow a service down', 'cgroup v1', 'stanch do restart gives its memory back.');
  const heldBytes = Math.max(target.privateBytes, target.unitHeldBytes);
  const highBytes = options.highBytes ?? roundUp(heldBytes * highShare);
  const maxBytes = options.maxBytes ?? roundUp(Math.max(heldBytes * maxShare, highBytes * 1.2));
  if (maxBytes <= highBytes)
    throw notPossible(
      'the hard limit above the soft one',
      `${formatBytes(maxBytes)} and ${formatBytes(highBytes)}`,
      'stanch do throttle --high 500MiB --max 600MiB NAME',
    );
  if (highBytes < heldBytes) {
    throw notPossible(
      `a limit above the ${formatBytes(heldBytes)} that ${unit} holds`,
      formatBytes(highBytes),
      'Below it, it would stand still at once: restart it instead, or limit it after a restart.',
    );
  }
  const { bytesPerHour } = target;
  const lasts =
    bytesPerHour === null || bytesPerHour <= 0
      ? ''
      : `; at ${formatBytes(bytesPerHour)}/h that is reached in ${formatDuration(((highBytes - heldBytes) / bytesPerHour) * 3_600_000)}`;
  const others =
    target.sharesUnitWith.length === 0 ? '' : ` It holds for all of ${unit}, ${target.sharesUnitWith.slice(0, 3).join(', ')} as well.`;
  return planOf(target, {
    kind: 'throttle',
    reason: `From ${formatBytes(highBytes)} on it is slowed down, at ${formatBytes(maxBytes)} it is ended, and the rest of the server is spared${lasts}.`,
    steps: dropInSteps({
      unit,
      cgroup: target.unitCgroup,
      purpose: 'throttle',
      settings: { MemoryHigh: String(highBytes), MemoryMax: String(maxBytes), MemorySwapMax: '0' },
      runtime: true,
    }),
    risk: `A service at its soft limit hardly answers any more: this holds the server up, not the service.${others}`,
    undoable: true,
    expectedBytes: null,
  });
};

function roundUp(bytes: number): number {
  return Math.ceil(bytes / page) * page;
}
