/** Every kind of step and how it is done. */
import type { Step } from '../../model/action.ts';
import { awaitUnit } from './awaitUnit.ts';
import { checkLimits } from './checkLimits.ts';
import { checkRoom } from './checkRoom.ts';
import { checkUnit } from './checkUnit.ts';
import { container } from './container.ts';
import { end } from './end.ts';
import { isolate } from './isolate.ts';
import { reloadSystemd } from './reloadSystemd.ts';
import { signal } from './signal.ts';
import type { StepContext } from './step.ts';
import { supervisord } from './supervisord.ts';
import { hasWayBack, unit } from './unit.ts';
import { writeFile } from './writeFile.ts';
import { writeKernel } from './writeKernel.ts';

export async function runStep(step: Step, context: StepContext): Promise<void> {
  switch (step.do) {
    case 'write-file':
      return writeFile.run(step, context);
    case 'write-kernel':
      return writeKernel.run(step, context);
    case 'reload-systemd':
      return reloadSystemd.run(step, context);
    case 'unit':
      return unit.run(step, context);
    case 'check-unit':
      return checkUnit.run(step, context);
    case 'check-room':
      return checkRoom.run(step, context);
    case 'check-limits':
      return checkLimits.run(step, context);
    case 'await-unit':
      return awaitUnit.run(step, context);
    case 'isolate':
      return isolate.run(step, context);
    case 'signal':
      return signal.run(step, context);
    case 'end':
      return end.run(step, context);
    case 'supervisord':
      return supervisord.run(step, context);
    case 'container':
      return container.run(step, context);
  }
}

/** Nothing where there is no way back. */
export async function undoStep(step: Step, context: StepContext): Promise<void> {
  if (step.do === 'write-file') await writeFile.undo?.(step, context);
  if (step.do === 'write-kernel') await writeKernel.undo?.(step, context);
  if (step.do === 'reload-systemd') await reloadSystemd.undo?.(step, context);
  if (step.do === 'unit') await unit.undo?.(step, context);
  if (step.do === 'isolate') await isolate.undo?.(step, context);
}

/** What was done by it stays done. */
export function isFinal(step: Step): boolean {
  if (step.do === 'unit') return !hasWayBack(step.verb);
  return step.do === 'signal' || step.do === 'end' || step.do === 'supervisord' || step.do === 'container';
}
