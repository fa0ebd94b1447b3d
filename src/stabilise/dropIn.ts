/** A drop-in for a unit, as a step: what it says, where, and what was there. Pure but for the look at what is there. */
import type { PlannedStep } from '../model/action.ts';
import { formatBytes } from '../model/units.ts';
import { isLiveLimit } from './liveLimits.ts';
import { contentOf } from './steps/writeFile.ts';

/** Drop-ins of the owner have lower numbers mostly, and the later one counts. */
const fileName = (purpose: string) => `90-stanch-${purpose}.conf`;

interface DropInOptions {
  unit: string;
  /** Of the unit, to see whether limits hold; null: they cannot be seen. */
  cgroup: string | null;
  purpose: string;
  settings: Readonly<Record<string, string>>;
  /** Gone with the next reboot. */
  runtime: boolean;
  etcRoot?: string;
  runRoot?: string;
}

function dropInPath({ unit, purpose, runtime, etcRoot = '/etc/systemd/system', runRoot = '/run/systemd/system' }: DropInOptions): string {
  return `${runtime ? runRoot : etcRoot}/${unit}.d/${fileName(purpose)}`;
}

/** Looked at before anything is written. */
export function checkUnitStep(unit: string): PlannedStep {
  return { step: { do: 'check-unit', unit }, text: `make sure that systemd knows ${unit} and that it is not masked` };
}

/** `limits` in bytes or tasks; none where it cannot be seen, or there is nothing to see. */
export function checkLimitsSteps(unit: string, cgroup: string | null, limits: Readonly<Record<string, string>>): PlannedStep[] {
  if (cgroup === null || Object.keys(limits).length === 0) return [];
  return [{ step: { do: 'check-limits', unit, cgroup, limits }, text: `see whether they hold, in ${cgroup}` }];
}

/** Of the limits the lowest that stalls or ends it: what it may hold at most when they are set. */
export function checkRoomSteps(unit: string, cgroup: string | null, limits: Readonly<Record<string, string>>): PlannedStep[] {
  const bytes = [limits['MemoryHigh'], limits['MemoryMax']].map(Number).filter((limit) => limit > 0);
  if (cgroup === null || bytes.length === 0) return [];
  const mostBytes = Math.min(...bytes);
  return [
    { step: { do: 'check-room', unit, cgroup, mostBytes }, text: `make sure that it holds less than ${formatBytes(mostBytes)} by then` },
  ];
}

export function dropInSteps(options: DropInOptions): PlannedStep[] {
  const { settings, unit, cgroup, runtime } = options;
  const path = dropInPath(options);
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const after = `# Written by stanch; taken back by: stanch undo\n[Service]\n${lines.join('\n')}\n`;
  const limits = Object.fromEntries(Object.entries(settings).filter(([name]) => isLiveLimit(name)));
  const until = runtime ? ' until the next reboot' : '';
  return [
    checkUnitStep(unit),
    ...checkRoomSteps(unit, cgroup, limits),
    { step: { do: 'write-file', path, before: contentOf(path), after }, text: `set ${lines.join(', ')} for ${unit}${until}, in ${path}` },
    { step: { do: 'reload-systemd' }, text: 'have systemd read its unit files anew: the limits hold at once, nothing is restarted' },
    ...checkLimitsSteps(unit, cgroup, limits),
  ];
}
