import type { Step } from '../../model/action.ts';
import type { StepRunner } from './step.ts';

/** Undone by the same: the files it reads have been put back before. */
export const reloadSystemd: StepRunner<Extract<Step, { do: 'reload-systemd' }>> = {
  run: (_step, { systemd }) => systemd.reload(),
  undo: (_step, { systemd }) => systemd.reload(),
};
