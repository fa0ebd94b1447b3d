/** A recommendation that is a drop-in of a systemd unit: file, commands and what is set now. Pure. */
import type { AdvisedSetting, FileChange, InForce } from '../model/advice.ts';

export interface DropInAdvice {
  change: FileChange;
  line: string;
  place: string;
  inForce: InForce[];
  apply: string[];
  undo: string[];
}

export interface UnitTarget {
  unit: string;
  /** What stands in the drop-in of this purpose already; null: there is none. */
  existing: (path: string) => string | null;
}

/**
 * `restart`: `after`, where it is in force only in processes that start then; `before`, where what it holds now is more than it may have:
 * the limit would end it at once.
 */
export function dropInAdvice(
  { unit, existing }: UnitTarget,
  purpose: string,
  settings: readonly AdvisedSetting[],
  restart: 'none' | 'after' | 'before',
): DropInAdvice {
  const path = `/etc/systemd/system/${unit}.d/90-stanch-${purpose}.conf`;
  const line = settings.map(({ name, advised }) => `${name}=${advised}`).join('\n');
  const before = existing(path);
  const reload: InForce = { do: 'reload-systemd' };
  const anew: InForce = { do: 'unit', verb: 'restart', unit };
  const inForce = { none: [reload], after: [reload, anew], before: [anew, reload] }[restart];
  return {
    change: { path, before, after: `# Written by stanch; taken back by: stanch undo\n[Service]\n${line}\n` },
    line,
    place: path,
    inForce,
    apply: commandsOf(inForce),
    undo: [...(before === null ? [`rm ${path}`] : []), ...commandsOf(restart === 'after' ? inForce : [reload])],
  };
}

function commandsOf(steps: readonly InForce[]): string[] {
  return steps.map((step) => (step.do === 'unit' ? `systemctl ${step.verb} ${step.unit}` : 'systemctl daemon-reload'));
}
