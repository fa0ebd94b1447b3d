/** Limits that stay, after a restart and a reboot: what `stanch advise` works out, or what is named. */
import { formatBytes } from '../../model/units.ts';
import { dropInSteps } from '../dropIn.ts';
import { notPossible, type Planner, planOf, requireUnit } from './plan.ts';

export const limit: Planner = (target, options) => {
  const unit = requireUnit(target, options, 'limit its memory');
  if (!options.hasCgroup2) throw notPossible('cgroup v2, to limit a service', 'cgroup v1', 'stanch do restart gives its memory back.');
  const { highBytes, maxBytes } = options;
  const heldBytes = Math.max(target.privateBytes, target.unitHeldBytes);
  if (maxBytes === null)
    throw notPossible('a limit', 'none', 'stanch do limit --max 800MiB [--high 700MiB] NAME; stanch advise NAME works one out.');
  const lowest = Math.min(maxBytes, highBytes ?? maxBytes);
  if (lowest < heldBytes) {
    throw notPossible(
      `limits above the ${formatBytes(heldBytes)} that ${unit} holds`,
      formatBytes(lowest),
      'The kernel would stall or end it at once: restart it first.',
    );
  }
  const settings: Record<string, string> = highBytes === null ? {} : { MemoryHigh: String(highBytes) };
  return planOf(target, {
    kind: 'limit',
    reason: `${unit} may take ${formatBytes(maxBytes)}; beyond that it is ended, and not its neighbours.`,
    steps: dropInSteps({
      unit,
      cgroup: target.unitCgroup,
      purpose: 'limit',
      settings: { ...settings, MemoryMax: String(maxBytes) },
      runtime: false,
    }),
    risk: 'A limit that is too low ends a healthy service when it is busiest.',
    undoable: true,
    expectedBytes: null,
  });
};
