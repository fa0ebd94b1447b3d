/** What systemd does with a unit. Only freezing has a way back; what is thawed is left to run. */
import type { Step, UnitVerb } from '../../model/action.ts';
import { SystemdRefusal } from '../systemd/systemdBus.ts';
import type { StepContext, StepRunner } from './step.ts';

type Unit = Extract<Step, { do: 'unit' }>;

export const unit: StepRunner<Unit> = {
  run: (step, context) => act(step.verb, step.unit, context),
  async undo(step, context) {
    if (step.verb !== 'freeze') return;
    try {
      await act('thaw', step.unit, context);
    } catch (error) {
      // It was stopped meanwhile: nothing of it is frozen any more.
      if (!(error instanceof Error && error.cause instanceof SystemdRefusal && notRunning.includes(error.cause.errorName))) throw error;
    }
  },
};

const notRunning = ['org.freedesktop.systemd1.UnitInactive', 'org.freedesktop.systemd1.NoSuchUnit'];

export function hasWayBack(verb: UnitVerb): boolean {
  return verb === 'freeze' || verb === 'thaw';
}

async function act(verb: UnitVerb, name: string, { systemd }: StepContext): Promise<void> {
  const verbs: Record<UnitVerb, (unit: string) => Promise<void>> = {
    restart: (each) => systemd.restart(each),
    reload: (each) => systemd.reloadUnit(each),
    stop: (each) => systemd.stop(each),
    freeze: (each) => systemd.freeze(each),
    thaw: (each) => systemd.thaw(each),
  };
  await verbs[verb](name);
}
